"""Opens a database in a file without a name: memory stays the same, however much is laid down, and all goes with us."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from pysqlite3 import dbapi2 as sqlite


def open_nameless(folder: Path, prefix: str, suffix: str, set_up: Iterable[str], *, cache_kb: int) -> Any:  # noqa: ANN401 - the driver has no types
    """Open a file in ``folder`` that only we may read, and take its name away at once.

    Nothing in it outlives the process: no journal, no flush, and one transaction that never ends. A process that dies
    in between leaves an empty file behind whose name begins with ``prefix``.

    Raises:
        OSError: the disk refuses.
    """
    handle, path = mkstemp(dir=folder, prefix=prefix, suffix=suffix)
    os.close(handle)
    where = f"{Path(path).as_uri()}?vfs=unix-none"  # nobody else knows it, and a share may know no locks
    pragmas = ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", f"cache_size=-{cache_kb}")
    with disk_errors(prefix):
        try:
            database = sqlite.connect(where, uri=True, isolation_level=None, check_same_thread=False)
        finally:
            Path(path).unlink()
        for statement in (*(f"PRAGMA {pragma}" for pragma in pragmas), *set_up, "BEGIN"):
            database.execute(statement)
    return database


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Tell of what the disk refuses as an OSError of ``what``."""
    try:
        yield
    except sqlite.Error as error:
        raise OSError(f"{what}: {error}") from error
