"""Sends what is owed: claims a message, sends it outside the transaction, records how it ended."""
