"""Opens the database so that a commit means "on disk", whichever engine the URL names."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import URL, Engine, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

FIXED_IN = (3, 51, 3)
BACKPORTS = {(3, 44): 6, (3, 50): 7}
"""Releases without the WAL-reset bug, which may corrupt a database that two connections write (sqlite.org/wal.html)."""

BUSY_TIMEOUT_MS = 5000
LOOK_AGAIN = 0.00025
"""Seconds between the door's looks at a lock that somebody else holds: less than a commit, more than a look."""

STAND_BACK = 2 * LOOK_AGAIN
"""Seconds for which who takes the lock again and again leaves it alone, so that the door finds it free."""

DURABLE = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}")
CHECKPOINT_PAGES = 8000
"""About 32 MB of log between checkpoints: pages that many commits touch are copied back only once."""

CHECKPOINT_IN_COMMIT = 4 * CHECKPOINT_PAGES
"""Where nobody checkpoints beside the commits (``checkpoint.py``), or they outrun it, a commit does it."""

CACHE_KB = 1000
"""Pages each of a process's half dozen connections keeps. With four times as many web and worker together held 30 MB
more after a hundred thousand orders; what it spares is little, since the system's own cache hands over a page in a
microsecond."""

POOL = 2
"""Connections that stay open between uses; each has a cache of its own, and one more takes a millisecond to open."""

TUNING = (
    f"cache_size=-{CACHE_KB}",
    "temp_store=MEMORY",
    "journal_size_limit=67108864",
    f"wal_autocheckpoint={CHECKPOINT_IN_COMMIT}",
)
SETTLE = "PRAGMA wal_checkpoint(PASSIVE)"
READ_BACK = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


StoreAway = DBAPIError
"""What a question raises that the database refused or could not be asked; ``orig`` is the driver's own error."""


class UnsafeDatabase(Exception):
    """The database cannot keep the promise of a durable answer."""


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


ALIVE = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}
"""A host that vanished is noticed in seconds, and not when the system's default of hours runs out."""


def open_engines(url: str, *, pool_size: int = 5) -> Engines:
    """Open the database at ``url``.

    Raises:
        UnsafeDatabase: its SQLite has the WAL-reset bug, or a pragma did not take.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return Engines(writer=_sqlite(url), reader=_sqlite(url, read_only=True))
    return Engines(writer=_postgresql(url, pool_size), reader=_postgresql(url, pool_size, read_only=True))


def require_safe_sqlite(version: tuple[int, ...] = sqlite.sqlite_version_info) -> None:
    """Refuse a SQLite library with the WAL-reset bug."""
    if version < FIXED_IN and version[2] < BACKPORTS.get((version[0], version[1]), 10**6):
        found = ".".join(map(str, version))
        raise UnsafeDatabase(
            f"SQLite {found} 有 WAL 重置缺陷，可能损坏数据；请安装 pysqlite3 0.6.1 以上（自带 3.51.3 以上的 SQLite）"
        )


def _sqlite(url: str, *, read_only: bool = False) -> Engine:
    require_safe_sqlite()
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url,
        module=sqlite,
        poolclass=QueuePool,  # for a database in memory too: it is refused for want of a log, not for its pool
        pool_size=POOL,
        pool_use_lifo=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
        connection.isolation_level = None  # the driver must not begin transactions of its own
        _apply(connection, [*DURABLE, *TUNING, *(["query_only=ON"] if read_only else [])])

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 - a SQLAlchemy connection
        # A deferred transaction that reads first and writes later fails at once when somebody else has written.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _apply(connection: Any, pragmas: Sequence[str]) -> None:  # noqa: ANN401 - a DB-API connection
    cursor = connection.cursor()
    _begin_log(cursor)
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    for name, expected in READ_BACK.items():
        found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if found != expected:
            raise UnsafeDatabase(f"SQLite PRAGMA {name} 应为 {expected}，实际为 {found}")
    cursor.close()


_NEVER = threading.Event()


def rest(seconds: float) -> None:
    """Sleep, on a trial with a wall clock of its own as well: libfaketime refuses ``time.sleep`` there."""
    _NEVER.wait(seconds)


def begin_at_once(cursor: Any) -> None:  # noqa: ANN401 - a DB-API cursor
    """Begin a writing transaction as soon as the lock becomes free.

    SQLite's lock is no queue. Who waits for it the ordinary way looks again after ever longer rests, of a tenth of a
    second in the end, and a worker that takes the lock anew at once, page after page, keeps him out for seconds. Orders
    come first: the door looks again four times a millisecond.

    Raises:
        sqlite.OperationalError: the lock did not become free within the ordinary patience.
    """
    give_up_at = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    cursor.execute("PRAGMA busy_timeout=0")
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up_at:
                raise
            rest(LOOK_AGAIN)
        else:
            break
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _begin_log(cursor: Any) -> None:  # noqa: ANN401 - a DB-API cursor
    """Give a new file its log. Of several processes that do so at once SQLite refuses all but one; they try again."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            rest(0.02)
        else:
            return


def _postgresql(url: str, pool_size: int, *, read_only: bool = False) -> Engine:
    options = (
        "-c statement_timeout=30000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000 -c timezone=UTC"
    )
    if read_only:
        options += " -c default_transaction_read_only=on"
    return create_engine(
        _of_the_primary(url, read_only=read_only),
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=3,
        pool_pre_ping=True,
        pool_recycle=1800,
        # A reader sees one snapshot however many questions it asks: a ledger's two sides must be of one moment.
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        connect_args={"connect_timeout": 3, "options": options, **ALIVE},
    )


def settle_log(engines: Engines) -> None:
    """Copy what SQLite found in its write-ahead log into the database, and flush that.

    After a crash the log may hold a transaction whose flush had failed: its orders were refused, and it is read back
    whole from the kernel's memory, though it is not on the disk and the kernel believes that it is. Whoever retries is
    answered "already here", so it has to be written anew first. Nobody is waited for: a process that is at work already
    has read the same log before.

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


def _of_the_primary(url: str, *, read_only: bool) -> URL:
    """Return the URL so that of several hosts the one that takes orders is asked, after a failover as before.

    Our readers promise not to write, which libpq's ``read-write`` takes for a server that cannot: they would find none.
    """
    made = make_url(url)
    asked = made.query.get("target_session_attrs")
    hosts = made.query.get("host", "")
    several = not isinstance(hosts, str) or "," in hosts
    if (asked is None and several) or (asked == "read-write" and read_only):
        return made.update_query_dict({"target_session_attrs": "primary"})
    return made


def ping(engines: Engines) -> None:
    """Ask the database the simplest question; any failure is raised."""
    with engines.reader.connect() as connection:
        connection.execute(text("SELECT 1"))
