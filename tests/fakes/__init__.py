"""Servers that behave as facts/ says, for tests and for ``python -m tests.fakes``."""
