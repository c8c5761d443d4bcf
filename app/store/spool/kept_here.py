"""Tells whether this machine's spool may hold an order that the store does not know yet."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from app.store.spool.file import damaged_files, looking_at, spool_files

_TABLES = ("spooled", "set_aside")


def may_be_kept_here(
    folder: Path, *, client_id: str | None, number: str | None = None, client_order_id: str | None = None
) -> bool:
    """Tell whether an order of a client (None is any), by its number or by the client's own, may wait on this machine.

    It does where a record says so, and it may where a record, or a whole file, cannot be read.
    """
    if damaged_files(folder):
        return True
    for path in spool_files(folder):
        try:
            with closing(looking_at(path)) as connection:
                for table in _TABLES:
                    for record in _records(connection, table, number, client_order_id):
                        if _is_meant(record, client_id, client_order_id):
                            return True
        except sqlite.OperationalError as error:
            if "no such table" not in str(error) and path.exists():
                return True
        except sqlite.DatabaseError:
            return True
    return False


def _records(connection: object, table: str, number: str | None, client_order_id: str | None) -> Iterator[bytes]:
    if number is not None:
        where, value = "number = ?", number
    else:
        where, value = "instr(record, CAST(? AS BLOB)) > 0", _written(client_order_id)
    query = f"SELECT record FROM {table} WHERE {where}"  # noqa: S608 - our own words
    for (record,) in connection.execute(query, (value,)):  # type: ignore[attr-defined]  # an untyped driver's
        yield record


def _written(client_order_id: str | None) -> str:
    """Return how a record says the shop's number."""
    return f'"client_order_id":{json.dumps(client_order_id, ensure_ascii=False)}'


def _is_meant(record: bytes, client_id: str | None, client_order_id: str | None) -> bool:
    try:
        fields = json.loads(record)
        mine, theirs = client_id in (None, fields["client_id"]), fields.get("client_order_id")
    except (ValueError, TypeError, KeyError, AttributeError):
        return True
    return mine and client_order_id in (None, theirs)
