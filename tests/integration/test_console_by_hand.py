"""代客下单: what somebody types for a customer is one order, whatever is clicked, and nothing typed is lost."""

import re
from collections.abc import Sequence
from datetime import datetime

import httpx
import pytest

from app.domain.own_clients import BY_HAND
from app.domain.states import OrderState
from app.store.commit.order_writer import NewOrder, Stored
from app.store.tables import OrderRow
from tests.deployment.console import Browser, Console
from tests.deployment.web import Web

PLANTED = "<script>alert(1)</script>\u202e"
TYPED = {
    "phone": "138 0013 8000",
    "name": "欧阳小红",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "address": "文三路 1 号",
    "sku-0": "SHOE",
    "title-0": "跑步鞋",
    "quantity-0": "3",
    "price-0": "199.99",
    "freight": "0.1",
    "status": "paid",
    "note": "放门口",
}


@pytest.fixture
async def lan(web: Web) -> Browser:
    """Somebody of the service desk."""
    return await Console(web.boat, web.app).signed_in("lan")


def _tokens(page: str) -> dict[str, str]:
    return {name: re.findall(rf'name="{name}" value="([0-9a-f]{{32}})"', page)[0] for name in ("key", "fresh")}


def _rows(web: Web) -> list[OrderRow]:
    with web.boat.store.reading() as uow:
        return list(uow.inflow.newest(limit=10))


async def _sent(browser: Browser, **changed: str) -> httpx.Response:
    """Open the form, fill it in and send it."""
    return await browser.post("/orders/new", {**TYPED, **_tokens(await browser.reads("/orders/new")), **changed})


async def _page_after(browser: Browser, answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return await browser.reads(answer.headers["location"].removeprefix("/console"))


async def test_a_typed_order_is_accepted_as_any_other_and_says_by_which_way_and_whom(web: Web, lan: Browser):
    page = await _page_after(lan, await _sent(lan))
    number = re.findall(r'data-number="([0-9A-Z]+)"', page)[0]
    assert "¥600.07" in page
    assert "高优处理" in page
    assert f'data-copy-text="{number}"' in page
    assert 'href="/console/orders/new"' in page
    with web.boat.store.reading() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        assert (row.client_id, row.total_fen, row.priority) == (BY_HAND.client_id, 60007, "high")
        assert row.state == OrderState.ACCEPTED
        (deed,) = uow.audit.of(number, "order.by_hand")
    assert (deed.actor, deed.way, deed.address) == ("lan", "console", "203.0.113.7")
    shown = await lan.reads(f"/orders/{number}")
    assert "lan 代客下单" in shown
    assert "代客下单" in await lan.reads("/orders")


async def test_a_double_click_and_the_back_button_are_one_order_and_are_told_so(web: Web, lan: Browser):
    form = {**TYPED, **_tokens(await lan.reads("/orders/new"))}
    first, second = await lan.post("/orders/new", form), await lan.post("/orders/new", form)
    page = await _page_after(lan, second)
    assert "没有再下一单" in page
    assert len(_rows(web)) == 1
    assert _rows(web)[0].number in page
    with web.boat.store.reading() as uow:
        assert len(uow.audit.of(_rows(web)[0].number, "order.by_hand")) == 1
    assert first.status_code == 303


async def test_the_same_form_with_other_words_is_another_order_only_if_that_is_said(web: Web, lan: Browser):
    form = {**TYPED, **_tokens(await lan.reads("/orders/new"))}
    await lan.post("/orders/new", form)
    changed = {**form, "quantity-0": "4"}
    refused = await lan.post("/orders/new", changed)
    assert refused.status_code == 409
    assert f'data-conflict="{_rows(web)[0].number}"' in refused.text
    assert 'value="欧阳小红"' in refused.text
    assert len(_rows(web)) == 1
    again = {**changed, **_tokens(refused.text), "act": "another"}
    for _ in range(2):  # a double click on this button is one order too
        assert (await lan.post("/orders/new", again)).status_code == 303
    assert len(_rows(web)) == 2


async def test_what_is_wrong_stands_beside_its_field_and_everything_typed_is_kept(web: Web, lan: Browser):
    wrong = {
        "phone": "138****8000",
        "name": "",
        "address": "???",
        "quantity-0": "0",
        "price-0": "1.999",
        "status": "",
        "sku-1": "",
        "quantity-1": "1",
        "sku-2": "SOCK",
        "quantity-2": "一双",
        "price-2": "",
    }
    answer = await _sent(lan, **wrong)
    assert answer.status_code == 422
    for name in ("phone", "name", "address", "quantity-0", "price-0", "status", "quantity-2", "price-2"):
        assert f'id="w-{name}"' in answer.text, name
    assert 'id="w-sku-1"' not in answer.text  # an empty line is none
    for kept in ("138****8000", "跑步鞋", "放门口", "SOCK", "一双", "文三路"):
        assert (kept in answer.text) is (kept != "文三路")
    assert "手机号已被打码" in answer.text
    assert not _rows(web)


async def test_a_button_adds_a_line_and_sums_without_sending(web: Web, lan: Browser):
    form = {**TYPED, **_tokens(await lan.reads("/orders/new")), "act": "line"}
    page = (await lan.post("/orders/new", form)).text
    assert 'name="sku-1"' in page
    assert _tokens(page)["key"] == form["key"]
    assert 'data-total="60007"' in page
    assert 'value="欧阳小红"' in page
    two = {**form, "sku-1": "SOCK", "quantity-1": "2", "price-1": "0.05", "act": "sum"}
    assert 'data-total="60017"' in (await lan.post("/orders/new", two)).text
    assert not _rows(web)


async def test_what_is_typed_is_inert(web: Web, lan: Browser):
    fields = {"name": PLANTED, "note": PLANTED, "sku-0": '"><img src=x>', "title-0": PLANTED, "phone": f'"{PLANTED}'}
    refused = await _sent(lan, **fields)
    assert refused.status_code == 422
    for raw in ("<script>alert", '"><img', "\u202e"):
        assert raw not in refused.text
    page = await _page_after(lan, await _sent(lan, **{**fields, "phone": "13800138000"}))
    shown = await lan.reads(f"/orders/{_rows(web)[0].number}")
    for text in (page, shown):
        assert "<script>alert" not in text
        assert '"><img' not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("of", ["", "LB123", "WyJMQjEiLCJub3JtYWwiLDEsZmFsc2Vd.AAAA"])
async def test_a_number_that_nobody_was_given_is_not_shown_as_accepted(lan: Browser, of: str):
    assert (await lan.get(f"/orders/new/done?of={of}")).status_code == 404


async def test_while_the_store_is_away_the_spool_takes_it_and_sending_again_is_the_same_order(web: Web, lan: Browser):
    form = {**TYPED, **_tokens(await lan.reads("/orders/new"))}
    runtime = web.app.runtime
    writer, runtime.commit._store_thread._target = runtime.commit._store_thread._target, _Away()  # noqa: SLF001 - the database goes away
    page = await _page_after(lan, await lan.post("/orders/new", form))
    number = re.findall(r'data-number="([0-9A-Z]+)"', page)[0]
    assert not _rows(web)
    runtime.commit._store_thread._target = writer  # noqa: SLF001 - and comes back
    assert (await runtime.drain()).brought == 1
    assert [row.number for row in _rows(web)] == [number]
    assert number in await _page_after(lan, await lan.post("/orders/new", form))
    await runtime.drain()
    assert [row.number for row in _rows(web)] == [number]
    with web.boat.store.reading() as uow:
        assert len(uow.audit.of(number, "order.by_hand")) == 1


class _Away:
    def write(self, _batch: Sequence[NewOrder], _moments: Sequence[datetime]) -> list[Stored]:
        raise OSError("away")
