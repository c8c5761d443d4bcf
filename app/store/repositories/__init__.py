"""Every query lives here; rows go no further than the stages, and never leave as JSON."""
