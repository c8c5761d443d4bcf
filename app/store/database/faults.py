"""Tells whether a write failed because of the store, or because of what was to be written."""

import sys

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy.exc import DBAPIError, NoResultFound, SQLAlchemyError

_OF_THE_ROW = frozenset({"22", "23", "54"})
"""Classes of PostgreSQL's error codes that speak of the row: data, constraints, limits of size (appendix A)."""

_SQLITE_OF_THE_ROW = (sqlite.DataError, sqlite.IntegrityError, sqlite.InterfaceError, sqlite.ProgrammingError)


_LOCK_NOT_AVAILABLE = "55P03"


def somebody_else_writes(error: DBAPIError) -> bool:
    """Return whether the store is there, and others held what was asked for all the time that we waited."""
    cause = error.orig
    if isinstance(cause, sqlite.Error):
        return "database is locked" in str(cause)
    return getattr(cause, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def is_the_stores_fault(error: Exception) -> bool:
    """Return whether the same row may well be taken later: the connection was lost, the lock held, the disk full.

    A connection lost during COMMIT is among them: nobody knows whether the row is there, and writing it again tells.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    psycopg = sys.modules.get("psycopg")  # nine megabytes that only a deployment with PostgreSQL loads
    if psycopg and isinstance(cause, psycopg.Error):
        if cause.sqlstate is None:  # the driver's own word: a lost connection, or a value it cannot send
            return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
        return cause.sqlstate[:2] not in _OF_THE_ROW
    if isinstance(cause, sqlite.Error):
        return not isinstance(cause, _SQLITE_OF_THE_ROW)
    return isinstance(cause, OSError | SQLAlchemyError) and not isinstance(cause, NoResultFound)
