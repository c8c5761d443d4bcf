"""Events from a file, at the console and the command line: looked at, taken once, what is wrong named and passed over."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from app.store.tables import Audit, OrderFlow, StoredEvent
from app.web.console.pages import events_import as page_of
from tests.deployment import Deployment
from tests.deployment.console import Browser, Console
from tests.deployment.facts import hours
from tests.deployment.rows import Rows
from tests.deployment.web import Web
from tests.integration.conftest import Run

PLANTED = "<script>alert(1)</script>\u202e"
HEADED = "订单号,下单时间,付款时间,审核时间,发货时间\n"
GOOD = HEADED + "A1,2026-11-21 08:00,2026-11-21 08:01,,\nA2,2026-09-01 08:00,2026-09-01 08:01,2026-09-01 08:30,\n"
WRONG = HEADED + "A1,2026-11-21 08:00,bad,,\n,2026-11-21 08:00,,,\nA3,2026-11-21 08:00,,,9999-01-01 00:00\n"


@pytest.fixture
async def mei(web: Web) -> Browser:
    """Somebody of operations."""
    return await Console(web.boat, web.app).signed_in("mei")


async def _previewed(browser: Browser, file: bytes, *, name: str = "events.csv", **fields: str) -> str:
    answer = await browser.upload("/health/events", file, name=name, fields=fields)
    assert answer.status_code == 200, answer.text
    return answer.text


def _carried(page: str) -> dict[str, str]:
    """Return the fields of a preview's form, all but its token."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: value for name, value in found if name != "csrftoken"}


async def _imported(browser: Browser, file: bytes, **fields: str) -> str:
    answer = await browser.post("/health/events/apply", _carried(await _previewed(browser, file, **fields)))
    assert answer.status_code == 303, answer.text
    return await browser.reads(answer.headers["location"].removeprefix("/console"))


async def test_nothing_is_stored_before_it_is_applied_and_then_nothing_twice(web: Web, mei: Browser):
    rows = Rows(web.boat.store)
    page = await _previewed(mei, GOOD.encode("gb18030"), channel="天猫")
    assert 'data-new="5" data-known="0" data-wrong="0"' in page
    assert 'data-past="1"' in page
    assert 'data-open="1" data-over="1"' in page
    assert rows.count(StoredEvent) == 0
    told = await _imported(mei, GOOD.encode("gb18030"), channel="天猫")
    assert "导入 5 个事件；此前已知 0 个" in told
    assert 'data-stage="2"' in told  # the page of health shows what only a file has told
    stored = rows.all(select(OrderFlow).order_by(OrderFlow.order_ref))
    assert [(one.order_ref, one.channel, one.stage) for one in stored] == [("A1", "天猫", 2), ("A2", "天猫", None)]
    assert 'data-new="0" data-known="5"' in await _previewed(mei, GOOD.encode(), channel="天猫")
    assert "导入 0 个事件；此前已知 5 个" in await _imported(mei, GOOD.encode(), channel="天猫")
    assert rows.count(StoredEvent) == 5


async def test_what_is_wrong_is_named_and_given_as_a_sheet_and_the_rest_comes_in(web: Web, mei: Browser):
    page = await _previewed(mei, WRONG.encode())
    assert 'data-new="2" data-known="0" data-wrong="3"' in page
    assert 'data-row="2" data-code="not_a_time"' in page
    errors = await mei.post("/health/events/errors", _carried(page))
    assert errors.headers["content-disposition"] == 'attachment; filename="events-errors.csv"'
    lines = errors.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "行,列,代码,原因"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["2", "付款时间", "not_a_time"],
        ["3", "订单号", "no_order"],
        ["4", "发货时间", "no_time"],
    ]
    assert "3 处有误" in await _imported(mei, WRONG.encode())
    assert {one.order_ref for one in Rows(web.boat.store).all(select(OrderFlow))} == {"A1", "A3"}


async def test_a_long_import_goes_on_press_by_press(web: Web, mei: Browser, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page_of, "AT_MOST", 1)
    monkeypatch.setattr("app.watch.stages.import_events.ORDERS_AT_A_TIME", 1)
    answer = await mei.post("/health/events/apply", _carried(await _previewed(mei, GOOD.encode())))
    assert answer.status_code == 200
    assert 'data-left="3"' in answer.text
    assert "data-go-on" in answer.text
    answer = await mei.post("/health/events/apply", _carried(answer.text))
    assert answer.status_code == 303
    assert "导入 5 个事件；此前已知 0 个" in await mei.reads("/health")
    assert Rows(web.boat.store).count(StoredEvent) == 5


async def test_who_imported_which_file_is_written_down_with_a_harmless_name(web: Web, mei: Browser):
    page = await _previewed(mei, GOOD.encode(), name=f"{PLANTED}{'x' * 200}.csv")
    assert "<script>alert" not in page
    await mei.post("/health/events/apply", _carried(page) | {"name": f"{PLANTED}{'x' * 200}.csv"})
    (deed,) = Rows(web.boat.store).all(select(Audit).where(Audit.action == "events.import"))
    assert (deed.actor, deed.way, deed.detail["rows"], deed.detail["events"]) == ("mei", "console", 2, 5)
    assert len(deed.detail["file"]) == 80
    assert not {"<", "\u202e"} & set(deed.detail["file"])


async def test_what_a_file_says_is_inert_and_what_is_none_is_refused(mei: Browser):
    file = f"订单号,环节,时间,{PLANTED}\n{PLANTED},{PLANTED},{PLANTED},x\n=1+1,付款,2026-11-21 08:00,\n"
    page = await _previewed(mei, file.encode(), channel=PLANTED.replace("\u202e", ""))
    assert "<script>alert" not in page
    assert "\u202e" not in page
    errors = await mei.post("/health/events/errors", _carried(page))
    assert "\u202e" not in errors.text.splitlines()[0]
    for data in (b"", b"a,b\n1,2\n", b"PK\x03\x04" + b"\x00" * 500):
        assert (await mei.upload("/health/events", data)).status_code == 422
    assert (await mei.post("/health/events", {})).status_code == 422


async def test_a_preview_that_is_gone_or_somebody_elses_changes_nothing(web: Web, mei: Browser):
    carried = _carried(await _previewed(mei, GOOD.encode()))
    other = await Console(web.boat, web.app).signed_in("boss")
    for browser, fields in ((other, carried), (mei, {**carried, "kept": "0" * 32})):
        for what in ("apply", "errors"):
            answer = await browser.post(f"/health/events/{what}", fields)
            assert answer.status_code == 303
        assert "预览已过期" in await browser.reads("/health/events")
    assert Rows(web.boat.store).count(StoredEvent) == 0


async def test_the_template_filled_in_is_a_list_and_left_as_it_is_imports_nothing(mei: Browser):
    sheet = (await mei.get("/health/events/template")).content
    assert 'data-new="0" data-known="0" data-wrong="2"' in await _previewed(mei, sheet)
    filled = sheet.decode("utf-8-sig").replace("示例行，请删除", "A1").replace("示例 ", "")
    now = datetime.now(UTC)
    assert now.year > 2000
    page = await _previewed(mei, filled.replace("2026-11-22", "2026-11-20").encode())
    assert 'data-new="2" data-known="0" data-wrong="0"' in page


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _recent() -> str:
    began = datetime.now(UTC) - hours(2)  # a command has the clock of this machine
    cells = ",".join(f"{(began + hours(n)).isoformat(timespec='seconds')}" for n in range(2))
    return f"{HEADED}A1,{cells},,\n"


def test_the_command_tells_what_it_would_do_and_does_it_once(run: Run, on_sqlite: Deployment, tmp_path: Path):
    file = _file(tmp_path, _recent())
    words = ("watch", "events", "import", file, "--channel", "天猫")
    looked = json.loads(run(*words, "--dry-run", "--json").output)
    assert (looked["new"], looked["marks"], looked["channels"]) == (2, {"placed": 1, "paid": 1}, {"天猫": 2})
    assert on_sqlite.rows.count(StoredEvent) == 0
    assert "可导入 2 个事件" in run(*words, "--dry-run").output
    assert json.loads(run(*words, "--json").output) == {"applied": 2, "unchanged": 0, "left": 0, "rejected": []}
    assert "此前已知 2 个" in run(*words).output
    (flow,) = on_sqlite.rows.all(select(OrderFlow))
    assert (flow.channel, flow.stage) == ("天猫", 2)
    assert {one.source for one in on_sqlite.rows.all(select(StoredEvent))} == {"file"}


def test_the_command_ends_with_1_where_something_is_wrong_and_takes_the_rest(
    run: Run, on_sqlite: Deployment, tmp_path: Path
):
    file = _file(tmp_path, _recent() + "A2,bad,,,\n")
    told = json.loads(run("watch", "events", "import", file, "--source", "erp", "--history", "--json", code=1).output)
    assert (told["applied"], [(one["row"], one["column"], one["code"]) for one in told["rejected"]]) == (
        2,
        [(3, "下单时间", "not_a_time")],
    )
    assert "第" not in run("watch", "events", "import", file, "--dry-run", code=1).output.splitlines()[0]
    (flow,) = on_sqlite.rows.all(select(OrderFlow))
    assert flow.stage is None
    assert "没有找到表头" in run("watch", "events", "import", _file(tmp_path, "a,b\n1,2\n"), code=1).output
