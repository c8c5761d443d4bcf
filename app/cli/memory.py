"""Keeps a process that runs for weeks small."""

import ctypes
from contextlib import suppress

ARENAS = 2
_M_ARENA_MAX = -8
"""Its name in glibc's ``mallopt(3)``."""


def share_arenas() -> None:
    """Let all threads allocate from two pools of memory.

    glibc gives each of some ten threads one of its own, and what is free in one serves no other: a worker was twice as
    large for it. Elsewhere than on glibc nothing happens.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
