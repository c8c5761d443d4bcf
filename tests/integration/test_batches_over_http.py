"""Batches, downloads, results, repair and the ledger as IT uses them over HTTP, and the same by command."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from app.access.clients import Scope
from app.bootstrap import Lifeboat, situation_of
from app.cli.main import app as cli
from app.watch.patrol import look
from app.watch.rules import RULES
from tests.deployment.web import Web
from tests.integration.test_cli_layouts import MINE

SCOPES: dict[str, Scope] = {"shop": "intake", "it": "ops"}
ORDER = {"phone": "13800138000", "items": [{"sku": "A-1", "quantity": 1, "unit_price": "599.00"}]}


@dataclass
class OverHttp:
    """A running web process, asked with a storefront's key or with IT's."""

    http: Web
    boat: Lifeboat
    intake: dict[str, str]
    ops: dict[str, str]

    async def order(self, n: int) -> str:
        body = {**ORDER, "client_order_id": f"S-{n}", "phone": f"138001380{n:02d}"}
        answer = await self.http.post("/v1/orders", json=body, headers=self.intake)
        assert answer.status_code == 201
        return str(answer.json()["order_number"])

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers={**self.ops, **headers})

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.post(path, headers={**self.ops, **more.pop("headers", {})}, **more)


@pytest.fixture
async def over_http(web: Web) -> OverHttp:
    intake, ops = [{"authorization": f"Bearer {await web.key(name, scope=scope)}"} for name, scope in SCOPES.items()]
    return OverHttp(web, web.boat, intake, ops)


async def test_a_page_of_batches_asks_as_much_for_many_as_for_one(over_http: OverHttp):
    asked: list[str] = []

    @contextmanager
    def counted() -> Iterator[None]:
        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if any(table in statement for table in ("FROM audit", "FROM import_result", "FROM incident")):
                asked.append(statement)  # and nothing that the process asks by itself meanwhile

        event.listen(over_http.boat.engines.reader, "before_cursor_execute", note)
        yield
        event.remove(over_http.boat.engines.reader, "before_cursor_execute", note)

    counts = []
    for n in range(3):
        await over_http.order(n)
        await over_http.post("/v1/batches")
        asked.clear()
        with counted():
            listed = (await over_http.get("/v1/batches")).json()["items"]
        counts.append(len(asked))
        assert [(item["incident"], item["downloads"], item["results"]) for item in listed] == [
            (listed[0]["incident"], 0, {})
        ] * (n + 1)
    assert counts == [3] * 3


async def test_a_batch_is_made_listed_downloaded_answered_repaired_and_balances(over_http: OverHttp):
    """P7, P10: each accepted order ends in exactly one final state, whatever IT uploads, and however often."""
    numbers = [await over_http.order(n) for n in range(3)]
    made = await over_http.post("/v1/batches")
    assert made.status_code == 201
    batch = made.json()["batch"]
    assert made.json()["orders"] == 3

    listed = (await over_http.get("/v1/batches")).json()
    assert [item["batch"] for item in listed["items"]] == [batch]
    assert listed["next"] is None
    assert (await over_http.get(f"/v1/batches/{batch}")).json()["sha256"] == made.json()["sha256"]

    first = await over_http.get(f"/v1/batches/{batch}/file?format=csv")
    assert first.headers["etag"] == f'"{made.json()["sha256"]}"'
    assert first.headers["x-previous-downloads"] == "0"
    assert all(number in first.text for number in numbers)
    assert (await over_http.get(f"/v1/batches/{batch}/file")).headers["x-previous-downloads"] == "1"
    assert (
        await over_http.get(f"/v1/batches/{batch}/file", **{"if-none-match": first.headers["etag"]})
    ).status_code == 304
    book = await over_http.get(f"/v1/batches/{batch}/file?format=xlsx")  # without anybody having asked for it
    assert book.headers["x-sha256"] == {f["format"]: f["sha256"] for f in made.json()["files"]}["xlsx"]
    assert openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0]["A2"].value in numbers

    said = f"应急单号,结果,主系统单号,原因\n{numbers[0]},成功,SO-1,\n{numbers[1]},失败,,商品编码不能为空\nLBNONSENSE00000,成功,,\n"
    report = (
        await over_http.post(
            f"/v1/batches/{batch}/import-results", content=said.encode(), headers={"content-type": "text/csv"}
        )
    ).json()
    assert (report["applied"], report["unchanged"], len(report["unmatched"])) == (2, 0, 1)
    again = await over_http.post(
        f"/v1/batches/{batch}/import-results", content=said.encode(), headers={"content-type": "text/csv"}
    )
    assert (again.json()["applied"], again.json()["unchanged"]) == (0, 2)
    contradicts = {"results": [{"order_number": numbers[0], "result": "duplicate"}]}
    assert len((await over_http.post(f"/v1/batches/{batch}/import-results", json=contradicts)).json()["conflicts"]) == 1

    repaired = await over_http.post(f"/v1/batches/{batch}/repair")
    assert repaired.json()["orders"] == 1
    assert repaired.json()["kind"] == "repair"
    assert (await over_http.post(f"/v1/batches/{batch}/repair")).json() == {"batch": None}
    results = [{"order_number": numbers[1], "result": "imported", "main_order_number": "SO-2"}]
    await over_http.post(f"/v1/batches/{repaired.json()['batch']}/import-results", json={"results": results})
    sheet = openpyxl.Workbook()
    sheet.active.append(["应急单号", "结果"])  # type: ignore[union-attr]
    sheet.active.append([numbers[2], "重复"])  # type: ignore[union-attr]
    raw = io.BytesIO()
    sheet.save(raw)
    sent = await over_http.post(f"/v1/batches/{batch}/import-results", files={"file": ("结果.xlsx", raw.getvalue())})
    assert sent.json()["applied"] == 1

    ledger = (await over_http.get("/v1/ledger")).json()
    assert (ledger["accepted"], ledger["imported"], ledger["duplicate"], ledger["balanced"]) == (3, 2, 1, True)
    told = (await over_http.http.get(f"/v1/orders/{numbers[1]}", headers=over_http.intake)).json()
    assert told["main_order_number"] == "SO-2"
    assert {"accepted", "batched", "failed", "imported"} <= {e["event"] for e in told["timeline"]}


async def test_a_storefronts_key_opens_no_batch_and_nothing_unknown_is_there(over_http: OverHttp):
    assert (await over_http.http.get("/v1/batches", headers=over_http.intake)).status_code == 403
    for path in ("/v1/batches/B1", "/v1/batches/B1/file", "/v1/ledger?incident=E1", "/v1/batches?incident=E1"):
        assert (await over_http.get(path)).status_code == 404
    assert (await over_http.post("/v1/batches")).json() == {"batch": None}
    assert (await over_http.post("/v1/batches/B1/import-results", json={"results": []})).status_code == 404


async def test_an_upload_beyond_the_limit_or_without_a_file_is_refused(over_http: OverHttp):
    await over_http.order(1)
    batch = (await over_http.post("/v1/batches")).json()["batch"]
    path = f"/v1/batches/{batch}/import-results"
    assert (await over_http.post(path, content=b"x" * (11 * 1024**2))).status_code == 413
    assert (await over_http.post(path, files={"file": b"x" * (11 * 1024**2)})).status_code == 413
    assert (
        await over_http.post(path, data={"a": "b"}, headers={"content-type": "multipart/form-data; boundary=x"})
    ).status_code in {400, 422}
    wrong = await over_http.post(path, content="一,二\n三,四\n".encode())
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_results")


async def test_a_page_of_batches_says_where_the_next_begins(over_http: OverHttp):
    made = []
    for n in range(3):
        await over_http.order(n)
        made.append((await over_http.post("/v1/batches")).json()["batch"])
    page = (await over_http.get("/v1/batches?limit=2")).json()
    assert [item["batch"] for item in page["items"]] == [made[2], made[1]]
    rest = (await over_http.get(f"/v1/batches?limit=2&cursor={page['next']}")).json()
    assert ([item["batch"] for item in rest["items"]], rest["next"]) == ([made[0]], None)


async def test_a_web_process_notices_a_silent_worker_and_a_late_batch(over_http: OverHttp):
    assert {trouble.code for one in look(RULES, situation_of(over_http.boat)) for trouble in one.troubles or ()} == {
        "worker_silent"
    }


async def test_the_commands_make_repair_and_answer_batches_beside_a_running_server(
    over_http: OverHttp, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
):
    numbers = [await over_http.order(n) for n in range(2)]
    settings = over_http.boat.settings
    for name in ("data_dir", "export_dir"):
        monkeypatch.setenv(f"LIFEBOAT_{name.upper()}", str(getattr(settings, name)))
    for name in ("secret_key", "seal_key"):
        if value := getattr(settings, name).get_secret_value():
            monkeypatch.setenv(f"LIFEBOAT_{name.upper()}", value)
    monkeypatch.setenv("LIFEBOAT_DATABASE_URL", settings.url_of_store)

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(cli, list(arguments))
        assert done.exit_code == code, done.output
        return done.output

    manifest = json.loads(run("export", "--json"))
    assert manifest["orders"] == 2
    assert json.loads(run("export", "--json")) == {"batch": None}
    assert "没有待进批次的订单" in run("export")
    upload = tmp_path / "result.csv"
    upload.write_text(f"应急单号,结果,原因\n{numbers[0]},成功,\n{numbers[1]},失败,缺码\nLBX,成功,\n", encoding="utf-8")
    assert json.loads(run("import-results", manifest["batch"], str(upload), "--json", code=1))["applied"] == 2
    assert "对不上 1 行" in run("import-results", manifest["batch"], str(upload), code=1)
    upload.write_text(f"应急单号,结果\n{numbers[0]},失败\n", encoding="utf-8")
    assert "未采纳" in run("import-results", manifest["batch"], str(upload), code=1)
    assert "补录" in run("repair", "--help")
    assert "订单 1 笔" in run("repair", manifest["batch"])
    assert "没有待补录的订单" in run("repair", manifest["batch"])
    assert "没有批次" in run("repair", "B-none", code=1)
    assert "台账平衡" in run("ledger", "--full")
    (settings.data_dir / "spool").mkdir(exist_ok=True)
    (settings.data_dir / "spool" / "spool-0.db.damaged-1").touch()
    assert "尚不能证明" in run("ledger", code=1)
    assert "spool-0.db.damaged-1" in run("doctor", code=1)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mine", "导出列表 mine 的文件有误：mine.toml 第 1 行：TOML 语法错误"),
        ("nowhere", "没有名为 nowhere 的导出列表，可用：generic"),
    ],
)
async def test_a_layout_that_cannot_be_had_is_told_and_nothing_is_begun(
    over_http: OverHttp, tmp_path: Path, name: str, sentence: str
):
    number = await over_http.order(1)
    layouts = tmp_path / "layouts"
    layouts.mkdir()
    file = layouts / "mine.toml"
    file.write_text("oops", encoding="utf-8") if name == "mine" else file.write_text(MINE, encoding="utf-8")
    settings = over_http.boat.settings.model_copy(update={"layouts_dir": layouts, "batch_columns": name})
    object.__setattr__(over_http.boat, "settings", settings)
    over_http.boat.__post_init__()  # as a process that was started with them
    answer = await over_http.post("/v1/batches")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert sentence in answer.json()["detail"]
    with over_http.boat.store.reading() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        assert row.batch_id is None
        assert uow.batches.unfinished(row.incident_id, kind="regular") is None
