"""The local spool: where accepted orders wait, on disk, while the store is away.

A SQLite file of its own with the durability of the store. A record leaves it only after the store has committed the
order, and both steps may be repeated at will: numbers are derived, so a second drain finds the order in place.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pysqlite3 import dbapi2 as sqlite

from app.domain.passed_on import PassedOn, SentBefore, graver
from app.store.commit.order_writer import NewOrder, Stored
from app.store.database.sqlite import DURABLE, SETTLE, require_safe_sqlite

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spooled (
  id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, received_at TEXT NOT NULL,
  record BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS set_aside (
  id INTEGER PRIMARY KEY, number TEXT NOT NULL, received_at TEXT NOT NULL,
  record BLOB NOT NULL, reason TEXT NOT NULL, set_aside_at TEXT NOT NULL
) STRICT;
"""
_BYTES = frozenset({"fingerprint", "look_alike", "phone_index", "sealed", "sealed_payload"})


class SpoolFull(Exception):
    """The spool's limit, or the disk, leaves no room for another order."""


class SpoolDamaged(Exception):
    """The file is no intact database; it has been set aside under another name."""


@dataclass(frozen=True, slots=True)
class Record:
    """One order in the spool; ``order`` is None where its digest no longer fits, or its shape is not ours."""

    id: int
    number: str
    received_at: datetime
    order: NewOrder | None


class Spool:
    """One spool file. Not for two threads at once."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        require_safe_sqlite()
        self.path = path
        self._max_bytes = max_bytes
        self._connection: Any = None
        self._file = 0

    def open(self) -> None:
        """Open the file, making it if it is missing.

        Raises:
            SpoolDamaged: it was damaged; it now stands beside its place, and the next call makes a new one.
        """
        if self._connection is not None:
            if self._inode() == self._file:
                return
            self.close()  # somebody has set the damaged file aside: what went into it now would never be drained
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.touch(mode=0o600)
        connection = sqlite.connect(str(self.path), isolation_level=None, check_same_thread=False, timeout=1.0)
        connection.text_factory = _legible
        try:
            for pragma in DURABLE:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(SETTLE)  # as in the store: what is found in the log may never have reached the disk
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite.DatabaseError("quick_check")  # noqa: TRY301 - damage found is damage met
            connection.executescript(_SCHEMA)
            page = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={max(self._max_bytes // page, 16)}")
        except sqlite.OperationalError:
            connection.close()
            raise
        except sqlite.DatabaseError as error:
            connection.close()
            raise SpoolDamaged(str(self.set_damaged_file_aside())) from error
        self._connection, self._file = connection, self._inode()

    def _inode(self) -> int:
        try:
            return self.path.stat().st_ino
        except FileNotFoundError:
            return -1

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def write(self, batch: Sequence[NewOrder], moments: Sequence[datetime]) -> list[Stored]:
        """Put orders on disk in one transaction; the same key again is a replay, as in the store.

        Raises:
            SpoolFull: there is no room; nothing of the batch was kept.
        """
        self.open()
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            stored = [self._write_one(new, at) for new, at in zip(batch, moments, strict=True)]
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if not isinstance(error, sqlite.Error):
                raise
            if "full" in str(error) or "disk I/O" in str(error):
                raise SpoolFull(str(error)) from error
            raise
        return stored

    def _write_one(self, new: NewOrder, at: datetime) -> Stored:
        record = _packed(new)
        received_at = at.isoformat()
        values = (new.number, received_at, record, digest_of(record, received_at))
        insert = "INSERT INTO spooled (number, received_at, record, digest) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        if self._connection.execute(insert, values).rowcount == 1:
            return Stored(at, new.priority, replayed=False, same_body=True)
        row = self._connection.execute(
            "SELECT id, number, received_at, record, digest FROM spooled WHERE number = ?", (new.number,)
        ).fetchone()
        earlier = record_of(row)
        if earlier.order is not None and new.passed_on is not None:
            self._raise(earlier, earlier.order, new.passed_on)
        if earlier.order is None:  # damaged: the drain will say so; what we hold in hand is whole
            return Stored(at, new.priority, replayed=True, same_body=True)
        return Stored(
            earlier.received_at,
            earlier.order.priority,
            replayed=True,
            same_body=earlier.order.fingerprint == new.fingerprint,
        )

    def _raise(self, record: Record, order: NewOrder, said: PassedOn) -> None:
        """Let a record say that the main system may have its order, where it did not say so, or said less."""
        gravest = graver(order.passed_on, said) if order.passed_on is not None else said
        packed, at = _packed(order._replace(passed_on=gravest)), record.received_at.isoformat()
        self._connection.execute(
            "UPDATE spooled SET record = ?, received_at = ?, digest = ? WHERE id = ?",
            (packed, at, digest_of(packed, at), record.id),
        )

    def oldest(self, limit: int) -> list[Record]:
        """Return the records that have waited longest."""
        self.open()
        rows = self._connection.execute(
            "SELECT id, number, received_at, record, digest FROM spooled ORDER BY id LIMIT ?", (limit,)
        )
        return [record_of(row) for row in rows]

    def forget(self, records: Sequence[Record]) -> None:
        """Drop records whose orders the store has committed."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("DELETE FROM spooled WHERE id = ?", [(record.id,) for record in records])
        self._connection.execute("COMMIT")

    def quarantine(self, record: Record, *, reason: str, now: datetime) -> None:
        """Keep a record that the store will not take, for a person."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(
            "INSERT INTO set_aside (number, received_at, record, reason, set_aside_at) "
            "SELECT number, received_at, record, ?, ? FROM spooled WHERE id = ?",
            (reason, now.isoformat(), record.id),
        )
        self._connection.execute("DELETE FROM spooled WHERE id = ?", (record.id,))
        self._connection.execute("COMMIT")

    def depth(self) -> int:
        """Return how many orders wait in the spool."""
        self.open()
        return int(self._connection.execute("SELECT COUNT(*) FROM spooled").fetchone()[0])

    def numbers(self) -> list[str]:
        """Return the numbers of all orders that wait in the spool."""
        self.open()
        return [row[0] for row in self._connection.execute("SELECT number FROM spooled ORDER BY id")]

    def quarantined(self) -> list[tuple[str, str]]:
        """Return (number, reason) of every record that was set aside."""
        self.open()
        return list(self._connection.execute("SELECT number, reason FROM set_aside ORDER BY id"))

    @staticmethod
    def peek(path: Path) -> list[tuple[str, bool]]:
        """Return (number, whether it is a drill's) of all orders in a spool file, without writing to it."""
        try:
            with closing(looking_at(path)) as connection:
                rows = connection.execute("SELECT number, record FROM spooled ORDER BY id").fetchall()
        except sqlite.DatabaseError:  # damaged, gone or not yet made: its owner says so when it opens it
            return []
        return [(number, b'"drill":true' in record) for number, record in rows]

    @staticmethod
    def peek_quarantined(path: Path) -> list[tuple[str, str]]:
        """Return (number, reason) of all records set aside in a spool file, without writing to it."""
        try:
            with closing(looking_at(path)) as connection:
                return list(connection.execute("SELECT number, reason FROM set_aside ORDER BY id"))
        except sqlite.DatabaseError:
            return []

    def set_damaged_file_aside(self) -> Path:
        """Rename the file and its companions, so that a new one can take their place; return the new path."""
        stamp = int(self.path.stat().st_mtime)
        target = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(target.with_name(target.name + suffix))
        return target


def _packed(new: NewOrder) -> bytes:
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in new._asdict().items()}
    if new.passed_on is None:
        del fields["passed_on"]  # an earlier release reads such a record too
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _unpacked(fields: dict[str, Any]) -> NewOrder:
    for name in _BYTES & fields.keys():
        fields[name] = None if fields[name] is None else bytes.fromhex(fields[name])
    if said := fields.pop("passed_on", None):
        fields["passed_on"] = PassedOn(SentBefore(said[0]), said[1])
    return NewOrder(**fields)


def digest_of(record: bytes, received_at: str = "") -> bytes:
    """Return what must stand beside a record; files of earlier versions left its time out."""
    return hashlib.sha256(record + received_at.encode()).digest()[:16]


def record_of(row: Sequence[Any]) -> Record:
    """Return a row of ``spooled`` as it can be read: damage anywhere in it costs this order its place, and no other."""
    row_id, number, received_at, record, digest = row
    at, order = datetime.min.replace(tzinfo=UTC), None
    with suppress(Exception):  # no bytes, a time of no calendar, another version's shape: not in everybody's way
        if digest in {digest_of(record, received_at), digest_of(record)}:
            at, order = datetime.fromisoformat(received_at).astimezone(UTC), _unpacked(json.loads(record))
    return Record(row_id, number, at, order)


def looking_at(path: Path) -> Any:  # noqa: ANN401 - a connection of an untyped driver
    """Open a spool file for reading alone."""
    connection = sqlite.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=1.0)
    connection.text_factory = _legible
    return connection


def _legible(text: bytes) -> str:
    """Read text that damage may have made unreadable: an error here would stop the whole file, not one order."""
    return text.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class SpoolCounts:
    """What the spool of this machine holds: orders that wait, records for a person, names of damaged files."""

    waiting: int = 0
    quarantined: int = 0
    damaged: tuple[str, ...] = ()


def count_spool(folder: Path) -> SpoolCounts:
    """Count what every spool file of this machine holds, without writing to any; safe while others write."""
    waiting = quarantined = 0
    for path in spool_files(folder):
        with suppress(sqlite.DatabaseError), closing(looking_at(path)) as connection:  # damaged: its owner will say so
            waiting += connection.execute("SELECT COUNT(*) FROM spooled").fetchone()[0]
            quarantined += connection.execute("SELECT COUNT(*) FROM set_aside").fetchone()[0]
    return SpoolCounts(waiting, quarantined, tuple(path.name for path in damaged_files(folder)))


def spool_files(folder: Path) -> list[Path]:
    """Return the spool files of every process of this machine."""
    return sorted(folder.glob("spool-*.db"))


def damaged_files(folder: Path) -> list[Path]:
    """Return spool files that were set aside: they may hold accepted orders until they have been salvaged."""
    return sorted(path for path in folder.glob("spool-*.damaged-*") if not path.name.endswith(("-wal", "-shm")))
