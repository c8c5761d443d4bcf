"""The way an order comes in: taken off the wire, read within limits, answered once it is on disk."""
