"""① The door's work: what came in becomes an accepted order, or a clear refusal."""
