"""The flow map: each stage with its owner, its limit and what is done when it goes wrong; rules use the same limits."""
