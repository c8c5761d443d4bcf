"""A day of a shop and its watch: what is true of its orders, what was to ring by that, and where it is played."""
