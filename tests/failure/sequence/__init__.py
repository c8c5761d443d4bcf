"""A state machine over everything that can happen to an order, beside a model that only knows what was said and done."""
