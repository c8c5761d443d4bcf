"""What operators' programs ask: health, metrics, and the documentation of the interface."""
