"""Where the URL names several PostgreSQL hosts, whichever of them takes orders is found, by writers and by readers."""

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from app.store.database.engine import Engines, open_engines, ping

NOBODY = "127.0.0.1:1"
"""A host that refuses, as one that was lost."""


@pytest.fixture(params=["", "read-write", "primary"])
def after_a_failover(request: pytest.FixtureRequest, postgresql: Engines) -> Iterator[Engines]:
    """Engines whose first host is gone and whose second one took over, for each way to ask for the primary."""
    url = make_url(postgresql.writer.url)
    there = url.query.get("host") or f"{url.host}:{url.port or 5432}"
    asked = {"target_session_attrs": request.param} if request.param else {}
    several = url.set(host=None, port=None, query={**url.query, "host": (NOBODY, str(there)), **asked})
    engines = open_engines(several.render_as_string(hide_password=False))
    yield engines
    engines.dispose()


def test_readers_and_writers_find_the_host_that_took_over(after_a_failover: Engines):
    """P5: ``read-write`` is what every guide says, and it must not shut out a reader that promises not to write."""
    ping(after_a_failover)
    with after_a_failover.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE written (n integer)")


def test_of_several_hosts_only_the_primary_is_asked_unless_told_otherwise(after_a_failover: Engines):
    """P6: a standby that answers first would refuse every order, and all of them would go to the spool."""
    for engine in (after_a_failover.writer, after_a_failover.reader):
        _, arguments = engine.dialect.create_connect_args(engine.url)
        assert arguments["target_session_attrs"] in {"primary", "read-write"}


def test_one_host_is_asked_as_the_url_says(postgresql: Engines):
    assert "target_session_attrs" not in postgresql.writer.url.query
