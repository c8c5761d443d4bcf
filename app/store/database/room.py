"""Tells how much room the disk under a SQLite database has left."""

import errno
import shutil
from pathlib import Path

from sqlalchemy import Engine

PAGE_BYTES = 4096
"""Of a page of the database; our files have SQLite's default."""

TO_RETURN = 512 * 1024
"""Free bytes with which a database that was away takes orders again: some dozen commits."""


class DiskFull(OSError):
    """A small commit may still succeed, and the next ones would not."""

    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, "no room for more than a few commits")


def free_bytes(engine: Engine) -> int:
    """Return how many bytes are free where the database lies.

    Raises:
        OSError: the disk cannot be asked.
    """
    return shutil.disk_usage(Path(str(engine.url.database)).parent).free
