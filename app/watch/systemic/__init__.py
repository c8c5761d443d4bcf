"""Is it systemic? Whether stuck orders have one thing in common, and what happened around the moment it began."""
