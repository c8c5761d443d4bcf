"""What a database could still lose is said plainly; on both engines."""

import os

import pytest

from app.store.durability import durability_of
from app.store.engine import Engines


def test_sqlite_has_no_gap_but_its_host(sqlite: Engines):
    assert durability_of(sqlite) == []


@pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ, reason="what is expected here are the switches of our own test server"
)
def test_a_postgresql_that_does_not_flush_and_stands_alone_says_so(postgresql: Engines):
    """P5: an empty list of synchronous standbys is silently asynchronous."""
    gaps = {gap.code: gap.sentence for gap in durability_of(postgresql)}
    assert set(gaps) == {"postgres_fsync_off", "postgres_async_commit", "no_synchronous_standby"}
    assert "同步备库" in gaps["no_synchronous_standby"]


def test_a_standby_that_is_named_and_away_is_told_apart(postgresql: Engines):
    with postgresql.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if (
            connection.exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").scalar_one()
            is not True
        ):
            pytest.skip("only a superuser may name a standby")
        connection.exec_driver_sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    try:
        codes = _until(postgresql, "synchronous_standby_away")
    finally:
        with postgresql.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ALTER SYSTEM RESET synchronous_standby_names")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
    assert "no_synchronous_standby" not in codes
    _until(postgresql, "no_synchronous_standby")


def _until(engines: Engines, code: str) -> set[str]:
    """Ask until the server has read its settings again; pytest's time-out ends a wait in vain."""
    while code not in (codes := {gap.code for gap in durability_of(engines)}):
        pass
    return codes
