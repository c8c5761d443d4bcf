"""③ Telling people: messages are composed for orders, batches and alerts that have none, then sent until delivered."""
