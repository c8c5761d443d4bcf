"""What orders are stuck on, whose that is, and what is said to those who wait: a table, and a look by it."""
