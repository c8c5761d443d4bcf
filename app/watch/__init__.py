"""The watch: what is wrong, found by one rule each, and told by alerts that begin once and end once."""
