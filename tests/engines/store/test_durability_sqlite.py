"""P1, P2: the writer of orders locks first; what a crash left in the log is written anew before anybody is told of it."""

import shutil
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite_driver

from app.store.commit.order_writer import OrderWriter
from app.store.database.engine import Engines, open_engines, settle_log
from app.store.database.room import TO_RETURN, DiskFull
from app.store.database.sqlite import BUSY_TIMEOUT_MS
from app.store.spool.file import Spool
from tests.deployment import Deployment
from tests.deployment.facts import TEN, ZONE
from tests.deployment.orders import new_order, new_orders
from tests.fakes.clock import ClockAt


def test_the_writer_of_orders_locks_before_it_reads(sqlite: Engines, clock: ClockAt, tmp_path: Path):
    """A deferred transaction would read, and fail at its first insert when somebody else has written meanwhile."""
    other = sqlite.writer.raw_connection()
    asked: list[str] = []

    class Watched(OrderWriter):
        def _incident(self, *given: object, **named: object) -> int:
            cursor = other.cursor()
            cursor.execute("PRAGMA busy_timeout=1")
            with pytest.raises(Exception, match="locked"):
                cursor.execute("BEGIN IMMEDIATE")
            asked.append("refused")
            return super()._incident(*given, **named)  # type: ignore[arg-type]

    deployment = Deployment(tmp_path, engines=sqlite, clock=clock)
    Watched(deployment.engines, zone=ZONE).write([new_order("A")], [TEN])
    assert asked == ["refused"]
    other.close()


def _left_by_a_crash(file: Path, folder: Path) -> Path:
    """Copy a database that is in use, as a killed process leaves it: the last transactions are in its log alone."""
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{file}{suffix}", folder / f"{file.name}{suffix}")
    return folder / file.name


def _rows_without_log(file: Path, table: str, folder: Path) -> int:
    """Count what is in the database's own file."""
    folder.mkdir()
    with closing(sqlite_driver.connect(shutil.copy(file, folder / file.name))) as connection:
        found = connection.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]) if found else 0  # noqa: S608 - a name of ours


def test_what_a_crash_left_in_the_log_is_in_the_database_once_the_store_is_prepared(
    sqlite: Engines, clock: ClockAt, tmp_path: Path
):
    """P1: its flush may have failed, and the kernel calls its pages clean: only writing them anew proves anything."""
    deployment = Deployment(tmp_path, engines=sqlite, clock=clock)
    deployment.door.writer.write([new_order("A")], [TEN])
    file = _left_by_a_crash(Path(str(sqlite.writer.url.database)), tmp_path / "crashed")
    assert _rows_without_log(file, "orders", tmp_path / "before") == 0
    engines = open_engines(f"sqlite:///{file}")
    settle_log(engines)
    assert _rows_without_log(file, "orders", tmp_path / "after") == 1
    engines.dispose()


def test_what_a_crash_left_in_the_log_of_the_spool_is_in_its_file_once_it_is_open(tmp_path: Path):
    spool = Spool(tmp_path / "spool-0.db", max_bytes=2**24)
    spool.write([new_order("A")], [TEN])
    file = _left_by_a_crash(spool.path, tmp_path / "crashed")
    spool.close()
    assert _rows_without_log(file, "spooled", tmp_path / "before") == 0
    opened = Spool(file, max_bytes=2**24)
    opened.open()
    assert _rows_without_log(file, "spooled", tmp_path / "after") == 1
    opened.close()


def test_the_door_takes_a_lock_that_somebody_else_takes_again_and_again(
    sqlite: Engines, clock: ClockAt, tmp_path: Path
):
    """SQLite's lock is no queue: a worker with a backlog must not keep orders out."""
    let_go, turns = threading.Event(), []
    writer = Deployment(tmp_path, engines=sqlite, clock=clock).door.writer  # made before anybody else wants the lock

    def backlog() -> None:
        while not let_go.is_set():
            with sqlite.writer.begin():
                turns.append(time.monotonic())
                time.sleep(0.02)
            time.sleep(0.004)  # a worker reads the next page before it writes it

    worker = threading.Thread(target=backlog, daemon=True)
    worker.start()
    try:
        before = len(turns)
        for order in new_orders(20):
            writer.write([order], [TEN])
        took = len(turns) - before
    finally:
        let_go.set()
        worker.join()
    assert took <= 40, took  # a turn an order at the best
    with sqlite.writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == BUSY_TIMEOUT_MS


def test_a_long_life_does_not_make_the_door_compile_its_statements_anew(sqlite: Engines):
    """What else a process asks of its connection in a day may not push out what every commit asks."""
    writer = OrderWriter(sqlite, zone=ZONE)
    with closing(sqlite.writer.raw_connection()) as pooled:
        connection = pooled.driver_connection
        for n in range(300):
            connection.execute(f"SELECT {n}")
    compiled: list[str] = []

    def told(_action: int, table: str | None, *_more: object) -> int:
        compiled.append(table or "")
        return int(sqlite_driver.SQLITE_OK)

    writer.write(new_orders(5, prefix="warm"), [TEN] * 5)
    connection.set_authorizer(told)  # it is asked whenever a statement is compiled; all are, once, after it was set
    writer.write(new_orders(5, prefix="once"), [TEN] * 5)
    assert "orders" in compiled
    compiled.clear()
    writer.write(new_orders(5, prefix="again"), [TEN] * 5)
    connection.set_authorizer(None)
    assert not {"orders", "incident", "tally"} & set(compiled)


def test_a_database_with_room_for_one_commit_alone_is_not_back(sqlite: Engines):
    """Else it would come and go with every order, and the spool would never be drained."""
    room = [TO_RETURN - 1]
    writer = OrderWriter(sqlite, zone=ZONE, room=lambda _: room[0])
    with pytest.raises(DiskFull):
        writer.write([], [])
    room[0] = TO_RETURN
    assert writer.write([], []) == []
