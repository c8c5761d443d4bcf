"""商品 in the console and over HTTP: the figures, their export, and the stock list that stands beside them."""

import csv
import io
import re

import openpyxl
import pytest

from app.domain.states import HeldKind, OrderState
from app.notify.compose import Composer
from app.reconcile.goods import count_ended_goods
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order
from tests.deployment.web import Web

PLANTED = "<script>alert(1)</script>"
STOCK = "商品编码,可售库存\nSHOE,3\nSOCK,100\n".encode()


def _ordered(deployment: Deployment) -> None:
    """Take three orders of two shoes each: one on its way, one held, one cancelled."""
    orders = [new_order(f"K{n}", phone=f"1380000000{n}", items=[{"sku": "SHOE", "quantity": 2}]) for n in range(3)]
    deployment.notices.composed(*orders, new_order("S", items=[{"sku": "SOCK", "name": PLANTED, "quantity": 1}]))
    held, cancelled = (deployment.rows.order_id(orders[n].number) for n in (1, 2))
    with deployment.store.writing() as uow:
        uow.orders.hold([held], kind=HeldKind.INCOMPLETE, looks_like=None, reason="x")
        uow.orders.move([cancelled], OrderState.CANCELLED)
    count_ended_goods(deployment.store)


async def _listed(browser: Browser, file: bytes = STOCK) -> str:
    """Upload a stock list, apply it as its preview offers, and return the preview."""
    preview = (await browser.upload("/goods/stock", file, name="stock.csv")).text
    found = re.search(r'name="kept" value="([0-9a-f]+)"', preview)
    assert found, preview
    assert (await browser.post("/goods/stock/apply", {"kept": found[1]})).status_code == 303
    return preview


async def test_an_empty_page_says_what_comes_and_what_may_be_done_now(mei: Browser):
    page = await mei.reads("/goods")
    assert "还没有订单" in page
    assert "先看看会改什么" in page


async def test_the_page_shows_what_is_accepted_held_and_home(at_noon: Deployment, mei: Browser):
    _ordered(at_noon)
    page = await mei.reads("/goods")
    assert 'data-counted="4"' in page
    assert "6 件" in page
    assert "待确认 2 · 已进主系统 0 · 已取消或关闭 2" in page
    assert PLANTED not in page
    assert page.index('data-sku="SHOE"') < page.index('data-sku="SOCK"')


async def test_the_export_has_every_figure_and_runs_no_formula(at_noon: Deployment, mei: Browser):
    _ordered(at_noon)
    at_noon.notices.composed(new_order("F", phone="13800000009", items=[{"sku": "=cmd()", "quantity": 1}]))
    await _listed(mei)
    answer = await mei.get("/goods/export")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][0] == "商品编码"
    figures = {row[0]: row[2:] for row in rows[1:]}
    assert figures["SHOE"] == ["6", "2", "0", "2", "3", "1"]
    assert figures["'=cmd()"] == ["1", "0", "0", "0", "", ""]


async def test_a_stock_list_changes_nothing_until_it_is_applied(at_noon: Deployment, mei: Browser):
    _ordered(at_noon)
    preview = await mei.upload("/goods/stock", STOCK, name="stock.csv")
    assert 'data-skus="2"' in preview.text
    assert "还没有库存表" in await mei.reads("/goods")
    preview_text = await _listed(mei)
    assert "新增 2" in preview_text
    page = await mei.reads("/goods")
    assert 'data-over="1"' in page
    assert "超卖 1 件" in page
    with at_noon.store.reading() as uow:
        assert [d.action for d in uow.audit.page(limit=1)] == ["stock.list"]
    await mei.post("/goods/stock/clear")
    page = await mei.reads("/goods")
    assert "库存表已移除" in page
    assert "超卖" not in page.replace("不再提示超卖", "")


async def test_a_preview_of_somebody_else_is_not_applied(at_noon: Deployment, mei: Browser):
    zhang = await at_noon.console.signed_in("zhang")
    preview = (await mei.upload("/goods/stock", STOCK, name="stock.csv")).text
    found = re.search(r'name="kept" value="([0-9a-f]+)"', preview)
    assert found
    await zhang.post("/goods/stock/apply", {"kept": found[1]})
    assert "预览已过期" in await zhang.reads("/goods")
    with at_noon.store.reading() as uow:
        assert uow.goods.stock() == {}


async def test_a_workbook_is_read_and_rows_that_say_nothing_are_named(at_noon: Deployment, mei: Browser):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["库存导出 2026-11-22"],
        ["货号", "仓库", "库存数量"],
        ["SHOE", "东", 12],
        ["SHOE", "西", 3.0],
        ["", "东", 1],
    ):
        sheet.append(row)
    sheet.append(["SOCK", "东", "很多"])
    sheet.append(["CAP", "东", -5])
    data = io.BytesIO()
    book.save(data)
    preview = await _listed(mei, data.getvalue())
    assert "1 个编码出现多次，库存已相加" in preview
    assert "2 行没有采用" in preview
    assert "第 6 行" in preview
    with at_noon.store.reading() as uow:
        assert uow.goods.stock() == {"SHOE": 15, "CAP": 0}


@pytest.mark.parametrize("file", [b"", b"a,b\n1,2\n", "商品编码,库存\n".encode(), b"%PDF-1.4", b"PK\x03\x04nothing"])
async def test_a_file_that_is_no_stock_list_is_refused_in_a_sentence(at_noon: Deployment, mei: Browser, file: bytes):
    assert at_noon.door
    answer = await mei.upload("/goods/stock", file, name="stock.csv")
    assert answer.status_code == 422
    assert 'class="lb-flash lb-error"' in answer.text


async def test_who_may_only_read_sees_figures_and_no_form(at_noon: Deployment):
    _ordered(at_noon)
    page = await (await at_noon.console.signed_in("guest")).reads("/goods")
    assert "SHOE" in page
    assert "先看看会改什么" not in page


async def test_skus_over_http_are_paged_in_their_own_order(web: Web):
    intake = {"authorization": f"Bearer {await web.key('shop')}"}
    ops = {"authorization": f"Bearer {await web.key('it', scope='ops')}"}
    assert (await web.get("/v1/skus", headers=ops)).json() == {"items": [], "next": None}
    items = [{"sku": sku, "quantity": n} for sku, n in (("A", 1), ("B", 2), ("C", 3))]
    body = {"phone": "13800138000", "client_order_id": "S-1", "items": items}
    assert (await web.post("/v1/orders", json=body, headers=intake)).status_code == 201
    Composer(web.boat.store, web.boat.keyring, a_policy(), web.boat.clock).run_once()
    found, path = [], "/v1/skus?limit=2"
    while path:
        page = (await web.get(path, headers=ops)).json()
        found += page["items"]
        path = f"/v1/skus?limit=2&cursor={page['next']}" if page["next"] else ""
    assert [(one["sku"], one["accepted"]) for one in found] == [("A", 1), ("B", 2), ("C", 3)]
    assert found[0] | {"sku": "", "accepted": 0} == {
        **dict.fromkeys(("accepted", "held", "home", "closed", "beyond"), 0),
        "sku": "",
        "name": "",
        "stock": None,
    }
    assert (await web.get("/v1/skus", headers=intake)).status_code == 403
    assert (await web.get("/v1/skus?incident=E0", headers=ops)).status_code == 404
