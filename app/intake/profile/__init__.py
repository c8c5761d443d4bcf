"""Profiles of the drop-in door: a foreign payload in, a canonical order out, the answer in the main system's shape."""
