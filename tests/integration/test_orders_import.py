"""Orders from a file, at the console and the command line: looked at, accepted once, the broken row named and passed over."""

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.bootstrap import Lifeboat
from app.domain.own_clients import BY_FILE
from app.intake.order_file import LABELS, UnreadableOrders, read_orders_apart
from app.store.commit.order_writer import NewOrder, Stored
from app.store.tables import OrderRow
from tests.deployment.console import Browser, Console
from tests.deployment.web import Web
from tests.integration.conftest import Run

PLANTED = "<script>alert(1)</script>\u202e"
HEADED = "店铺单号,手机号,收件人姓名,详细地址,商品编码,商品名称,数量,单价,付款状态\n"
GOOD = (
    HEADED + "S-1,13800138001,张三,文三路 1 号,SHOE,跑步鞋,2,¥599.00,已付款\n"
    "S-1,13800138001,张三,文三路 1 号,SOCK,袜子,1,9.9,已付款\n"
    "S-2,+86 138-0013-8002,李四,人民路 2 号,SHOE,跑步鞋,1,599,未付款\n"
)


@pytest.fixture
async def mei(web: Web) -> Browser:
    """Somebody of operations."""
    return await Console(web.boat, web.app).signed_in("mei")


def _rows(boat: Lifeboat) -> list[OrderRow]:
    with boat.store.reading() as uow:
        return sorted(uow.inflow.newest(limit=50), key=lambda row: row.id or 0)


async def _previewed(browser: Browser, file: bytes, *, name: str = "orders.csv") -> str:
    answer = await browser.upload("/orders/import", file, name=name)
    assert answer.status_code == 200, answer.text
    return answer.text


async def _imported(browser: Browser, file: bytes) -> str:
    """Upload a file, apply its preview, and return the page that tells what happened."""
    kept = re.findall(r'name="kept" value="([0-9a-f]+)"', await _previewed(browser, file))[0]
    answer = await browser.post("/orders/import/apply", {"kept": kept})
    assert answer.status_code == 303
    return await browser.reads(answer.headers["location"].removeprefix("/console"))


async def test_nothing_is_accepted_before_it_is_applied_and_then_nothing_twice(web: Web, mei: Browser):
    page = await _previewed(mei, GOOD.encode())
    assert 'data-new="2" data-known="0" data-wrong="0"' in page
    assert "¥1,806.90" in page
    assert not _rows(web.boat)
    assert "受理 2 笔；此前已受理 0 笔" in await _imported(mei, GOOD.encode())
    first, second = _rows(web.boat)
    assert (first.client_id, first.client_order_id, first.total_fen, first.priority) == ("file", "S-1", 120790, "high")
    assert (second.client_order_id, second.total_fen) == ("S-2", 59900)
    with web.boat.store.reading() as uow:
        (deed,) = uow.audit.of(first.number, "order.by_file")
    assert (deed.actor, deed.way, deed.detail["row"]) == ("mei", "console", 2)
    assert "从文件导入" in await mei.reads(f"/orders/{first.number}")
    assert BY_FILE.name in await mei.reads("/orders")
    assert 'data-new="0" data-known="2"' in await _previewed(mei, GOOD.encode())
    assert "受理 0 笔；此前已受理 2 笔" in await _imported(mei, GOOD.encode())
    assert len(_rows(web.boat)) == 2
    with web.boat.store.reading() as uow:
        assert len(uow.audit.of(first.number, "order.by_file")) == 1


async def test_a_broken_row_is_named_by_row_column_and_reason_and_the_others_come_in(web: Web, mei: Browser):
    rows = [f"N-{n},138001{n:05d},王五,路 {n} 号,SHOE,,1,1.00,已付款" for n in range(1200)]
    rows[700] = "N-700,1.38E+10,王五,路 700 号,SHOE,,1,1.00,已付款"
    page = await _previewed(mei, (HEADED + "\n".join(rows)).encode())
    assert 'data-new="1199" data-known="0" data-wrong="1"' in page
    assert 'data-row="702">第 702 行，<bdi class="lb-said">手机号' in page
    assert "科学计数" in page
    told = await _imported(mei, (HEADED + "\n".join(rows)).encode())
    assert "受理 1,199 笔" in told
    assert "第 702 行 手机号" in told
    rows[700] = "N-700,13800138000,王五,路 700 号,SHOE,,1,1.00,已付款"
    assert "受理 1 笔；此前已受理 1,199 笔" in await _imported(mei, (HEADED + "\n".join(rows)).encode())


async def test_a_shop_number_that_came_with_other_content_is_told_and_changes_nothing(web: Web, mei: Browser):
    await _imported(mei, GOOD.encode())
    told = await _imported(mei, GOOD.replace("SHOE,跑步鞋,1,599", "SHOE,跑步鞋,3,599").encode())
    assert "此前已导入过，内容不同" in told
    assert [row.total_fen for row in _rows(web.boat)] == [120790, 59900]


async def test_without_a_shop_number_a_row_is_known_by_its_words_and_its_place(web: Web, mei: Browser):
    file = "phone,sku,qty,price\n13800138001,SHOE,1,5\n13800138001,SHOE,1,5\n坏,SHOE,1,5\n"
    page = await _previewed(mei, file.encode())
    assert "2 笔没有店铺单号" in page
    await _imported(mei, file.encode())
    mended = file.replace("坏", "13800138003")
    assert "受理 1 笔；此前已受理 2 笔" in await _imported(mei, mended.encode())
    assert len(_rows(web.boat)) == 3


async def test_what_a_file_says_is_inert(web: Web, mei: Browser):
    file = f"手机号,商品编码,数量,备注,{PLANTED}\n13800138001,{PLANTED},1,{PLANTED},x\n{PLANTED},A,1,x,x\n"
    for page in (await _previewed(mei, file.encode()), await _imported(mei, file.encode())):
        assert "<script>alert" not in page
        assert "\u202e" not in page
    refused = await mei.upload("/orders/import", b"PK\x03\x04" + b"\x00" * 500, name="x.xlsx")
    assert refused.status_code == 422
    for data in (b"", b"a,b\n1,2\n", "手机号,商品编码,数量\n".encode()):
        assert (await mei.upload("/orders/import", data)).status_code == 422


async def test_a_preview_is_somebodys_own_and_is_applied_once(web: Web, mei: Browser):
    kept = re.findall(r'name="kept" value="([0-9a-f]+)"', await _previewed(mei, GOOD.encode()))[0]
    zhang = await Console(web.boat, web.app).signed_in("zhang")
    await zhang.post("/orders/import/apply", {"kept": kept})
    assert "预览已过期" in await zhang.reads("/orders/import")
    assert not _rows(web.boat)


async def test_the_template_has_every_column_and_its_example_is_no_order(mei: Browser):
    answer = await mei.get("/orders/import/template")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == list(LABELS.values())
    found = read_orders_apart(answer.content, "t")
    assert not found.orders
    assert {one.row for one in found.wrong} == {2}


async def test_while_the_store_is_away_the_spool_takes_a_file(web: Web, mei: Browser):
    runtime = web.app.runtime
    writer, runtime.commit._store_thread._target = runtime.commit._store_thread._target, _Away()  # noqa: SLF001 - the database goes away
    assert "受理 2 笔" in await _imported(mei, GOOD.encode())
    assert not _rows(web.boat)
    runtime.commit._store_thread._target = writer  # noqa: SLF001 - and comes back
    assert (await runtime.drain()).brought == 2
    assert len(_rows(web.boat)) == 2


class _Away:
    def write(self, _batch: Sequence[NewOrder], _moments: Sequence[datetime]) -> list[Stored]:
        raise OSError("away")


# ---- what a file may say


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        ("S,138****1234,张三,路,A,,1,1,", "手机号", "打码"),
        ("S,1.38E+10,张三,路,A,,1,1,", "手机号", "科学计数"),
        ("S,,张三,路,A,,1,1,", "手机号", "手机号须为"),
        ("3.30123E+18,13800138000,张三,路,A,,1,1,", "店铺单号", "科学计数"),
        ("S,13800138000,张三,路,6.9E+12,,1,1,", "商品编码", "科学计数"),
        ("S,13800138000,张三,????,A,,1,1,", "详细地址", "乱码"),
        ("S,13800138000,张三,浙江省*路*号,A,,1,1,", "详细地址", "打码"),
        ("S,13800138000,张三,路,,,1,1,", "商品编码", "不能为空"),
        ("S,13800138000,张三,路,A,,两双,1,", "数量", "须为整数"),
        ("S,13800138000,张三,路,A,,0,1,", "数量", "不能小于 1"),
        ("S,13800138000,张三,路,A,,1,-5,", "单价", "金额须为"),
        ("S,13800138000,张三,路,A,,1,1.999,", "单价", "金额须为"),
        ("S,13800138000,张三,路,A,,1,1,谁知道", "付款状态", "不认识"),
    ],
)
def test_what_cannot_be_an_order_is_refused_by_row_and_column(row: str, column: str, why: str):
    found = read_orders_apart((HEADED + row + "\nOK,13800138000,李四,路,A,,1,1,已付款\n").encode(), "f")
    assert [one.order.client_order_id for one in found.orders] == ["OK"]
    assert [(one.row, one.column) for one in found.wrong] == [(2, column)]
    assert why in found.wrong[0].why


def test_rows_of_one_number_that_contradict_each_other_are_no_order():
    file = HEADED + "S,13800138000,张三,路,A,,1,1,\nS,13800138001,张三,路,B,,1,1,\n"
    found = read_orders_apart(file.encode(), "f")
    assert not found.orders
    assert found.wrong[0] == (3, "手机号", "与第 2 行同一店铺单号，但手机号不同")


def test_a_workbook_is_read_as_a_spreadsheet_keeps_it():
    book = openpyxl.Workbook()
    book.active.append(["订单导出 2026"])  # type: ignore[union-attr]
    book.active.append(["*手机号", "商品编码（必填）", "数量", "单价", "店铺单号"])  # type: ignore[union-attr]
    book.active.append([13800138000, 1001, 2.0, 199.99, "S-1"])  # type: ignore[union-attr]
    book.active.append([13800138000, 1001, 1, 1, 1234567890123456789])  # type: ignore[union-attr]
    data = io.BytesIO()
    book.save(data)
    found = read_orders_apart(data.getvalue(), "f")
    (one,) = found.orders
    assert (one.order.phone, one.order.items[0].sku, one.order.items[0].quantity) == ("13800138000", "1001", 2)
    assert one.order.items[0].unit_price == 19999
    assert [(row, column) for row, column, _ in found.wrong] == [(4, "店铺单号")]


def test_a_file_without_the_columns_says_which_it_needs():
    with pytest.raises(UnreadableOrders, match="手机号"):
        read_orders_apart("电话,数量\n1,2\n".encode(), "f")


# ---- at the command line


def test_the_command_looks_imports_and_takes_nothing_twice(run: Run, tmp_path: Path, boat: Lifeboat):
    file = tmp_path / "orders.csv"
    file.write_text(GOOD + "S-3,1.38E+10,赵六,路,A,,1,1,\n", "utf-8")

    def told(*more: str) -> Any:
        return json.loads(run("orders", "import", str(file), *more, "--json", code=1).stdout)

    wrong = told("--dry-run")
    assert (wrong["would_accept"], wrong["known"]) == (2, 0)
    assert [(one["row"], one["column"]) for one in wrong["wrong"]] == [(5, "手机号")]
    assert not _rows(boat)
    assert told("--yes")["accepted"] == 2
    again = told("--yes")
    assert (again["accepted"], again["known"], again["left"]) == (0, 2, 0)
    first, _ = _rows(boat)
    with boat.store.reading() as uow:
        (deed,) = uow.audit.of(first.number, "order.by_file")
    assert (deed.way, deed.detail) == ("cli", {"file": "orders.csv", "row": 2})
    file.write_text(GOOD, "utf-8")
    assert "此前已受理 2 笔" in run("orders", "import", str(file)).stdout
    assert "可受理 0 笔" in run("orders", "import", str(file), "--dry-run").stdout
    file.write_text("a,b\n1,2\n", "utf-8")
    assert "没有找到表头" in run("orders", "import", str(file), code=1).stderr
