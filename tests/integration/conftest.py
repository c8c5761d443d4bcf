"""Commands, run on a deployment in the test's folder, and the fast lane on a port of its own."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli.main import app
from app.store.commit.order_writer import NewOrder
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import NOON, SECRETS
from tests.deployment.main_files import JUSHUITAN
from tests.deployment.template import copy_migrated
from tests.deployment.web import Web
from tests.fakes.clock import ClockAt
from tests.fakes.main_jushuitan import MainJushuitanFake
from tests.fakes.serving import serve
from tests.integration.fast_path_rig import Served, serving

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one command on a deployment in this test's folder."""
    copy_migrated(tmp_path / "data" / "lifeboat.db")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "data_dir": str(tmp_path / "data"),
        "export_dir": str(tmp_path / "exports"),
        **SECRETS,
    }.items():
        monkeypatch.setenv(f"LIFEBOAT_{name.upper()}", value)

    def command(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return command


@pytest.fixture
def take(on_sqlite: Deployment) -> Callable[..., list[str]]:
    """Accept orders in the deployment the commands run on."""
    door = on_sqlite.door

    def accept(*orders: NewOrder) -> list[str]:
        door.take(*orders)
        return [order.number for order in orders]

    return accept


@pytest.fixture
async def served(web: Web) -> AsyncIterator[Served]:
    """The fast lane of a running web process, on a port of this machine."""
    async with serving(web) as found:
        yield found


@pytest.fixture
def at_noon(tmp_path: Path) -> Iterator[Deployment]:
    """A deployment on SQLite, at ten past twelve, whose door knows the client ``c1``."""
    made = Deployment(tmp_path, clock=ClockAt(NOON))
    assert made.door
    yield made
    made.close()


@pytest.fixture
async def mei(at_noon: Deployment) -> Browser:
    """The browser of somebody of operations, who has signed in."""
    return await at_noon.console.signed_in("mei")


@pytest.fixture
def jst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainJushuitanFake]:
    """A fake 聚水潭 that is the main system of the deployment the commands run on, and that is asked without rests."""

    async def at_once(_pace: object) -> None: ...

    monkeypatch.setattr("app.outbound.pace.CallPace.turn", at_once)
    fake = MainJushuitanFake(shops=(101, 102))
    monkeypatch.setenv("JST_SECRET", "lb-secret-01")
    monkeypatch.setenv("JST_TOKEN", "lb-token-01")
    monkeypatch.setenv("LIFEBOAT_MAIN_SYSTEM", str(tmp_path / "erp.toml"))
    with serve(fake.app()) as url:
        (tmp_path / "erp.toml").write_text(f'address = "{url}"\n{JUSHUITAN}', encoding="utf-8")
        yield fake
