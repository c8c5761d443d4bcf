"""④ Puts waiting orders into files for the main system: each order into exactly one, and no file ever changes."""
