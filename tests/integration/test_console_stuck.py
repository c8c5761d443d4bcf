"""现在卡在哪里 and the table: on a page, as a file, over HTTP and from the command line; worded anew by whoever may."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from app.domain.marks import Mark
from app.watch.stages.take_events import take_events
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.events import reported
from tests.deployment.facts import NOON, minutes
from tests.integration.conftest import Run

SAID = [
    ("P0", {"status": "wdt:30", "freeze_reason": "地址异常"}),
    ("=HYPERLINK(1)", {"stockout_status": "wdt:51"}),
    ("P2", {"stockout_status": "wdt:51"}),
    ("P3", {"status": "<img src=x>"}),
]


def tell(deployment: Deployment, *, now: datetime = NOON) -> None:
    events = [
        reported(
            order,
            mark,
            now - minutes(90 + n) + minutes(1 if mark is Mark.STATUS else 0),
            **(said if mark is Mark.STATUS else {}),
        )
        for n, (order, said) in enumerate(SAID)
        for mark in (Mark.PAID, Mark.STATUS)
    ]
    assert take_events(deployment.store, events, now=now).applied == 2 * len(SAID)


def types(page: str) -> dict[str, int]:
    return {code: int(n) for code, n in re.findall(r'data-type="(\w+)" data-count="(\d+)"', page)}


async def test_the_page_says_what_orders_are_stuck_on_and_whose_they_are(at_noon: Deployment, mei: Browser):
    assert "没有滞留的订单" in await mei.reads("/stuck")
    tell(at_noon)
    page = await mei.reads("/stuck")
    assert types(page) == {"stock": 2, "risk": 1, "unclassified": 1}
    assert 'data-stuck="4"' in page
    assert "归 仓储 / 采购" in page
    assert "1 小时 32 分钟" in page
    assert "<img" not in page.partition('data-unnamed="1"')[2]
    alone = await mei.reads("/stuck?type=stock")
    assert types(alone) == {"stock": 2}


async def test_the_list_can_be_taken_along_and_its_cells_do_nothing(at_noon: Deployment, mei: Browser):
    tell(at_noon)
    answer = await mei.get("/stuck/export")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("单号,渠道,环节")
    assert not any(line.startswith("=") for line in lines)
    assert any("缺货" in line for line in lines)


async def test_a_line_is_worded_anew_and_the_page_says_so_at_once(at_noon: Deployment, mei: Browser):
    tell(at_noon)
    words = {"owner": "采购部", "meaning": "缺货", "say": "暂时缺货，可换同款", "next": "下架", "seen": "0"}
    answer = await mei.post("/stuck/table/stock", words)
    assert answer.status_code == 303
    page = await mei.reads("/stuck?type=stock")
    assert "归 采购部" in page
    assert "暂时缺货，可换同款" in page
    table = await mei.reads("/stuck/table")
    assert "mei" in table
    assert "第 1 版" in table
    await mei.post("/stuck/table/stock", {**words, "owner": "仓储部"})  # from a page that is older than that
    assert "归 采购部" in await mei.reads("/stuck?type=stock")
    for wrong in ({**words, "seen": "x"}, {**words, "seen": "1", "say": " "}):
        assert (await mei.post("/stuck/table/stock", wrong)).status_code == 303
    assert (await mei.post("/stuck/table/no_such", words)).status_code == 303
    assert "第 1 版" in await mei.reads("/stuck/table")


async def test_a_wrong_table_of_the_merchants_is_told_and_the_shipped_one_serves(
    at_noon: Deployment, mei: Browser, tmp_path: Path
):
    tell(at_noon)
    path = tmp_path / "mine.toml"
    path.write_text('[[line]]\ncode = "x1"\n')
    object.__setattr__(at_noon.boat.settings, "triage_table", path)
    page = await mei.reads("/stuck")
    assert "自己的对照表不能用" in page
    assert types(page)["stock"] == 2


def test_machines_and_the_command_line_are_told_the_same(run: Run, on_sqlite: Deployment):
    assert "没有滞留的订单" in run("watch", "stuck").output
    tell(on_sqlite, now=datetime.now(UTC))  # a command has the clock of this machine
    shown = run("watch", "stuck").output
    assert "库存不足" in shown
    assert "P2" in shown
    told = json.loads(run("watch", "stuck", "--json").output)
    assert (told["stuck"], told["cut"]) == (4, False)
    first = told["groups"][0]
    assert (first["code"], first["count"], first["stale"], first["reviewed_by"]) == ("stock", 2, True, None)
    assert first["orders"][0]["said"] == {"stockout_status": "wdt:51"}
    assert told["unnamed"] == [{"fact": "status", "code": "<img src=x>", "orders": 1}]


def promise(deployment: Deployment, order: str, left: int, *, now: datetime = NOON) -> None:
    promised_at = (now + minutes(left)).isoformat()
    event = reported(order, Mark.PAID, now - minutes(20), promised_at=promised_at, priority="high")
    assert take_events(deployment.store, [event], now=now).applied == 1


async def test_promises_that_are_broken_or_break_soon_are_listed(at_noon: Deployment, mei: Browser):
    assert "没有已超时或即将超时的订单" in await mei.reads("/stuck/promises")
    for order, left in (("A", -70), ("B", 90), ("C", 300)):
        promise(at_noon, order, left)
    page = await mei.reads("/stuck/promises?hours=2")
    assert re.findall(r'data-order="(\w)"', page) == ["A", "B"]
    assert "超 1 小时 10 分钟" in page
    assert "剩 1 小时 30 分钟" in page
    assert re.findall(r'data-order="(\w)"', await mei.reads("/stuck/promises?hours=8")) == ["A", "B", "C"]
    assert re.findall(r'data-order="(\w)"', await mei.reads("/stuck/promises?hours=x")) == ["A", "B"]


def test_the_command_line_tells_of_promises_too(run: Run, on_sqlite: Deployment):
    assert "没有已超时或即将超时的订单" in run("watch", "promises").output
    now = datetime.now(UTC)
    promise(on_sqlite, "A", -70, now=now)
    promise(on_sqlite, "B", 90, now=now)
    assert "已超时" in run("watch", "promises").output
    told = json.loads(run("watch", "promises", "--hours", "1", "--json").output)
    assert ([one["order"] for one in told["broken"]], told["soon"], told["hours"]) == (["A"], [], 1)
    assert told["broken"][0]["priority"] == "high"
    assert -72 <= told["broken"][0]["left"] <= -70
