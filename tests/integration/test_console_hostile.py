"""What strangers write must be harmless wherever it is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.actor import Actor, Way
from app.web.console.filters import harmless
from tests.integration.console_rig import Browser, Rig, at

RECIPIENT = {"province": "浙江省", "district": "西湖区"}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.boat.close()


@pytest.fixture
async def mei(rig: Rig) -> Browser:
    return await at(rig, "mei")


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 97531*86423 }}",
    "=cmd|' /C calc'!A0",
    "\u202e反转\u202c",
    "长" * 60,
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_are_harmless_on_every_page(rig: Rig, mei: Browser, text: str):
    with rig.boat.store.writing() as uow:
        client = uow.access.client_named("shop")
        client.name = text[:60]
    item = {"sku": text[:60], "name": text, "quantity": 1, "unit_price": "600.00"}
    number = rig.order(
        key="1",
        recipient={**RECIPIENT, "name": text, "city": text, "address": text},
        note=text,
        buyer=text,
        items=[item],
    )
    batch = rig.batch([number])
    rig.message("m1", state="dead", last_reason=text, order_id=rig.order_id(number), attempts=3)
    with rig.boat.store.writing() as uow:
        uow.audit.record("batch.download", by=Actor(text[:60], Way.CONSOLE, text), at=rig.clock.now(), subject=batch)
    held = rig.order(key="2")
    with rig.boat.store.writing() as uow:
        uow.orders.hold([rig.order_id(held)], looks_like=number, reason=text)
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
