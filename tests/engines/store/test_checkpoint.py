"""P1 and speed: the log is copied back beside the commits, and no reader makes the writers wait for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.commit.order_writer import OrderWriter
from app.store.database.checkpoint import Checkpointer
from app.store.database.engine import Engines, open_engines
from app.store.database.room import PAGE_BYTES
from app.store.database.sqlite import CHECKPOINT_IN_COMMIT
from tests.deployment.facts import TEN, ZONE
from tests.deployment.orders import new_orders

PAGES = 20
MANY = 200


@pytest.fixture
def checkpointer(sqlite: Engines) -> Iterator[Checkpointer]:
    made = Checkpointer(sqlite, at_pages=PAGES)
    yield made
    made.close()


def write(engines: Engines, count: int, *, prefix: str) -> None:
    writer = OrderWriter(engines, zone=ZONE)
    for order in new_orders(count, prefix=prefix):
        writer.write([order], [TEN])


def log_pages(engines: Engines) -> int:
    with engines.reader.connect() as connection:
        return int(connection.exec_driver_sql("PRAGMA wal_checkpoint(NOOP)").one()[1])


def test_a_long_log_is_copied_back_and_begins_anew(sqlite: Engines, checkpointer: Checkpointer):
    write(sqlite, MANY, prefix="A")
    assert log_pages(sqlite) > PAGES
    assert checkpointer.look()
    write(sqlite, 1, prefix="B")
    assert log_pages(sqlite) < PAGES
    with sqlite.reader.connect() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM orders").scalar_one() == MANY + 1


def test_a_short_log_is_left_alone(sqlite: Engines, checkpointer: Checkpointer):
    write(sqlite, MANY, prefix="A")
    checkpointer.look()
    write(sqlite, 1, prefix="B")
    pages = log_pages(sqlite)
    assert not checkpointer.look()
    assert log_pages(sqlite) == pages


def test_a_log_begins_anew_before_it_has_taken_the_last_of_a_disk(sqlite: Engines):
    """Without this a disk that filled up stays full: the log holds what the database has no room for any more."""
    room = [1000 * PAGE_BYTES]
    made = Checkpointer(sqlite, at_pages=100_000, room=lambda _: room[0])
    write(sqlite, MANY, prefix="A")
    pages = log_pages(sqlite)
    room[0] = 2 * (pages + 2) * PAGE_BYTES
    assert not made.look()
    room[0] = 2 * (pages - 2) * PAGE_BYTES
    assert made.look()
    write(sqlite, 1, prefix="B")
    assert log_pages(sqlite) < pages
    room[0] = 0
    assert made.look()
    assert not made.look()  # nothing is left to copy: a full disk is not flushed ten times a second
    made.close()


def test_somebody_who_reads_an_old_page_keeps_no_order_waiting(sqlite: Engines, checkpointer: Checkpointer):
    write(sqlite, 1, prefix="A")
    with sqlite.reader.connect() as reader:
        assert reader.exec_driver_sql("SELECT COUNT(*) FROM orders").scalar_one() == 1
        write(sqlite, MANY, prefix="B")
        assert not checkpointer.look()
        write(sqlite, 1, prefix="C")
        assert reader.exec_driver_sql("SELECT COUNT(*) FROM orders").scalar_one() == 1
    assert checkpointer.look()


def test_it_looks_until_it_is_told_to_stop_and_bears_a_missing_database(tmp_path: Path):
    engines = open_engines(f"sqlite:///{tmp_path / 'none' / 'x.db'}")
    (tmp_path / "none").rmdir()
    lost = Checkpointer(engines)
    lost.start()
    lost.stop()
    engines.dispose()


def test_a_commit_still_checkpoints_where_nobody_else_does(sqlite: Engines):
    with sqlite.writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one() == CHECKPOINT_IN_COMMIT
