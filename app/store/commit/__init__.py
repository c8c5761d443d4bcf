"""How an order reaches the disk: many in one transaction, written by one thread, answered only then."""
