"""Asks all the time, from outside, whether every order is in one place and every file is as it was first seen."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from pysqlite3 import dbapi2 as sqlite

from tests.harness.evidence import Asks

_NOW = """
    SELECT (SELECT COALESCE(SUM(accepted), 0) FROM tally),
           (SELECT COUNT(*) FROM orders),
           (SELECT COUNT(*) FROM orders WHERE batch_id IS NULL AND state = 'accepted'),
           (SELECT COUNT(*) FROM orders WHERE batch_id IS NOT NULL),
           (SELECT COUNT(*) FROM orders WHERE batch_id IS NULL AND state <> 'accepted'),
           (SELECT COUNT(*) FROM batch_order WHERE left_at IS NULL),
           (SELECT COUNT(DISTINCT order_id) FROM batch_order WHERE left_at IS NULL)
"""
"""One statement, so that both engines answer it of one instant."""


@dataclass
class Instants:
    """What was seen so far; ``troubles`` are sentences, each told once."""

    source: Asks
    exports: Path
    looks: int = 0
    troubles: list[str] = field(default_factory=list)
    first_seen: dict[Path, str] = field(default_factory=dict)
    _published: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Look once."""
        ((accepted, rows, waiting, batched, elsewhere, live, distinct),) = self.source.rows(_NOW)
        if not (accepted == rows == waiting + batched + elsewhere and batched == live == distinct):
            self.troubles.append(
                f"{accepted} accepted, {rows} rows: {waiting} wait, {batched} batched ({live} memberships of {distinct}), {elsewhere} elsewhere"
            )
        published = self.source.rows("SELECT name, sha256 FROM batch WHERE state = 'published'")
        for name, sha256 in published:
            if name not in self._published:
                self._published.add(name)
                found = {path: _sha256(path) for path in self.exports.glob(f"*/{name}.csv")}
                if list(found.values()) != [sha256]:
                    self.troubles.append(f"{name} is published as {sha256}, its files are {found}")
        for path in self.exports.glob("*/*"):
            if path not in self.first_seen and path.is_file() and not path.name.startswith("."):
                self.first_seen[path] = _sha256(path)
        self.looks += 1

    def compare(self) -> list[str]:
        """Return what was wrong at any instant, and every file that is not what it was at first sight."""
        self.look()
        changed = [path.name for path, sha256 in self.first_seen.items() if _sha256(path) != sha256]
        return [*self.troubles[:5], *(f"{name} has changed since it was first seen" for name in changed)]


@contextmanager
def at_any_instant(source: Asks, exports: Path, *, every: float = 0.02) -> Iterator[Instants]:
    """Look again and again while the block runs."""
    seen, stop = Instants(source, exports), threading.Event()

    def keep_looking() -> None:
        while not stop.wait(every):
            with suppress(sqlite.OperationalError, psycopg.OperationalError):  # away for a moment, as intended
                seen.look()

    thread = threading.Thread(target=keep_looking, name="instants")
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def _sha256(path: Path) -> str:
    with suppress(FileNotFoundError):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return "missing"
