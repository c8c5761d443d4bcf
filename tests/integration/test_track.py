"""``/track``: kind words for who knows the number and the phone's last four; nothing for whoever guesses."""

import re
from datetime import timedelta

import httpx
import pytest

from app.domain.states import HeldKind, OrderState
from app.web.console.pages.track import FROM_ONE_ADDRESS, WRONG_OF_ONE_NUMBER
from tests.deployment import Deployment

PHONE = "13912345678"


def buyer(deployment: Deployment, address: str = "198.51.100.7") -> httpx.AsyncClient:
    """Return a browser nobody knows."""
    transport = httpx.ASGITransport(deployment.web, client=(address, 50000))
    return httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test")


async def asked(http: httpx.AsyncClient, number: str, last4: str = "5678") -> tuple[str, str]:
    """Return what the page says: its status and its text without the fields."""
    page = await http.get("/track", params={"number": number, "last4": last4})
    found = re.search(r'<main[^>]*data-status="(\w+)"', page.text)
    assert found, page.text
    return found[1], page.text


async def test_a_buyer_finds_the_order_by_its_number_or_by_its_tail(at_noon: Deployment):
    number = at_noon.door.post(key="1", phone=PHONE)
    http = buyer(at_noon)
    for typed in (number, number.lower(), f"{number[:4]} {number[4:8]} {number[8:12]}-{number[12:]}", number[-6:]):
        status, page = await asked(http, typed)
        assert status == "accepted", typed
        assert "请放心" in page
        assert PHONE not in page
    with at_noon.boat.store.writing() as uow:
        uow.orders.claim_uncomposed(limit=10, now=at_noon.clock.now())
    assert (await asked(http, number[-6:]))[0] == "accepted"


async def test_each_state_has_its_words_and_the_main_systems_number_comes_last(at_noon: Deployment):
    number = at_noon.door.post(key="1", phone=PHONE)
    order_id, http = at_noon.rows.order_id(number), buyer(at_noon)
    with at_noon.boat.store.writing() as uow:
        uow.orders.hold([order_id], kind=HeldKind.LOOK_ALIKE, looks_like=None, reason="与 LBXXX 相同")
    status, page = await asked(http, number)
    assert (status, "核对" in page, "LBXXX" in page) == ("held", True, False)
    with at_noon.boat.store.writing() as uow:
        uow.orders.move([order_id], OrderState.CANCELLED)
    assert (await asked(http, number))[0] == "cancelled"
    with at_noon.boat.store.writing() as uow:
        row = uow.orders.get(order_id)
        row.state, row.main_order_number = "imported", "SO<b>77"
    status, page = await asked(http, number)
    assert status == "imported"
    assert "SO&lt;b&gt;77" in page


async def test_a_wrong_guess_and_an_unknown_number_look_the_same(at_noon: Deployment):
    number = at_noon.door.post(key="1", phone=PHONE)
    http = buyer(at_noon)
    unknown = number[:-6] + "000000"
    wrong, nowhere = await asked(http, number, "0000"), await asked(http, unknown, "0000")
    assert wrong[1].replace(number, "N") == nowhere[1].replace(unknown, "N")
    assert wrong[0] == "unknown"
    for odd in ("", "%", "_" * 6, "é" * 20, "\uff10" * 6, "1" * 5000):
        assert (await asked(http, odd or "x"))[0] == "unknown", odd


async def test_guessing_the_digits_of_one_number_ends_soon_from_wherever_it_comes(at_noon: Deployment):
    number = at_noon.door.post(key="1", phone=PHONE)
    for n in range(WRONG_OF_ONE_NUMBER):
        assert (await asked(buyer(at_noon, f"198.51.100.{n}"), number, f"{n:04d}"))[0] == "unknown"
    assert (await asked(buyer(at_noon), number))[0] == "unknown"
    other = at_noon.door.post(key="2", phone=PHONE)
    assert (await asked(buyer(at_noon), other))[0] == "accepted"


async def test_one_address_cannot_ask_without_end(at_noon: Deployment):
    http = buyer(at_noon)
    number = at_noon.door.post(key="1", phone=PHONE)
    told = [(await asked(http, number))[0] for _ in range(FROM_ONE_ADDRESS + 1)]
    assert told == ["accepted"] * FROM_ONE_ADDRESS + ["limited"]
    assert (await asked(buyer(at_noon, "198.51.100.99"), number))[0] == "accepted"
    at_noon.clock.at += timedelta(seconds=5)
    assert (await asked(http, number))[0] == "accepted"


async def test_orders_of_a_drill_belong_to_nobody(at_noon: Deployment):
    new = at_noon.door.new("1", drill=True, phone=PHONE)
    at_noon.door.take(new)
    assert (await asked(buyer(at_noon), new.number))[0] == "unknown"


@pytest.mark.parametrize("path", ["/", "/track"])
async def test_the_bare_address_leads_to_a_page_for_people_without_a_script(at_noon: Deployment, path: str):
    page = await buyer(at_noon).get(path, follow_redirects=True)
    assert page.status_code == 200
    assert 'data-status="ask"' in page.text
    assert "<script" not in page.text
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers


async def test_while_the_store_is_away_the_page_says_so(at_noon: Deployment, monkeypatch: pytest.MonkeyPatch):
    http, number = buyer(at_noon), at_noon.door.post(key="1", phone=PHONE)
    at_noon.engines.reader.dispose()
    at_noon.engines.writer.dispose()
    database = at_noon.boat.settings.data_dir / "lifeboat.db"
    database.rename(database.with_suffix(".gone"))
    page = await http.get("/track", params={"number": number, "last4": "5678"})
    assert page.status_code == 503
    assert 'data-status="away"' in page.text
