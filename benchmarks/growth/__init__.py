"""``make growth``: what Lifeboat costs with ten million stored orders, held against what it costs with ten thousand."""
