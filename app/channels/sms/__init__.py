"""Text messages to customers: a provider a file, imported only where it is chosen."""
