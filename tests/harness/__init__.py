"""A shop, its own record of what it sent and heard, and a checker that trusts nothing but what is on disk."""
