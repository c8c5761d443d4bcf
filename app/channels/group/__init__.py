"""Ways out to a group chat: one kind of robot a file."""
