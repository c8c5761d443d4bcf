"""Holds three witnesses against each other: us, the main system's own list, and the payment statement."""
