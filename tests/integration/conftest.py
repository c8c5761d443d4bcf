"""Commands, run on a deployment in the test's folder, and the fast lane on a port of its own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.bootstrap import Lifeboat
from app.cli.main import app
from app.store.commit.order_writer import NewOrder
from app.store.tables import Client
from tests.conftest import Web
from tests.deployment.facts import SECRETS, TEN
from tests.deployment.template import copy_migrated
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
def take(boat: Lifeboat) -> Callable[..., list[str]]:
    """Accept orders in the deployment the commands run on."""
    with boat.store.writing() as uow:
        uow._session.add(Client(id="c1", name="旗舰店", scope="intake", created_at=TEN))  # noqa: SLF001 - the client of ``new_order``

    def accept(*orders: NewOrder) -> list[str]:
        boat.writer().write(orders, [TEN] * len(orders))
        return [order.number for order in orders]

    return accept


@pytest.fixture
async def served(web: Web) -> AsyncIterator[Served]:
    """The fast lane of a running web process, on a port of this machine."""
    async with serving(web) as found:
        yield found
