"""``lifeboat changes``: listed, settled and fetched at a shell, as in the console."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import app as cli
from app.domain.actor import Actor, Way
from app.domain.order_change import ChangeKind, Wish
from app.orders.change import ask
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, KEYS, SHOP

Run = Callable[..., str]


@pytest.fixture
def run(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> Run:
    settings = on_sqlite.settings
    for name, value in (
        ("DATA_DIR", settings.data_dir),
        ("EXPORT_DIR", settings.export_dir),
        ("SECRET_KEY", settings.secret_key.get_secret_value()),
        ("SEAL_KEY", settings.seal_key.get_secret_value()),
    ):
        monkeypatch.setenv(f"LIFEBOAT_{name}", str(value))

    def run_once(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(cli, list(arguments))
        assert done.exit_code == code, done.output
        return str(done.output)

    return run_once


@pytest.fixture
def noted(on_sqlite: Deployment) -> tuple[list[str], str]:
    """Two orders of a batch that is out, both cancelled afterwards."""
    numbers = on_sqlite.door.some(2)
    (batch,) = on_sqlite.maker.run(HALF_PAST)
    for number in numbers:
        with on_sqlite.store.writing() as uow:
            preflight, by = on_sqlite.maker.preflight(), Actor("client:旗舰店", Way.HTTP)
            wish = Wish(kind=ChangeKind.CANCEL, reason="不要了")
            ask(uow, KEYS, number, wish, client_id=SHOP.client_id, preflight=preflight, by=by, now=HALF_PAST)
    return numbers, batch.name  # type: ignore[union-attr]


def test_changes_are_listed_settled_and_fetched(run: Run, noted: tuple[list[str], str]):
    numbers, batch = noted
    page = json.loads(run("changes", "list", "--json", "--limit", "1"))
    assert [one["order_number"] for one in page["items"]] == numbers[:1]
    rest = json.loads(run("changes", "list", "--json", "--after", page["next"]))
    assert ([one["order_number"] for one in rest["items"]], rest["next"]) == (numbers[1:], None)
    assert "取消" in run("changes", "list")
    first, second = page["items"][0]["id"], rest["items"][0]["id"]
    assert numbers[0] in run("changes", "settle", str(first), "done")
    run("changes", "settle", str(second), "refused", code=1)
    assert numbers[1] in run("changes", "settle", str(second), "refused", "--reason", "已发货")
    assert "没有待处理的变更" in run("changes", "list")
    file = json.loads(run("changes", "file", batch, "--json"))
    assert (file["batch"], file["rows"]) == (batch, 2)
    assert Path(file["path"]).name == f"{batch}.changes.csv"
    assert run("changes", "file", batch).strip().endswith(".changes.csv")
    run("changes", "file", "B1", code=1)
