"""What one does with a single order: tell its story, and decide about it as a person."""
