"""Spool records that wait for a person: shown, tried again, or given up, which keeps them too, under another name."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from app.store.database.sqlite import DURABLE
from app.store.spool.file import Spool, digest_of, looking_at, record_of, spool_files
from app.store.spool.recovery import QuarantinedRow

DAMAGED = "damaged"
"""The reason under which a record stands whose digest does not fit: it is evidence, and no order to be believed."""

_SHOWN = ("client_id", "client_order_id", "idempotency_key", "total_fen", "priority", "drill")
_GIVEN_UP = """
CREATE TABLE IF NOT EXISTS given_up (
  id INTEGER PRIMARY KEY, number TEXT NOT NULL, received_at TEXT NOT NULL, record BLOB NOT NULL, reason TEXT NOT NULL,
  set_aside_at TEXT NOT NULL, given_up_at TEXT NOT NULL, given_up_by TEXT NOT NULL, why TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """One row of a spool file's ``set_aside``."""

    file: Path
    id: int
    number: str
    received_at: str
    record: bytes
    reason: str
    set_aside_at: str

    @property
    def since(self) -> datetime | None:
        """When it was set aside; None where that cannot be read."""
        try:
            return datetime.fromisoformat(self.set_aside_at)
        except ValueError:
            return None

    def legible(self) -> dict[str, object]:
        """Return what the record says about its order beside personal data, as far as it can be read."""
        try:
            fields = json.loads(self.record)
        except ValueError:
            return {}
        return {name: fields.get(name) for name in _SHOWN} if isinstance(fields, dict) else {}


def quarantined_records(folder: Path) -> list[QuarantinedRecord]:
    """Return what is set aside in every spool file of this machine, oldest first."""
    found = []
    for path in spool_files(folder):
        with suppress(sqlite.DatabaseError), closing(looking_at(path)) as connection:  # damaged: its owner will say so
            rows = connection.execute(
                "SELECT id, number, received_at, record, reason, set_aside_at FROM set_aside ORDER BY id"
            )
            found += [QuarantinedRecord(path, *row) for row in rows]
    return found


def copy_to(rows: Iterable[QuarantinedRow], spool: Spool) -> int:
    """Keep rows of a damaged file in another one, unless they are there already; return how many came."""
    spool.open()
    with _opened(spool.path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        came: int = sum(
            connection.execute(
                "INSERT INTO set_aside (number, received_at, record, reason, set_aside_at) SELECT ?1, ?2, ?3, ?4, ?5 "
                "WHERE NOT EXISTS (SELECT 1 FROM set_aside WHERE number = ?1 AND record = ?3)",
                row,
            ).rowcount
            for row in rows
        )
        connection.execute("COMMIT")
    return came


def retry(one: QuarantinedRecord) -> bool:
    """Let a record wait for the store once more; False if it was never whole, or its number waits already."""
    digest = digest_of(one.record, one.received_at)
    if one.reason == DAMAGED or record_of((0, one.number, one.received_at, one.record, digest)).order is None:
        return False
    with _opened(one.file) as connection:
        connection.execute("BEGIN IMMEDIATE")
        insert = "INSERT INTO spooled (number, received_at, record, digest) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        put: bool = connection.execute(insert, (one.number, one.received_at, one.record, digest)).rowcount == 1
        if put:
            connection.execute("DELETE FROM set_aside WHERE id = ? AND number = ?", (one.id, one.number))
        connection.execute("COMMIT")
    return put


def give_up(one: QuarantinedRecord, *, by: str, why: str, now: datetime) -> bool:
    """Close a record for good; False if somebody else was first. Its bytes stay in the file, in ``given_up``."""
    with _opened(one.file) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_GIVEN_UP)  # made here and not at every start: on a full disk a start must not need room
        moved: int = connection.execute(
            "INSERT INTO given_up (number, received_at, record, reason, set_aside_at, given_up_at, given_up_by, why) "
            "SELECT number, received_at, record, reason, set_aside_at, ?, ?, ? FROM set_aside "
            "WHERE id = ? AND number = ?",
            (now.isoformat(), by, why, one.id, one.number),
        ).rowcount
        connection.execute("DELETE FROM set_aside WHERE id = ? AND number = ?", (one.id, one.number))
        connection.execute("COMMIT")
    return moved == 1


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with closing(sqlite.connect(str(path), isolation_level=None, timeout=5.0)) as connection:
        connection.text_factory = lambda text: text.decode(errors="replace")
        for pragma in DURABLE:
            connection.execute(f"PRAGMA {pragma}")
        yield connection
