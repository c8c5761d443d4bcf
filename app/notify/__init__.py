"""③ Telling people: messages are composed from rows that have none, and dispatched until somebody has them."""
