"""Keeps what was seen of orders in a file without a name: memory stays the same, however many orders there are."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Self

from app.store.nameless_file import disk_errors, open_nameless

CACHE_KB = 4000
_TABLE = (
    "CREATE TABLE seen (mark BLOB, at INTEGER, number TEXT, alike TEXT, PRIMARY KEY (mark, at, number)) WITHOUT ROWID"
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
        self._database = open_nameless(folder, prefix, ".seen", (_TABLE,), cache_kb=CACHE_KB)

    def add(self, sightings: Iterable[Sighting]) -> int:
        """Remember orders; return how many were not known yet."""
        with disk_errors("look-alikes"):
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
        with disk_errors("look-alikes"):
            found = self._database.execute(query, (mark, _micros(since), _micros(until), but, but)).fetchone()
        return None if found is None else str(found[0])

    def forget_before(self, at: datetime) -> None:
        """Forget what is older."""
        with disk_errors("look-alikes"):
            self._database.execute("DELETE FROM seen WHERE at < ?", (_micros(at),))

    def __len__(self) -> int:
        with disk_errors("look-alikes"):
            return int(self._database.execute("SELECT COUNT(*) FROM seen").fetchone()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICRO
