"""How we call out: one client for all, a call as a value, and the pace of an account."""
