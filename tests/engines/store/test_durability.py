"""What a database could still lose is said plainly; on both engines."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, event

from app.bootstrap import Lifeboat, situation_of
from app.store.database.durability import durability_of
from app.store.database.engine import Engines
from app.store.unit_of_work import Store
from app.watch.rules.database_could_lose import DATABASE_COULD_LOSE

OURS = pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ, reason="what is expected here are the switches of our own test server"
)
STANDBY = {"no_synchronous_standby", "synchronous_standby_away", "replication_unseen"}


def test_sqlite_has_no_gap_but_its_host(sqlite: Engines):
    assert durability_of(sqlite) == []


@OURS
def test_a_postgresql_that_does_not_flush_and_stands_alone_says_so(postgresql: Engines):
    """P5: an empty list of synchronous standbys is silently asynchronous."""
    gaps = {gap.code: gap.sentence for gap in durability_of(postgresql)}
    assert set(gaps) == {"postgres_fsync_off", "postgres_async_commit", "no_synchronous_standby"}
    assert "同步备库" in gaps["no_synchronous_standby"]


@OURS
def test_the_web_process_warns_of_the_same(postgresql: Engines, boat: Lifeboat):
    """P5: what ``/readyz?verbose`` shows beside a silent worker and a late batch."""
    boat = replace(boat, engines=postgresql, store=Store(postgresql))
    assert {trouble.code for trouble in DATABASE_COULD_LOSE.find(situation_of(boat))} >= {
        "postgres_fsync_off",
        "postgres_async_commit",
        "no_synchronous_standby",
    }


@pytest.mark.parametrize(
    ("switch", "code"),
    [
        ("on", None),
        ("remote_apply", None),
        ("off", "postgres_async_commit"),
        ("local", "postgres_local_commit"),
    ],
)
def test_a_commit_that_waits_for_less_than_a_standby_says_so(
    look_with: Callable[..., set[str]], switch: str, code: str | None
):
    """P5: ``local`` flushes here and asks no standby, whatever names are set."""
    said = look_with(options=f"-c synchronous_commit={switch}")
    assert said & {"postgres_async_commit", "postgres_local_commit"} == ({code} if code else set())


@pytest.mark.usefixtures("names_a_standby")
def test_a_standby_that_is_named_and_away_is_told_apart(look_with: Callable[..., set[str]]):
    assert look_with() & STANDBY == {"synchronous_standby_away"}


@pytest.mark.usefixtures("names_a_standby")
@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("VALUES ('sync')", set()),
        ("VALUES ('async'), ('quorum')", set()),
        ("VALUES ('async')", {"synchronous_standby_away"}),
        ("VALUES (NULL::text)", {"replication_unseen"}),
    ],
)
def test_a_standby_whose_state_we_may_not_see_is_not_called_away(
    look_with: Callable[..., set[str]], seen: str, said: set[str]
):
    """An account without ``pg_read_all_stats`` is shown NULL for every standby, which says nothing of it."""
    view = f"CREATE TEMPORARY VIEW pg_stat_replication (sync_state) AS {seen}"  # found before the system's own
    assert look_with(first=view) & STANDBY == said


@pytest.fixture
def look_with(postgresql: Engines) -> Callable[..., set[str]]:
    """Return what is said over a connection with options of its own, or one on which something was done first."""

    def look(*, options: str = "", first: str = "") -> set[str]:
        reader = create_engine(postgresql.writer.url, connect_args={"options": options})
        if first:
            event.listen(reader, "connect", lambda connection, _record: connection.execute(first))
        try:
            return {gap.code for gap in durability_of(Engines(writer=postgresql.writer, reader=reader))}
        finally:
            reader.dispose()

    return look


@pytest.fixture
def names_a_standby(postgresql: Engines) -> Iterator[None]:
    """Have the server wait for a standby that nobody has."""
    with postgresql.reader.connect() as connection:
        if (
            connection.exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").scalar()
            is not True
        ):
            pytest.skip("only a superuser may name a standby")
    _alter(postgresql, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try:
        _wait(postgresql, "nobody")
        yield
    finally:
        _alter(postgresql, "ALTER SYSTEM RESET synchronous_standby_names")
        _wait(postgresql, "")


def _alter(engines: Engines, sql: str) -> None:
    with engines.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(sql)
        connection.exec_driver_sql("SELECT pg_reload_conf()")


def _wait(engines: Engines, names: str) -> None:
    """Ask until the server has read its settings again; pytest's time-out ends a wait in vain."""
    with engines.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.exec_driver_sql("SHOW synchronous_standby_names").scalar() != names:
            pass
