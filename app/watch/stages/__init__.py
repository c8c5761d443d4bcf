"""The stages of an order's way: what the main system tells of it, taken in and turned into where each order is."""
