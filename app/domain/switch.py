"""What can be switched to us: a storefront or a path under a name that can be no path of a file."""

import re

EVERYTHING = "all"
"""Stands in for every storefront: the main system is known not to take orders."""

WORDS = frozenset({"list"})
"""Words of the command itself."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,47}")


def is_switchable(name: str) -> bool:
    """Tell whether a name can be switched: letters, digits, ``_`` and ``-``; it becomes the name of a file."""
    return _NAME.fullmatch(name) is not None and name not in WORDS
