"""Copies SQLite's log back into the database beside the commits, so that no order waits for it.

Left to itself, SQLite checkpoints inside the very commit that fills the log, and every order of that batch, and of the
next ones, waits for thousands of scattered pages to be written and flushed. Here a thread of its own copies and flushes
them while commits go on, again and again until few have come meanwhile, and stops the writers only for those: then the
log is written from its start again.
"""

import os
import threading
from collections.abc import Callable
from typing import Any

import structlog
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import Engine

from app.store.database.engine import Engines, StoreAway
from app.store.database.room import PAGE_BYTES, free_bytes
from app.store.database.sqlite import CHECKPOINT_PAGES

log = structlog.get_logger()

LOOK_EVERY = 0.1
"""Seconds between looks at the log's length: at 15,000 orders a second some 2,000 pages come in between."""

IN_THE_WAY_MS = 20
"""Milliseconds that the last step waits for others, and so the longest that it keeps the writers waiting."""


FEW = 200
"""Pages that the writers are stopped for: some milliseconds."""

ROUNDS = 4
"""Each round leaves what came during its flush, about a tenth of what it found; beyond that the disk is the limit."""


class Checkpointer:
    """One thread of a web process on SQLite."""

    def __init__(
        self, engines: Engines, *, at_pages: int = CHECKPOINT_PAGES, room: Callable[[Engine], int] = free_bytes
    ) -> None:
        self._engine = engines.writer
        self._at_pages = at_pages
        self._room = room
        self._connection: Any = None
        self._file = -1
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the checkpoint it may have in hand."""
        self._stopped.set()
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def look(self) -> bool:
        """Copy the log back if it has become long; tell whether it is all copied, so that it starts again.

        On a disk that is nearly full it is long sooner: the database needs room for what is copied into it, and once
        the log has taken all of it, only a person can make more, though half of the log is pages written over.
        """
        _, pages, copied = self._checkpoint("NOOP")
        if pages < self._at_pages and (pages == copied or pages - copied < self._pages_free() // 2):
            return False
        for _ in range(ROUNDS):
            _, pages, copied = self._checkpoint("PASSIVE")  # nobody waits for this one
            if copied < pages:  # somebody still reads an old page, and the last step would make writers wait for him
                return False
            self._flush()
            _, pages, copied = self._checkpoint("NOOP")
            if pages - copied <= FEW:
                break
        busy, pages, copied = self._checkpoint("FULL")  # writers wait for this one, and find it nearly done
        return not busy and copied == pages

    def _pages_free(self) -> int:
        return self._room(self._engine) // PAGE_BYTES

    def _flush(self) -> None:
        """Flush the database's file; SQLite itself does so only once nothing is left to copy, while the writers wait.

        The file stays open for good: closing it would, as POSIX has it, drop every lock this process holds on it.
        """
        if self._file < 0:
            self._file = os.open(str(self._engine.url.database), os.O_RDONLY)
        os.fsync(self._file)

    def _checkpoint(self, mode: str) -> tuple[int, int, int]:
        """Return (whether somebody was in the way, pages in the log, pages copied back).

        NOOP only counts (SQLite 3.51 and newer; the older releases that we allow take it for PASSIVE: no harm done).
        """
        if self._connection is None:
            opened = self._engine.raw_connection()
            opened.detach()  # its patience is not that of the pool's
            opened.cursor().execute(f"PRAGMA busy_timeout={IN_THE_WAY_MS}")
            self._connection = opened
        busy, pages, copied = self._connection.cursor().execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return busy, pages, copied

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_EVERY):
            try:
                self.look()
            except (
                StoreAway,
                sqlite.Error,
                OSError,
            ) as error:  # locked, full, away: the commits find out for themselves
                log.warning("not_checkpointed", reason=type(error).__name__)
                self.close()
