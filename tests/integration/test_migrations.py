"""The shape of the database: up, down, twice and at once, on both engines; and it is the shape the tables say."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from app.store.database import migrate as migrate_module
from app.store.database.engine import Engines, open_engines
from app.store.database.migrate import current, migrate, newest
from app.store.tables import METADATA
from tests.builders import TEN, Deck, new_order
from tests.fakes.clock import ClockAt
from tests.harness.next_program import REVISION, next_migrations

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def nothing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engines]:
    """An empty database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'deep' / 'new.db'}"
    else:
        make: Callable[[str], str] = request.getfixturevalue("new_postgresql")
        url = make("template0")
    engines = open_engines(url)
    yield engines
    engines.dispose()


def _tables(engines: Engines) -> set[str]:
    with engines.reader.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_an_empty_database_is_brought_to_the_newest_shape_and_again_to_nothing(nothing: Engines):
    assert current(nothing) is None
    assert migrate(nothing) == current(nothing) == newest()
    assert _tables(nothing) == {table.name for table in METADATA.sorted_tables}
    assert migrate(nothing, "base") == "base"
    assert _tables(nothing) == set()
    assert migrate(nothing) == newest()


def test_the_migrations_make_what_the_tables_say(nothing: Engines):
    migrate(nothing)
    with nothing.reader.connect() as connection:
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, METADATA)
    # SQLite reports no conditions of indexes; there Alembic can only compare the columns.
    assert found == []


def test_migrating_twice_changes_nothing_and_keeps_the_orders(nothing: Engines):
    """P13"""
    migrate(nothing)
    deck = Deck(nothing, ClockAt(TEN))
    deck.take(new_order("A"))
    assert migrate(nothing) == newest()
    assert deck.take(new_order("A"))[0].replayed


def test_a_program_leaves_alone_what_a_newer_one_has_migrated(
    nothing: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """P13: during an upgrade, and after a step back, the older program starts and takes orders as before."""
    with monkeypatch.context() as newer:
        newer.setattr(migrate_module, "SCRIPTS", next_migrations(tmp_path))
        assert migrate(nothing) == REVISION
    assert migrate(nothing) == current(nothing) == REVISION
    deck = Deck(nothing, ClockAt(TEN))
    assert [stored.replayed for stored in (*deck.take(new_order("A")), *deck.take(new_order("A")))] == [False, True]


def test_a_migration_may_take_longer_than_a_question(
    new_postgresql: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """P13: an index over ten million orders takes minutes; cut off after half of one, an upgrade would never succeed."""
    slow = next_migrations(tmp_path, more='op.execute("SELECT pg_sleep(0.4)")')
    monkeypatch.setattr(migrate_module, "SCRIPTS", slow)
    impatient = create_engine(new_postgresql("template0"), connect_args={"options": "-c statement_timeout=200"})
    try:
        assert migrate(Engines(writer=impatient, reader=impatient)) == REVISION
    finally:
        impatient.dispose()


MIGRATE = "import sys; from app.store.database.engine import open_engines; from app.store.database.migrate import migrate; print(migrate(open_engines(sys.argv[1])))"


def test_processes_that_start_together_migrate_once(nothing: Engines):
    """P13"""
    url = nothing.writer.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, url], stdout=subprocess.PIPE, cwd=ROOT) for _ in range(2)
    ]
    answers = [process.communicate(timeout=60)[0].decode().strip() for process in processes]
    assert answers == [newest()] * 2
    assert current(nothing) == newest()


def test_threads_that_start_together_migrate_once(nothing: Engines):
    """A start that took too long is tried again while the first try is still at it."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            migrate(nothing)
        except Exception as error:  # noqa: BLE001 - told to the test below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert current(nothing) == newest()


@pytest.mark.parametrize("index", ["order_number", "one_open_incident", "coupon_once", "live_batch_of_order"])
def test_what_the_promises_rest_on_is_unique_in_the_database(nothing: Engines, index: str):
    """P2, P7, P9: a constraint first, a check second."""
    migrate(nothing)
    with nothing.reader.connect() as connection:
        inspector = inspect(connection)
        unique = {
            found["name"]
            for table in inspector.get_table_names()
            for found in inspector.get_indexes(table)
            if found["unique"]
        }
    assert index in unique
