"""Opens SQLite so that a commit means "on disk", and so that the door gets its one lock before anybody else.

Each pragma is read back on each connection: one that did not take is worse than none.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Engine, QueuePool, create_engine, event, make_url

from app.store.database.lenient import read_leniently

FIXED_IN = (3, 51, 3)
BACKPORTS = {(3, 44): 6, (3, 50): 7}
"""Releases without the WAL-reset bug, which may corrupt a database that two connections write (sqlite.org/wal.html)."""

BUSY_TIMEOUT_MS = 5000
LOOK_AGAIN = 0.00025
"""Seconds between the door's looks at a lock that somebody else holds: less than a commit, more than a look."""

STAND_BACK = 2 * LOOK_AGAIN
"""Seconds for which a process that takes the lock again and again leaves it alone, so that the door finds it free."""

DURABLE = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}")
CHECKPOINT_PAGES = 8000
"""About 32 MB of log between checkpoints: pages that many commits touch are copied back only once."""

CHECKPOINT_IN_COMMIT = 4 * CHECKPOINT_PAGES
"""Where nobody checkpoints beside the commits (``checkpoint.py``), or they outrun it, a commit does it."""

CACHE_KB = 1000
"""Pages each of a process's half dozen connections keeps. With four times as many web and worker together held 30 MB
more after a hundred thousand orders; what it spares is little, since the system's own cache hands over a page in a
microsecond."""

STATEMENTS_KEPT = 512
"""Compiled statements that each connection keeps: the door has one for each size of a commit, some seventy. With the
driver's own 128 a longer life fills the cache with others, and then each commit compiles its statements anew."""

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


class UnsafeDatabase(Exception):
    """The database cannot keep the promise of a durable answer."""


def require_safe_sqlite(version: tuple[int, ...] = sqlite.sqlite_version_info) -> None:
    """Refuse a SQLite library with the WAL-reset bug."""
    if version < FIXED_IN and version[2] < BACKPORTS.get((version[0], version[1]), 10**6):
        found = ".".join(map(str, version))
        raise UnsafeDatabase(
            f"SQLite {found} 有 WAL 重置缺陷，可能损坏数据；请安装 pysqlite3 0.6.1 以上（自带 3.51.3 以上的 SQLite）"
        )


def open_sqlite(url: str, *, read_only: bool = False) -> Engine:
    """Open one file, for writing or for reading alone.

    Raises:
        UnsafeDatabase: the library has the WAL-reset bug, or a pragma did not take.
    """
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
        connect_args={
            "check_same_thread": False,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "cached_statements": STATEMENTS_KEPT,
        },
    )
    read_leniently(engine)

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

    SQLite's lock is no queue. A writer that waits for it the ordinary way looks again after ever longer rests, of a
    tenth of a second in the end, and a worker that takes the lock page after page keeps it out for seconds. Orders
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
