"""One box finds an order by whatever somebody has at hand; the list is narrowed, counted, handed out and left in peace."""

import csv
import io
import re
from datetime import timedelta

import pytest

from app.domain.states import HeldKind
from app.orders import export as exports
from app.store.reach import Reach
from app.store.tables import Audit, MainNumber
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import NOON

PHONE = "13912345678"


def _compose(at_noon: Deployment) -> None:
    with at_noon.boat.store.writing() as uow:
        uow.orders.claim_uncomposed(limit=100, now=NOON)


def _wide(text: str) -> str:
    """Return a text as a Chinese keyboard types it in full width."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


async def _leads_to(browser: Browser, text: str) -> str:
    return (await browser.post("/orders/search", {"q": text})).headers.get("location", "")


@pytest.mark.parametrize("composed", [False, True])
async def test_one_box_finds_an_order_by_everything_people_have(at_noon: Deployment, mei: Browser, composed: bool):  # noqa: FBT001 - a case
    number = at_noon.door.post(key="another-key", client_order_id="Shop-77a", phone=PHONE)
    at_noon.door.post(key="somebody else's", phone="13800001111")
    batch = at_noon.maker.publish([number])
    with at_noon.boat.store.writing() as uow:
        order_id = at_noon.rows.order_id(number)
        uow._session.add(MainNumber(order_id=order_id, number="SO-2026-9", said_at=NOON))  # noqa: SLF001 - what a result says
    if composed:
        _compose(at_noon)
    groups = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    order = f"/console/orders/{number}"
    for text in (
        *(number, number.lower(), groups, groups.lower(), groups.replace(" ", "-"), _wide(number), f"  {number}\t"),
        *(
            number[:9],
            number[-6:],
            number[-6:].lower(),
            "5678",
            "****5678",
            "139****5678",
            _wide("5678"),
            "\u202e5678\u200b",
        ),
        *("Shop-77a", "shop-77A", "SHOP-77A", "SO-2026-9", "so-2026-9"),
    ):
        assert await _leads_to(mei, text) == order, text
    for text in (PHONE, "139-1234-5678", "+86 139 1234 5678", _wide(PHONE)):
        customers = await _leads_to(mei, text)
        assert customers.startswith("/console/orders?customer="), text
        assert "5678" not in customers
        assert number in await mei.reads(customers.removeprefix("/console"))
    assert await _leads_to(mei, batch) == f"/console/batches/{batch}"
    assert await _leads_to(mei, batch.lower()) == f"/console/batches/{batch}"


async def test_orders_that_share_an_ending_are_listed_with_what_tells_them_apart(at_noon: Deployment, mei: Browser):
    first = at_noon.door.post(key="1", phone="13900005678", recipient={"name": "欧阳小红"})
    second = at_noon.door.post(key="2", phone="13911115678", recipient={"name": "司马光"})
    page = (await mei.post("/orders/search", {"q": "5678"})).text
    for shown in (first, second, "欧**", "司**", "A-1001 ×1", "待进批次"):
        assert shown in page
    for hidden in ("欧阳小红", "司马光", "13900005678"):
        assert hidden not in page


@pytest.mark.parametrize("text", ["138*", "*****", "....", "-", "000000", "0000", "%", "1*", "x" * 128])
async def test_what_means_nothing_finds_nothing(at_noon: Deployment, mei: Browser, text: str):
    at_noon.door.post(key="1", phone=PHONE)
    answer = await mei.post("/orders/search", {"q": text})
    assert answer.status_code == 200
    assert "没有找到" in answer.text


async def test_from_home_an_order_is_two_taps_and_four_digits_away(at_noon: Deployment):
    number = at_noon.door.post(key="1", phone=PHONE)
    service = await at_noon.console.signed_in("lan")
    home = await service.reads("/")
    assert re.search(r'action="/console/orders/search".*?name="q".*?type="submit"', home, re.DOTALL)
    answer = await service.post("/orders/search", {"q": "5678"})
    assert number in await service.reads(answer.headers["location"].removeprefix("/console"))


def _chips(page: str) -> dict[str, int]:
    found = re.findall(r'class="lb-chip [^"]*" href="[^"]*"[^>]*>([^<]+?) <b class="lb-figures">([\d,]+)</b>', page)
    return {word: int(count.replace(",", "")) for word, count in found}


@pytest.mark.parametrize("span", ["incident", "all"])
@pytest.mark.parametrize("one_by_one", [0, 50_000])
async def test_chips_say_exactly_how_many_orders_they_lead_to(
    at_noon: Deployment, mei: Browser, span: str, one_by_one: int
):
    at_noon.boat.store.reach = Reach(one_by_one=one_by_one)
    numbers = [at_noon.door.post(key=str(n)) for n in range(7)]
    ids = [at_noon.rows.order_id(number) for number in numbers]
    at_noon.maker.publish(numbers[:2])
    with at_noon.boat.store.writing() as uow:
        for row_id, kind in zip(ids[2:5], (HeldKind.UNPAID, HeldKind.INCOMPLETE, HeldKind.INCOMPLETE), strict=True):
            uow.orders.hold([row_id], kind=kind, looks_like=None, reason="-")
    page = await mei.reads(f"/orders?span={span}")
    assert _chips(page) == {"全部": 7, "待进批次": 2, "待人工确认": 3, "已进批次": 2, "未付款待确认": 1, "缺信息": 2}
    for query, expected in (("lack=unpaid", numbers[2:3]), ("lack=incomplete", numbers[3:5])):
        page = await mei.reads(f"/orders?span={span}&{query}")
        assert [n in page for n in numbers] == [n in expected for n in numbers], query
    assert _chips(await mei.reads(f"/orders?span={span}&priority=high")) == {}


async def test_orders_are_narrowed_by_shop_time_and_amount(at_noon: Deployment, mei: Browser):
    cheap = at_noon.door.post(key="1", total="99.99", at=NOON - timedelta(hours=3))
    dear = at_noon.door.post(key="2", total="1000.00", at=NOON)
    for query, expected in (
        ("least=100", {dear}),
        ("most=99.99", {cheap}),
        ("least=1,000&most=1000", {dear}),
        ("client=c1", {cheap, dear}),
        ("client=nobody", {cheap, dear}),
        ("least=abc&since=yesterday&until=9999-99-99T00:00", {cheap, dear}),
    ):
        page = await mei.reads(f"/orders?{query}")
        assert {n for n in (cheap, dear) if n in page} == expected, query
    local = (NOON - timedelta(hours=1)).astimezone(at_noon.boat.settings.zone).strftime("%Y-%m-%dT%H:%M")
    for query, expected in ((f"since={local}", {dear}), (f"until={local}", {cheap})):
        page = await mei.reads(f"/orders?{query}")
        assert {n for n in (cheap, dear) if n in page} == expected, query


async def test_rows_stay_where_they_are_and_new_orders_are_announced(at_noon: Deployment, mei: Browser):
    at_noon.door.post(key="1", total="900.00")
    page = await mei.reads("/orders?priority=high")
    found = re.search(r'data-region="orders" data-from="/console([^"]+)"', page)
    assert found
    fresh = found[1].replace("&amp;", "&")
    assert "新到" not in await mei.reads(fresh)
    for n in range(3):
        at_noon.door.post(key=f"low-{n}", total="10.00")
    assert "新到" not in await mei.reads(fresh)
    for n in range(2):
        at_noon.door.post(key=f"high-{n}", total="900.00")
    assert "新到 2 笔" in await mei.reads(fresh)
    for nonsense in ("/orders/fresh", "/orders/fresh?after=x", "/orders/fresh?after=99999999999999999999"):
        await mei.reads(nonsense)


async def test_a_list_is_handed_out_masked_and_written_down(at_noon: Deployment, mei: Browser):
    high = at_noon.door.post(
        key="1", total="900.00", phone=PHONE, client_order_id="=cmd", recipient={"name": "欧阳小红"}
    )
    low = at_noon.door.post(key="2", total="10.00")
    answer = await mei.post("/orders/export?priority=high&least=100")
    assert answer.headers["content-disposition"].startswith('attachment; filename="orders-2026')
    text = answer.content.decode("utf-8-sig")
    ((*_,), row) = csv.reader(io.StringIO(text))
    assert (row[0], row[1], row[7], row[8], row[9]) == (high, "'=cmd", "900.00", "欧**", "5678")
    for hidden in (low, PHONE, "欧阳小红"):
        assert hidden not in text
    with at_noon.boat.store.reading() as uow:
        deeds: list[Audit] = [one for one in uow.audit.page() if one.action == exports.EXPORTED]
    (deed,) = deeds
    assert (deed.actor, deed.detail["orders"], deed.detail["filter"]["priority"]) == ("mei", 1, "high")
    guest = await at_noon.console.signed_in("guest")
    assert "导出此列表" not in await guest.reads("/orders")
    assert (await guest.post("/orders/export")).status_code == 403


async def test_a_long_list_is_handed_out_page_by_page(
    at_noon: Deployment, mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.web.console.pages.orders._PAGE_OF_A_SHEET", 2)
    numbers = [at_noon.door.post(key=str(n)) for n in range(5)]
    rows = list(csv.reader(io.StringIO((await mei.post("/orders/export")).content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == numbers[::-1]


async def test_an_empty_list_says_what_to_do_next(at_noon: Deployment, mei: Browser):
    assert "还没有订单" in await mei.reads("/orders")
    at_noon.door.post(key="1", total="10.00")
    narrowed = await mei.reads("/orders?priority=high")
    assert "没有符合条件的订单" in narrowed
    assert "清除筛选" in narrowed
