"""Opens the database so that a commit means "on disk", whichever engine the URL names."""

from dataclasses import dataclass

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.store.database.postgresql import open_postgresql
from app.store.database.sqlite import SETTLE, open_sqlite

StoreAway = DBAPIError
"""What a question raises that the database refused or could not be asked; ``orig`` is the driver's own error."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One database: ``writer`` begins immediately, ``reader`` cannot write."""

    writer: Engine
    reader: Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of ours."""
        return self.writer.dialect.name == "sqlite"

    def dispose(self) -> None:
        """Close every connection."""
        self.writer.dispose()
        self.reader.dispose()


def open_engines(url: str, *, pool_size: int = 5) -> Engines:
    """Open the database at ``url``.

    Raises:
        UnsafeDatabase: its SQLite has the WAL-reset bug, or a pragma did not take.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return Engines(writer=open_sqlite(url), reader=open_sqlite(url, read_only=True))
    return Engines(writer=open_postgresql(url, pool_size), reader=open_postgresql(url, pool_size, read_only=True))


def settle_log(engines: Engines) -> None:
    """Copy what SQLite found in its write-ahead log into the database, and flush that.

    After a crash the log may hold a transaction whose flush had failed: its orders were refused, and it is read back
    whole from the kernel's memory, though it is not on the disk and the kernel believes that it is. A retry is
    answered "already here", so it has to be written again first. Nobody is waited for: a process that is at work
    already has read the same log before.

    Raises:
        StoreAway: the database cannot be written or flushed.
    """
    if not engines.is_sqlite:
        return
    connection = engines.writer.raw_connection()
    try:
        connection.cursor().execute(SETTLE)
    except sqlite.Error as error:
        raise OperationalError(SETTLE, None, error) from error
    finally:
        connection.close()


def ping(engines: Engines) -> None:
    """Ask the database the simplest question; any failure is raised."""
    with engines.reader.connect() as connection:
        connection.execute(text("SELECT 1"))
