"""⑥ The proof: where every accepted order is, and how it got there."""
