"""Mistakes planted on purpose, each of which a named test must catch: ``python -m tests.failure.mutants``."""
