"""Orders at the console: found, followed, and their customers shown only to those who may see them."""

from datetime import timedelta

import pytest

from app.store.reach import Reach
from app.store.repositories import overview
from app.store.sealing import CannotUnseal
from app.store.tables import Audit
from tests.deployment import Deployment
from tests.deployment.console import Browser

PHONE = "13912345678"
RECIPIENT = {
    "name": "欧阳小红",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "address": "文三路 90 号",
}


def deeds(at_noon: Deployment, subject: str, action: str) -> list[Audit]:
    with at_noon.boat.store.reading() as uow:
        return uow.audit.of(subject, action)


async def test_orders_are_listed_newest_first_a_page_at_a_time(at_noon: Deployment, mei: Browser):
    numbers = [
        at_noon.door.post(key=str(n), at=at_noon.clock.now() + timedelta(seconds=n)) for n in range(overview.PAGE + 5)
    ]
    first = await mei.reads("/orders")
    assert numbers[-1] in first
    assert numbers[4] not in first
    assert "旗舰店" in first
    before = first.split("before=")[1].split('"')[0]
    second = await mei.reads(f"/orders?before={before}")
    assert [n in second for n in numbers[:5]] == [True] * 5
    assert numbers[5] not in second


async def test_orders_are_filtered_by_state_priority_time_and_batch(at_noon: Deployment, mei: Browser):
    old = at_noon.door.post(key="old", total="10.00", at=at_noon.clock.now() - timedelta(days=1))
    low, high = at_noon.door.post(key="low", total="10.00"), at_noon.door.post(key="high", total="900.00")
    batch = at_noon.maker.publish([low])
    for query, expected in (
        ("", {old, low, high}),
        ("?span=all", {old, low, high}),
        ("?span=today", {low, high}),
        ("?priority=high", {high}),
        ("?state=batched", {low}),
        ("?state=accepted", {old, high}),
        ("?state=held", set()),
        (f"?batch={batch}", {low}),
        (f"?batch={batch}&priority=high", set()),
    ):
        page = await mei.reads(f"/orders{query}")
        assert {n for n in (old, low, high) if n in page} == expected, query


async def test_a_filter_without_an_index_looks_back_a_bounded_stretch_at_a_time(at_noon: Deployment, mei: Browser):
    at_noon.boat.store.reach = Reach(stretch=10)
    wanted = at_noon.door.post(key="wanted", total="900.00")
    for n in range(15):
        at_noon.door.post(key=str(n), total="10.00")
    first = await mei.reads("/orders?priority=high")
    assert wanted not in first
    assert "继续向前查找" in first
    before = first.split("before=")[1].split('"')[0]
    assert wanted in await mei.reads(f"/orders?priority=high&before={before}")


async def test_orders_are_found_by_number_shop_number_and_phone(at_noon: Deployment, mei: Browser):
    wanted = at_noon.door.post(key="SHOP-1", client_order_id="SHOP-1", phone=PHONE)
    keyed = at_noon.door.post(key="other-key", client_order_id="SHOP-2")
    for text, number in (
        (wanted, wanted),
        (wanted.lower(), wanted),
        (f" {wanted} ", wanted),
        (wanted[:8], wanted),
        ("SHOP-1", wanted),
        ("SHOP-2", keyed),
    ):
        found = await mei.post("/orders/search", {"q": text})
        assert found.headers["location"] == f"/console/orders/{number}", text
    found = await mei.post("/orders/search", {"q": "139-1234-5678"})
    assert PHONE not in found.headers["location"]
    page = await mei.get(found.headers["location"].removeprefix("/console"))
    assert wanted in page.text
    assert keyed not in page.text
    assert "没有找到" in (await mei.post("/orders/search", {"q": "NOTHING-LIKE-THIS"})).text
    assert (await mei.post("/orders/search", {"q": "%_'\"\x00"})).status_code == 200


async def test_a_customer_is_found_after_composing_too(at_noon: Deployment, mei: Browser):
    wanted = at_noon.door.post(key="1", phone=PHONE)
    with at_noon.boat.store.writing() as uow:
        uow.orders.claim_uncomposed(limit=10, now=at_noon.clock.now())
    found = await mei.post("/orders/search", {"q": PHONE})
    assert wanted in (await mei.get(found.headers["location"].removeprefix("/console"))).text


async def test_an_order_is_shown_with_its_whole_way_and_its_customer_masked(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1", phone=PHONE, recipient=RECIPIENT, note="放门口", buyer="nick-77")
    batch = at_noon.maker.publish([number])
    at_noon.notices.add(
        "m1",
        subject="notice",
        channel="sms",
        state="simulated",
        order_id=at_noon.rows.order_id(number),
        finished_at=at_noon.clock.now(),
    )
    page = await mei.reads(f"/orders/{number}")
    for shown in ("139****5678", "欧**", "浙江省", "安抚短信", "模拟发送", batch, "已受理", "A-1001"):
        assert shown in page
    for hidden in (PHONE, "欧阳小红", "文三路", "放门口", "nick-77"):
        assert hidden not in page
    assert PHONE not in await mei.reads("/orders")


@pytest.mark.parametrize("name", ["mei", "zhang", "boss"])
async def test_unmasking_shows_the_customer_once_and_is_recorded(at_noon: Deployment, name: str):
    number = at_noon.door.post(key="1", phone=PHONE, recipient=RECIPIENT)
    browser = await at_noon.console.signed_in(name)
    page = await browser.post(f"/orders/{number}/unmask")
    for shown in (PHONE, "欧阳小红", "文三路 90 号"):
        assert shown in page.text
    (deed,) = deeds(at_noon, number, "order.unmask")
    assert (deed.actor, deed.address, deed.at) == (name, "203.0.113.7", at_noon.clock.now())
    assert PHONE not in await browser.reads(f"/orders/{number}")


async def test_a_viewer_can_neither_unmask_nor_download_nor_decide(at_noon: Deployment):
    number = at_noon.door.post(key="1", phone=PHONE)
    batch = at_noon.maker.publish([number])
    guest = await at_noon.console.signed_in("guest")
    assert "显示完整信息" not in await guest.reads(f"/orders/{number}")
    assert "/file?" not in await guest.reads(f"/batches/{batch}") + await guest.reads("/")
    assert (await guest.post(f"/orders/{number}/unmask")).status_code == 403
    assert (await guest.post(f"/orders/{number}/decide", {"decision": "release"})).status_code == 403
    assert (await guest.get(f"/batches/{batch}/file")).status_code == 403
    assert not deeds(at_noon, number, "order.unmask")
    assert not deeds(at_noon, batch, "batch.download")


async def test_an_order_that_cannot_be_unsealed_is_still_shown(
    at_noon: Deployment, mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    number = at_noon.door.post(key="1", phone=PHONE)

    def foreign(*_args: object):
        raise CannotUnseal

    monkeypatch.setattr(type(at_noon.boat.keyring), "open_order", foreign)
    page = await mei.reads(f"/orders/{number}")
    assert "无法解封" in page
    assert "*******5678" in page
