"""Whose fault a failed write is decides between waiting for the store and setting a record aside for a person."""

import psycopg
import pytest
from psycopg import errors
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from app.store.database.faults import is_the_stores_fault, somebody_else_writes


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InterfaceError("the connection is closed"),
        errors.AdminShutdown(),
        errors.LockNotAvailable(),
        errors.QueryCanceled(),
        errors.DeadlockDetected(),
        errors.DiskFull(),
        errors.ReadOnlySqlTransaction(),
        errors.UndefinedColumn(),
        sqlite.OperationalError("database is locked"),
        sqlite.DatabaseError("database disk image is malformed"),
        OperationalError("INSERT", {}, sqlite.OperationalError("disk I/O error")),
        NoConnectionLeft(),
        OSError("no route to host"),
    ],
    ids=repr,
)
def test_a_store_that_could_not_is_asked_again(error: Exception):
    assert is_the_stores_fault(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
        errors.StringDataRightTruncation(),
        errors.ForeignKeyViolation(),
        errors.ProgramLimitExceeded(),
        sqlite.IntegrityError("FOREIGN KEY constraint failed"),
        sqlite.InterfaceError("Error binding parameter 3"),
        OperationalError("INSERT", {}, sqlite.DataError("string or blob too big")),
        ValueError("poison"),
    ],
    ids=repr,
)
def test_a_row_that_no_store_would_take_is_told_apart(error: Exception):
    assert not is_the_stores_fault(error)


@pytest.mark.parametrize(
    ("error", "busy"),
    [
        (sqlite.OperationalError("database is locked"), True),
        (errors.LockNotAvailable(), True),
        (sqlite.OperationalError("disk I/O error"), False),
        (psycopg.OperationalError("server closed the connection unexpectedly"), False),
    ],
    ids=repr,
)
def test_a_busy_store_is_told_apart_from_one_that_is_away(error: Exception, *, busy: bool):
    assert somebody_else_writes(OperationalError("INSERT", {}, error)) is busy
