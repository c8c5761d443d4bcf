"""Inserts the rows of a commit, each engine in the way that costs least: here the driver's own cost is what counts."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

Row = tuple[object, ...]
Cursor = Any
"""A DB-API cursor: here alone the tool kit's own cost, some 50 µs a statement, would be felt."""

_COLUMNS = {
    "number": "text",
    "client_id": "text",
    "idempotency_key": "text",
    "client_order_id": "text",
    "profile": "text",
    "fingerprint": "bytea",
    "look_alike": "bytea",
    "phone_index": "bytea",
    "phone_last4": "text",
    "total_fen": "bigint",
    "priority": "text",
    "sealed": "bytea",
    "sealed_payload": "bytea",
    "drill": "boolean",
    "state": "text",
    "incident_id": "integer",
    "received_at": "timestamptz",
}
"""The columns of an insert in the order of :class:`NewOrder`, and what PostgreSQL calls their types."""

_BLOBS = tuple(n for n, kind in enumerate(_COLUMNS.values()) if kind == "bytea")
_FLAGS = tuple(n for n, kind in enumerate(_COLUMNS.values()) if kind == "boolean")
ROWS_AT_ONCE = 64
"""Rows of one SQLite statement: one call into the library, and one turn of Python's lock, for the whole batch."""

_SHARED = slice(list(_COLUMNS).index("drill"), list(_COLUMNS).index("incident_id") + 1)
"""Columns that all live orders of a commit share, or all of its drill: these are sent once."""
_shared_of = itemgetter(_SHARED)
_ONCE = list(_COLUMNS)[_SHARED]
_EACH = [name for name in _COLUMNS if name not in _ONCE]
_INSERT_ALL = (
    f"INSERT INTO orders ({', '.join(_EACH + _ONCE)}) "
    f"SELECT each.*, {', '.join(f'%b::{_COLUMNS[name]}' for name in _ONCE)} "
    f"FROM unnest({', '.join(f'%b::{_COLUMNS[name]}[]' for name in _EACH)}) AS each "
    "ON CONFLICT DO NOTHING RETURNING number"
)


def insert_postgresql(cursor: Cursor, rows: Sequence[Row]) -> set[str]:
    """Insert rows, live ones and a drill's apart in the order given, and return the numbers of those that are new."""
    won: set[str] = set()
    for shared, of_kind in groupby(rows, key=_shared_of):
        columns = [list(column) for column in zip(*of_kind, strict=True)]
        del columns[_SHARED]
        cursor.execute(_INSERT_ALL, [*shared, *columns])
        won.update(number for (number,) in cursor.fetchall())
    return won


def insert_sqlite(cursor: Cursor, rows: Sequence[Row]) -> Iterator[str]:
    """Insert rows and yield the numbers of those that are new.

    RETURNING would hand them over one by one, each time passing Python's lock to and fro. As SQLite's one writer we
    know that new rows stand next to each other at the end, and need to look only where some were not new.
    """
    values = [value for row in rows for value in row]
    # The driver looks for an adapter for each value of type bytes or bool, which costs more than the row; for these it
    # does not.
    for column in _BLOBS:
        values[column :: len(_COLUMNS)] = [v if v is None else bytearray(v) for v in values[column :: len(_COLUMNS)]]  # type: ignore[call-overload]
    for column in _FLAGS:
        values[column :: len(_COLUMNS)] = [1 if v else 0 for v in values[column :: len(_COLUMNS)]]
    cursor.execute(_insert_many(len(rows)), values)
    new: int = cursor.rowcount
    if new == len(rows):
        yield from (str(row[0]) for row in rows)
    elif new:
        cursor.execute("SELECT number FROM orders WHERE id > ?", (cursor.lastrowid - new,))
        yield from (number for (number,) in cursor.fetchall())


@lru_cache(maxsize=ROWS_AT_ONCE)
def _insert_many(rows: int) -> str:
    one = f"({', '.join('?' * len(_COLUMNS))})"
    return f"INSERT INTO orders ({', '.join(_COLUMNS)}) VALUES {', '.join([one] * rows)} ON CONFLICT DO NOTHING"
