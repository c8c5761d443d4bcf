"""Where lifecycle events are fetched: the ERPs and carriers that a merchant has, each described by a file."""
