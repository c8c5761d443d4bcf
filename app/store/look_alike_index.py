"""Keeps what was seen of orders in a file without a name: memory stays the same, however many orders there are."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkstemp
from typing import NamedTuple, Self

from pysqlite3 import dbapi2 as sqlite

CACHE_KB = 4000
_SET_UP = (
    # Nothing here outlives the process: no journal, no flush, and one transaction that never ends.
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA locking_mode=EXCLUSIVE",
    f"PRAGMA cache_size=-{CACHE_KB}",
    "CREATE TABLE seen (mark BLOB, at INTEGER, number TEXT, alike TEXT, PRIMARY KEY (mark, at, number)) WITHOUT ROWID",
    "BEGIN",
)


class Sighting(NamedTuple):
    """An order that was seen; ``looks_like`` is the number of the order that it was held or closed for."""

    mark: bytes
    at: datetime
    number: str
    looks_like: str = ""


_EPOCH, _MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class LookAlikeIndex:
    """A set of sightings, gone with the process. Every method raises OSError where the disk refuses."""

    def __init__(self, folder: Path, prefix: str) -> None:
        """Open a file in ``folder`` that only we may read, and take its name away at once.

        A process that dies in between leaves an empty file behind whose name begins with ``prefix``.
        """
        handle, path = mkstemp(dir=folder, prefix=prefix, suffix=".seen")
        os.close(handle)
        where = f"{Path(path).as_uri()}?vfs=unix-none"  # nobody else knows it, and a share may know no locks
        with _disk_errors():
            try:
                self._database = sqlite.connect(where, uri=True, isolation_level=None, check_same_thread=False)
            finally:
                Path(path).unlink()
            for statement in _SET_UP:
                self._database.execute(statement)

    def add(self, sightings: Iterable[Sighting]) -> int:
        """Remember orders; return how many were not known yet."""
        with _disk_errors():
            rows = ((one.mark, _micros(one.at), one.number, one.looks_like) for one in sightings)
            cursor = self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", rows)
        return max(0, int(cursor.rowcount))

    def first(self, mark: bytes, *, since: datetime, until: datetime, but: str) -> str | None:
        """Return the number of the first order with this mark in [since, until], other than ``but``.

        Those that were held or closed for looking like ``but`` are passed over: it is the one that came first.
        """
        query = (
            "SELECT number FROM seen WHERE mark = ? AND at BETWEEN ? AND ? AND number <> ? AND alike <> ? "
            "ORDER BY at LIMIT 1"
        )
        with _disk_errors():
            found = self._database.execute(query, (mark, _micros(since), _micros(until), but, but)).fetchone()
        return None if found is None else str(found[0])

    def forget_before(self, at: datetime) -> None:
        """Forget what is older."""
        with _disk_errors():
            self._database.execute("DELETE FROM seen WHERE at < ?", (_micros(at),))

    def __len__(self) -> int:
        with _disk_errors():
            return int(self._database.execute("SELECT COUNT(*) FROM seen").fetchone()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICRO


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except sqlite.Error as error:
        raise OSError(f"look-alikes: {error}") from error
