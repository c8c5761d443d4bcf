"""The rest, contradictions and corrections as IT meets them over HTTP, and the same by command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli.main import app as cli
from tests.deployment.web import Web

Run = Callable[..., str]


class Desk:
    """A running web process, asked with a storefront's key and with IT's."""

    def __init__(self, web: Web, intake: dict[str, str], ops: dict[str, str]) -> None:
        self.web, self.intake, self.ops = web, intake, ops
        self.batch = ""

    async def batched(self, count: int) -> list[str]:
        """Return the numbers of new orders, in the order of the rows of their batch."""
        numbers = []
        for n in range(count):
            order = {"client_order_id": f"S-{n}", "phone": f"138001380{n:02d}", "items": [{"sku": "A", "quantity": 1}]}
            numbers.append((await self.web.post("/v1/orders", json=order, headers=self.intake)).json()["order_number"])
        self.batch = (await self.post("/v1/batches")).json()["batch"]
        return numbers

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.web.post(path, headers=self.ops, **more)

    async def get(self, path: str) -> dict[str, Any]:
        answer = await self.web.get(path, headers=self.ops)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def hear(self, said: str | list[dict[str, str]], query: str = "") -> httpx.Response:
        path = f"/v1/batches/{self.batch}/import-results{query}"
        return (
            await self.post(path, content=said.encode())
            if isinstance(said, str)
            else await self.post(path, json={"results": said})
        )


@pytest.fixture
async def desk(web: Web) -> Desk:
    keys = [await web.key(name, scope=scope) for name, scope in (("shop", "intake"), ("it", "ops"))]
    return Desk(web, *({"authorization": f"Bearer {key}"} for key in keys))


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Run:
    settings = desk.web.boat.settings
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


def imported(number: str, main: str) -> list[dict[str, str]]:
    return [{"order_number": number, "result": "imported", "main_order_number": main}]


async def test_the_rest_is_asked_for_confirmed_and_tried_over_http(desk: Desk):
    first, second = await desk.batched(2)
    said = "第 2 行 缺货\n"
    asked = await desk.hear(said, "?rest=imported")
    assert (asked.status_code, asked.json()["code"], asked.json()["would_import"]) == (409, "confirmation_required", 1)
    assert "其余" in asked.json()["detail"]
    tried = (await desk.hear(said, "?rest=imported&confirm=1&dry_run=true")).json()
    assert (tried["applied"], tried["dry_run"]) == (2, True)
    assert (await desk.get(f"/v1/orders/{second}"))["status"] == "batched"
    done = (await desk.hear(said, "?rest=imported&confirm=1")).json()
    assert (done["applied"], done["would_import"], done["ignored"], done["unread"]) == (2, None, [], [])
    assert [(await desk.get(f"/v1/orders/{n}"))["status"] for n in (first, second)] == ["batched", "imported"]


async def test_a_contradiction_is_listed_and_settled_over_http(desk: Desk):
    (number,) = await desk.batched(1)
    await desk.hear(imported(number, "M1"))
    assert len((await desk.hear(imported(number, "M2"))).json()["conflicts"]) == 1
    (one,) = (await desk.get("/v1/contradictions"))["items"]
    assert (one["order_number"], one["batch"], one["settlement"]) == (number, desk.batch, None)
    assert one["known"] == {"result": "imported", "main_order_number": "M1"}
    assert one["said"] == {"result": "imported", "main_order_number": "M2"}
    path = f"/v1/contradictions/{one['id']}/settle"
    assert (await desk.post(path, json={"decision": "take"})).status_code == 422
    assert (await desk.post(path, json={"decision": "perhaps", "reason": "x"})).status_code == 422
    assert (
        await desk.post("/v1/contradictions/999/settle", json={"decision": "keep", "reason": "x"})
    ).status_code == 404
    settled = await desk.post(path, json={"decision": "take", "reason": "已核实"})
    assert (settled.status_code, settled.json()["settlement"], settled.json()["settled_by"]) == (
        200,
        "corrected",
        "client:it",
    )
    assert (await desk.post(path, json={"decision": "keep", "reason": "x"})).status_code == 409
    assert (await desk.get(f"/v1/orders/{number}"))["main_order_numbers"] == ["M2"]
    assert (await desk.get("/v1/contradictions"))["items"] == []
    assert len((await desk.get("/v1/contradictions?state=all"))["items"]) == 1
    for n in range(3, 6):
        await desk.hear(imported(number, f"M{n}"))
    page = await desk.get("/v1/contradictions?limit=2")
    assert [i["said"]["main_order_number"] for i in page["items"]] == ["M3", "M4"]
    rest = await desk.get(f"/v1/contradictions?limit=2&cursor={page['next']}")
    assert ([i["said"]["main_order_number"] for i in rest["items"]], rest["next"]) == (["M5"], None)
    assert (await desk.web.get("/v1/contradictions", headers=desk.intake)).status_code == 403


async def test_a_final_word_is_corrected_over_http_and_shown_on_the_order(desk: Desk):
    (number,) = await desk.batched(1)
    await desk.hear([*imported(number, "M1"), *imported(number, "M2")])
    known = await desk.get(f"/v1/orders/{number}")
    assert (known["main_order_number"], known["main_order_numbers"]) == ("M1", ["M1", "M2"])
    path = f"/v1/orders/{number}/correct"
    for wrong in ({"to": "imported"}, {"to": "accepted", "reason": "x"}, {"to": "imported", "reason": " "}):
        assert (await desk.post(path, json=wrong)).status_code == 422
    assert (await desk.web.post(path, json={"to": "rejected", "reason": "x"}, headers=desk.intake)).status_code == 403
    answer = await desk.post(path, json={"to": "duplicate", "main": "M9", "reason": "主系统另有一单"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["main_order_numbers"]) == ("duplicate", ["M9"])
    assert "correct" in [event["event"] for event in answer.json()["timeline"]]
    assert (await desk.post(path, json={"to": "duplicate", "reason": "x"})).status_code == 409
    assert (await desk.post("/v1/orders/LB1/correct", json={"to": "duplicate", "reason": "x"})).status_code == 404


async def test_the_same_by_command(desk: Desk, run: Run, tmp_path: Path):
    first, second = await desk.batched(2)
    file = tmp_path / "errors.txt"
    file.write_text("第 2 行 缺货\n", encoding="utf-8")
    rest = ("import-results", desk.batch, str(file), "--rest", "imported")
    assert "其余 1 笔" in run(*rest, code=1)
    assert "试运行" in run(*rest, "--dry-run")
    assert json.loads(run(*rest, "--confirm", "1", "--dry-run", "--json"))["applied"] == 2
    assert "生效 2 笔" in run(*rest, "--confirm", "1")
    file.write_text(f"应急单号,结果\n{second},失败\n", encoding="utf-8")
    assert "lifeboat results contradictions" in run("import-results", desk.batch, str(file), code=1)
    (one,) = json.loads(run("results", "contradictions", "--json"))["items"]
    assert (one["order_number"], one["said"]["result"]) == (second, "failed")
    assert "待裁定" in run("results", "contradictions")
    assert "维持原状" in run("results", "settle", str(one["id"]), "keep", "--reason", "已核实")
    assert "没有等人裁定的矛盾" in run("results", "contradictions")
    assert "维持原状" in run("results", "contradictions", "--all")
    assert "已由" in run("results", "settle", str(one["id"]), "take", "--reason", "x", code=1)
    assert "已更正为" in run("orders", "correct", second.lower(), "--to", "batched", "--reason", "主系统删单")
    run("orders", "correct", second, "--to", "cancelled", code=2)
    assert "人工更正" in run("orders", "show", second)
    assert "没有要更正的" in run("orders", "correct", first, "--to", "batched", "--reason", "x", code=1)
