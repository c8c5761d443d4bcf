"""How each vendor's API is called and what its codes mean: for the way home, and for the watch that reads it."""
