"""/track: kind words for a buyer who knows both halves; nothing to a guesser, and nothing about anybody."""

import re

import httpx
import pytest

from app import words
from app.access.lookups import LOOKS_A_MINUTE, MISSES_AN_HOUR
from app.domain.states import HeldKind, OrderState
from app.web.console.pages import track
from tests.deployment import Deployment

PHONE = "13912345678"


class Buyer:
    """Somebody with a telephone."""

    def __init__(self, deployment: Deployment, address: str = "198.51.100.7") -> None:
        transport = httpx.ASGITransport(deployment.web, client=(address, 50000))
        self._http = httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test")

    async def asks(self, **typed: str) -> httpx.Response:
        return await self._http.get("/track", params=typed)

    async def opens(self, path: str, method: str = "GET") -> httpx.Response:
        return await self._http.request(method, path)


def _status(page: httpx.Response) -> str:
    found = re.search(r'<main data-status="([a-z]+)">', page.text)
    assert found
    return found[1]


@pytest.fixture
def buyer(at_noon: Deployment) -> Buyer:
    return Buyer(at_noon)


async def test_a_buyer_reads_where_the_order_stands(at_noon: Deployment, buyer: Buyer):
    number = at_noon.door.post(key="1", phone=PHONE, recipient={"name": "欧阳小红"}, note="放门口")
    for typed in (number, number.lower(), number[-6:], f"{number[:4]} {number[4:]}"):
        page = await buyer.asks(number=typed, last4="5678")
        assert (page.status_code, _status(page)) == (200, "accepted")
        assert "订单已收到" in page.text
        for hidden in (PHONE, "欧阳小红", "放门口", "5678"):
            assert hidden not in page.text
    with at_noon.boat.store.writing() as uow:
        uow.orders.hold([at_noon.rows.order_id(number)], kind=HeldKind.UNPAID, looks_like=None, reason="秘密的原因")
    page = await buyer.asks(number=number[-6:], last4="5678")
    assert _status(page) == "held"
    assert "正在人工核对" in page.text
    assert "秘密的原因" not in page.text
    assert number not in page.text  # who knows its end learns no more of it


def test_every_state_has_kind_words():
    assert {*OrderState} <= words.TRACKED.keys()
    assert words.TRACKED.keys() - {*OrderState} == {"unknown", "wait", "away"}


async def test_a_wrong_guess_and_an_unknown_number_are_answered_alike(at_noon: Deployment, buyer: Buyer):
    number = at_noon.door.post(key="1", phone=PHONE)
    absent = number[:-6] + "ZZZZZZ"
    for real, unreal in ((number, absent), (number[-6:], "ZZZZZZ")):
        wrong, unknown = await buyer.asks(number=real, last4="0000"), await buyer.asks(number=unreal, last4="0000")
        assert wrong.status_code == unknown.status_code == 404
        assert _status(wrong) == "unknown"
        assert wrong.text.replace(real, "") == unknown.text.replace(unreal, "")
        assert {**wrong.headers, "x-request-id": ""} == {**unknown.headers, "x-request-id": ""}


async def test_trying_one_number_often_ends_in_waiting_whether_there_is_one_or_not(at_noon: Deployment):
    number = at_noon.door.post(key="1", phone=PHONE)
    for typed in (number, "LBZZZZZZZZZZZZZ"):
        for n in range(MISSES_AN_HOUR):
            guess = await Buyer(at_noon, f"198.51.100.{n}").asks(number=typed, last4=f"{n:04d}")
            assert _status(guess) == "unknown"
        late = await Buyer(at_noon, "203.0.113.9").asks(number=typed, last4="5678")
        assert (late.status_code, _status(late)) == (429, "wait")
        assert int(late.headers["retry-after"]) > 60


async def test_one_address_may_ask_so_often_and_others_go_on(at_noon: Deployment, buyer: Buyer):
    number = at_noon.door.post(key="1", phone=PHONE)
    answers = [_status(await buyer.asks(number=number, last4="5678")) for _ in range(LOOKS_A_MINUTE + 1)]
    assert answers == ["accepted"] * LOOKS_A_MINUTE + ["wait"]
    assert _status(await Buyer(at_noon, "203.0.113.9").asks(number=number, last4="5678")) == "accepted"
    assert _status(await buyer.asks()) == "form"  # the empty form is for everybody, always


async def test_the_page_has_no_script_no_cookie_and_stands_in_no_search_engine(at_noon: Deployment, buyer: Buyer):
    page = await buyer.asks()
    assert (page.status_code, _status(page)) == (200, "form")
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "set-cookie" not in page.headers
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    sheet = await buyer.opens("/track.css")
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")


@pytest.mark.parametrize(
    "typed", ["<script>alert(1)</script>", '"><img src=x>', "\u202e" * 9, "x" * 5000, "%00", "' OR 1=1"]
)
async def test_hostile_texts_are_harmless(at_noon: Deployment, buyer: Buyer, typed: str):
    page = await buyer.asks(number=typed, last4=typed)
    assert (page.status_code, _status(page)) == (404, "unknown")
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert len(page.text) < 5000


async def test_without_the_database_the_page_says_so_kindly(
    at_noon: Deployment, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
):
    def away(*_: object) -> None:
        raise OSError("away")

    monkeypatch.setattr(track, "track", away)
    page = await buyer.asks(number="V2MRZL", last4="5678")
    assert (page.status_code, _status(page)) == (503, "away")
    assert page.headers["retry-after"]
    assert "无需重复下单" in page.text


async def test_strangers_never_use_up_the_threads_of_the_console(
    at_noon: Deployment, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(track, "AT_ONCE", 0)
    assert _status(await buyer.asks(number="V2MRZL", last4="5678")) == "away"


async def test_the_bare_address_leads_there_and_from_there_to_the_console(at_noon: Deployment, buyer: Buyer):
    root = await buyer.opens("/")
    assert (root.status_code, root.headers["location"]) == (303, "/track")
    assert 'href="/console/"' in (await buyer.asks()).text
    assert (await buyer.opens("/", "POST")).json()["code"] == "not_found"
