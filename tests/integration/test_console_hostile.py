"""What strangers write must be harmless wherever it is shown."""

import pytest

from app.domain.actor import Actor, Way
from app.domain.states import HeldKind
from app.web.console.filters import harmless
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import SHOP

RECIPIENT = {"province": "浙江省", "district": "西湖区"}


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 97531*86423 }}",
    "=cmd|' /C calc'!A0",
    "\u202e反转\u202c",
    "长" * 60,
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_are_harmless_on_every_page(at_noon: Deployment, mei: Browser, text: str):
    with at_noon.boat.store.writing() as uow:
        client = uow.access.client_named(SHOP.client_id)
        client.name = text[:60]
    item = {"sku": text[:60], "name": text, "quantity": 1, "unit_price": "600.00"}
    number = at_noon.door.post(
        key="1",
        recipient={**RECIPIENT, "name": text, "city": text, "address": text},
        note=text,
        buyer=text,
        items=[item],
    )
    batch = at_noon.maker.publish([number])
    at_noon.notices.add("m1", state="dead", last_reason=text, order_id=at_noon.rows.order_id(number), attempts=3)
    with at_noon.boat.store.writing() as uow:
        uow.audit.record(
            "batch.download", by=Actor(text[:60], Way.CONSOLE, text), at=at_noon.clock.now(), subject=batch
        )
    held = at_noon.door.post(key="2")
    with at_noon.boat.store.writing() as uow:
        uow.orders.hold([at_noon.rows.order_id(held)], kind=HeldKind.LOOK_ALIKE, looks_like=number, reason=text)
    pages = [
        await mei.reads(path)
        for path in (
            "/",
            "/orders",
            f"/orders/{number}",
            f"/orders/{held}",
            "/batches",
            f"/batches/{batch}",
            "/messages",
            "/held",
        )
    ]
    pages.append((await mei.post(f"/orders/{number}/unmask")).text)
    pages.append((await mei.post("/orders/search", {"q": text})).text)
    for page in pages:
        assert "<script>" not in page
        assert "<img" not in page
        assert "8428921613" not in page
        assert "\u202e" not in page


def test_texts_of_strangers_are_cut_and_lose_what_cannot_be_seen():
    assert harmless("a" * 10_000) == "a" * 160 + "…（共 10000 字）"
    assert harmless("a\u202eb\u200fc\x00d\ne") == "abcd e"
    assert harmless(None) == ""
