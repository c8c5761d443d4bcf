"""Keeps a process that runs for weeks small, and its start short."""

import ctypes
import gc
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


def load_uncollected() -> None:
    """Let the garbage collector rest while a program is loaded: nothing of it is garbage, and to look takes a fifth."""
    gc.disable()


def collect_from_now() -> None:
    """Let it look again, but never at what has been loaded; nothing happens where it does not rest."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
