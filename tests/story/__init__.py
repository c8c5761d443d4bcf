"""The whole way of an order, told in one test against real processes."""
