"""The process that composes and sends messages, makes batches, and looks after what was left lying."""
