"""Reads what Lifeboat left on disk — database, spool files, batch files — without a line of Lifeboat's own code."""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psycopg
from pysqlite3 import dbapi2 as sqlite

from tests.harness.waiting import PATIENCE


class Asks(Protocol):
    """Anything that answers a SELECT."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows."""
        ...

    def one_instant(self) -> "AbstractContextManager[Asks]":
        """Answer every question of the block as of the first one, whatever is written meanwhile."""
        ...


@dataclass(frozen=True)
class SqliteFile:
    """A SQLite database, read in place."""

    path: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows."""
        with self.one_instant() as asked:
            return asked.rows(sql)

    @contextmanager
    def one_instant(self) -> Iterator[Asks]:
        """Answer every question of the block as of the first one; a file that is not there has no rows."""
        if not self.path.exists():
            yield _Transaction(None)
            return
        address = f"file:{quote(str(self.path))}?mode=ro"
        with closing(sqlite.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            yield _Transaction(connection)


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL database; ``uri`` as libpq reads it."""

    uri: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows."""
        with self.one_instant() as asked:
            return asked.rows(sql)

    @contextmanager
    def one_instant(self) -> Iterator[Asks]:
        """Answer every question of the block as of the first one."""
        with psycopg.connect(self.uri, connect_timeout=int(PATIENCE)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield _Transaction(connection)


@dataclass(frozen=True)
class _Transaction:
    """A connection that is inside a transaction; None where there is no database yet."""

    connection: Any

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return list(self.connection.execute(sql).fetchall()) if self.connection is not None else []

    @contextmanager
    def one_instant(self) -> Iterator[Asks]:
        """Go on with the instant there is."""
        yield self


@dataclass(frozen=True)
class StoredOrder:
    """One row of the orders table, as far as it matters here."""

    row_id: int
    number: str
    client_id: str
    key: str
    state: str
    batch_id: int | None
    priority: str


@dataclass(frozen=True)
class StoredBatch:
    """One row of the batch table."""

    row_id: int
    name: str
    state: str
    orders: int
    rows: int
    sha256: str | None
    manifest: dict[str, Any]


@dataclass(frozen=True)
class Spooled:
    """One order in a spool file; ``aside`` names why it waits for a person, empty if it waits for the store."""

    number: str
    key: str
    aside: str = ""


@dataclass
class BatchFile:
    """One CSV on disk with its manifest beside it."""

    path: Path
    sha256: str
    manifest: dict[str, Any]
    numbers: list[str] = field(default_factory=list)
    phones: dict[str, str] = field(default_factory=dict)
    totals: dict[str, str] = field(default_factory=dict)


def stored_orders(source: Asks) -> list[StoredOrder]:
    """Return every order in the database."""
    sql = "SELECT id, number, client_id, idempotency_key, state, batch_id, priority FROM orders ORDER BY id"
    return [StoredOrder(*row) for row in source.rows(sql)]


def stored_batches(source: Asks) -> list[StoredBatch]:
    """Return every batch in the database."""
    sql = "SELECT id, name, state, orders, rows, sha256, manifest FROM batch ORDER BY id"
    return [StoredBatch(*row[:6], manifest=_document(row[6])) for row in source.rows(sql)]


def live_batches(source: Asks) -> list[tuple[int, int]]:
    """Return (order row, batch row) of every membership that is live."""
    return [
        (int(o), int(b)) for o, b in source.rows("SELECT order_id, batch_id FROM batch_order WHERE left_at IS NULL")
    ]


def counted_at_the_door(source: Asks) -> int:
    """Return the door's own count of accepted orders."""
    return int(source.rows("SELECT COALESCE(SUM(accepted), 0) FROM tally")[0][0])


def open_messages(source: Asks) -> set[str]:
    """Return the orders whose group message is still owed, alone or in a digest."""
    sql = """
        SELECT orders.number FROM orders LEFT JOIN message ON message.order_id = orders.id AND message.subject = 'order' AND message.channel = 'wecom'
        LEFT JOIN message AS speaker ON speaker.id = message.merged_into
        WHERE orders.composed_at IS NULL OR message.state IN ('pending', 'sending') OR speaker.state IN ('pending', 'sending')
    """
    return {row[0] for row in source.rows(sql)}


def summed_up(source: Asks) -> set[str]:
    """Return the normal orders that a digest which has been sent speaks for: a long one names some and sums up the rest."""
    sql = """
        SELECT orders.number FROM orders JOIN message ON message.order_id = orders.id AND message.subject = 'order' AND message.channel = 'wecom'
        JOIN message AS speaker ON speaker.id = message.merged_into
        WHERE message.state = 'merged' AND speaker.state = 'sent' AND orders.priority = 'normal'
    """
    return {row[0] for row in source.rows(sql)}


def message_counts(source: Asks) -> dict[tuple[str, str], int]:
    """Return how many messages there are by channel and state."""
    sql = "SELECT channel, state, COUNT(*) FROM message GROUP BY channel, state"
    return {(channel, state): int(count) for channel, state, count in source.rows(sql)}


def spooled(folder: Path) -> list[Spooled]:
    """Return every order in the spool files of a machine."""
    found: list[Spooled] = []
    for path in sorted(folder.glob("spool-*.db")):
        with SqliteFile(path).one_instant() as file:
            if not file.rows("SELECT name FROM sqlite_master WHERE name = 'set_aside'"):  # it is being made
                continue
            whole = file.rows("SELECT number, record FROM spooled")
            found += [Spooled(number, _key(record)) for number, record in whole]
            aside = file.rows("SELECT number, record, reason FROM set_aside")
            found += [Spooled(number, _key(record), reason) for number, record, reason in aside]
    return found


def on_their_way(*folders: Path) -> int:
    """Return how many orders in the spools of machines wait for the store; what waits for a person stays there."""
    return sum(not one.aside for folder in folders for one in spooled(folder))


def batch_files(exports: Path) -> list[BatchFile]:
    """Return every published batch file under the export folder."""
    return [_batch_file(path) for path in sorted(exports.glob("*/*.csv"))]


def drafts(exports: Path) -> list[Path]:
    """Return files in the making that somebody left behind."""
    return [path for path in exports.rglob("*") if path.name.startswith(".") or path.name.endswith(".part")]


def _batch_file(path: Path) -> BatchFile:
    data = path.read_bytes()
    beside = path.with_name(path.stem + ".manifest.json")
    manifest = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    file = BatchFile(path, hashlib.sha256(data).hexdigest(), manifest)
    for row in _table(data.decode("utf-8-sig")):
        number = row["应急单号"]
        file.numbers.append(number)
        file.phones[number] = row["手机号"]
        file.totals[number] = row["订单金额"]
    return file


def _table(text: str) -> Iterator[dict[str, str]]:
    lines: Sequence[str] = text.splitlines(keepends=True)
    return csv.DictReader(lines)


def _document(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        value = json.loads(value)
    return value if isinstance(value, dict) else {}


def _key(record: bytes) -> str:
    try:
        return str(json.loads(record)["idempotency_key"])
    except (ValueError, KeyError):
        return ""  # damaged: its number is all that is known
