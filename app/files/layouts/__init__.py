"""Layouts: what the files of each importing program look like, as data that a merchant may add to."""
