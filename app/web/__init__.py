"""HTTP: the door, the downloads, the console. Knows requests and answers, and no SQL."""
