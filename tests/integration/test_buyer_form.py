"""/order: off by default; a stranger's form is one unpaid order at our prices, and nobody floods by it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.access.lookups import ORDERS_AN_HOUR, ORDERS_OF_A_PHONE
from app.domain.states import HeldKind, OrderState
from app.intake.buyer_offer import WrongOffer, read_offer
from app.reconcile.incidents import open_incident
from app.store.tables import OrderRow
from tests.deployment import Deployment
from tests.deployment.facts import IT, NOON, ZONE
from tests.deployment.maker import Maker
from tests.deployment.web import Web, running
from tests.fakes.clock import ClockAt

PLANTED = "<script>alert(1)</script>\u202e"
OFFER = """
title = "应急下单"
[[goods]]
sku = "SHOE"
name = "跑步鞋 <b>42</b>"
price = "599.00"
most = 3
[[goods]]
sku = "SOCK"
name = "袜子"
price = "9.9"
"""
TYPED = {"q-0": "2", "q-1": "", "phone": "13800138000", "name": "张三", "address": "文三路 1 号", "note": "放门口"}


class Buyers:
    """Strangers at the form of one web process."""

    def __init__(self, web: Web) -> None:
        self.web = web

    async def get(self, path: str = "/order") -> httpx.Response:
        return await self.web.get(path)

    async def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', (await self.get()).text)
        assert found
        return found[1]

    async def send(self, token: str | None = None, network: str = "198.51.100.7", **typed: str) -> httpx.Response:
        fields = {**TYPED, **{name.replace("_", "-"): value for name, value in typed.items()}}
        fields["token"] = await self.token() if token is None else token
        transport = httpx.ASGITransport(self.web.app, client=(network, 50000))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test") as client:
            return await client.post("/order", data=fields)

    def rows(self) -> list[OrderRow]:
        with self.web.boat.store.reading() as uow:
            return list(uow.inflow.newest(limit=100))


@pytest.fixture
async def buyers(tmp_path: Path) -> AsyncIterator[Buyers]:
    """Strangers at a process whose form offers two things, while an incident is open."""
    file = tmp_path / "offer.toml"
    file.write_text(OFFER, "utf-8")
    made = Deployment(tmp_path, clock=ClockAt(NOON), buyer_form=file)
    _open(made)
    async with running(made.boat) as web:
        yield Buyers(web)
    made.close()


def _open(made: Deployment) -> None:
    with made.boat.store.writing() as uow:
        open_incident(uow, drill=False, reason="锁死", by=IT, now=made.clock.now(), zone=ZONE)


def _status(page: httpx.Response) -> str:
    return re.findall(r'<main data-status="([a-z]+)"', page.text)[0]


async def test_without_the_setting_there_is_no_such_page(web: Web):
    for answer in (await web.get("/order"), await web.post("/order", data=TYPED), await web.get("/order/thanks")):
        assert answer.status_code == 404


async def test_a_buyer_orders_and_is_told_the_number_and_where_it_can_be_followed(buyers: Buyers):
    form = await buyers.get()
    assert "<script" not in form.text
    assert "跑步鞋 &lt;b&gt;42&lt;/b&gt;" in form.text
    assert "default-src 'none'; style-src 'self'" in form.headers["content-security-policy"]
    assert form.headers["x-robots-tag"] == "noindex, nofollow"
    assert "set-cookie" not in form.headers
    answer = await buyers.send()
    assert answer.status_code == 303
    page = await buyers.get(answer.headers["location"])
    (row,) = buyers.rows()
    assert f'data-number="{row.number}"' in page.text
    assert f'href="/track?number={row.number}"' in page.text
    assert "尚未付款" in page.text
    for hidden in (TYPED["phone"], TYPED["name"], TYPED["address"]):
        assert hidden not in page.text
        assert hidden not in answer.headers["location"]
    assert (row.client_id, row.total_fen, row.priority) == ("buyer", 119800, "high")
    track = await buyers.get(f"/track?number={row.number}")
    assert (track.status_code, f'value="{row.number}"' in track.text) == (200, True)
    assert _status(await buyers.get(f"/track?number={row.number}&last4=8000")) == "accepted"


async def test_prices_payment_and_bounds_are_ours_whatever_is_sent(buyers: Buyers):
    for typed in ({"q_0": "4"}, {"q_0": "-1"}, {"q_0": "1e9"}, {"q_0": "0"}, {"q_0": "\uff12"}, {"q_0": "999"}):
        answer = await buyers.send(**typed)
        assert answer.status_code == 422, typed
        assert 'id="w-q-0"' in answer.text
    assert not buyers.rows()
    await buyers.send(price="0.01", unit_price="0.01", status="paid", payment="paid", q_9="5", sku="FREE")
    (row,) = buyers.rows()
    assert row.total_fen == 119800
    boat = buyers.web.boat
    Maker(boat.store, boat.settings.export_dir, ClockAt(NOON)).run(NOON, by=IT)
    (held,) = buyers.rows()
    assert (held.state, held.held_kind) == (OrderState.HELD, HeldKind.UNPAID)


async def test_what_is_sent_twice_is_one_order(buyers: Buyers):
    token = await buyers.token()
    first, second = await buyers.send(token), await buyers.send(token)
    assert first.headers["location"] == second.headers["location"]
    assert len(buyers.rows()) == 1
    changed = await buyers.send(token, q_0="1")
    assert (changed.status_code, _status(changed)) == (409, "used")
    assert buyers.rows()[0].number in changed.text
    assert len(buyers.rows()) == 1


@pytest.mark.parametrize("token", ["", "x", "WyJhIiwxLCJiIl0.AAAA"])
async def test_a_form_that_is_none_of_ours_orders_nothing_and_loses_nothing(buyers: Buyers, token: str):
    answer = await buyers.send(token)
    assert (answer.status_code, _status(answer)) == (409, "stale")
    assert 'value="文三路 1 号"' in answer.text
    assert not buyers.rows()


async def test_a_form_that_showed_another_price_is_shown_again(buyers: Buyers, tmp_path: Path):
    token = await buyers.token()
    dearer = tmp_path / "dearer.toml"
    dearer.write_text(OFFER.replace("599.00", "699.00"), "utf-8")
    made = Deployment(tmp_path, clock=ClockAt(NOON), buyer_form=dearer)
    async with running(made.boat) as web:
        answer = await Buyers(web).send(token)
        assert (answer.status_code, _status(answer)) == (409, "stale")
        assert "¥699.00" in answer.text
    made.close()
    assert not buyers.rows()


async def test_what_is_wrong_is_told_beside_its_field_and_all_is_inert(buyers: Buyers):
    answer = await buyers.send(phone=f'"{PLANTED}', name=PLANTED, address="", note=PLANTED)
    assert answer.status_code == 422
    assert 'id="w-phone"' in answer.text
    assert 'id="w-address"' in answer.text
    assert 'value="2"' in answer.text
    for raw in ("<script", "\u202e"):
        assert raw not in answer.text
    assert (await buyers.send(q_0="", q_1="")).status_code == 422
    assert not buyers.rows()


async def test_one_network_and_one_phone_have_to_wait(buyers: Buyers):
    for n in range(ORDERS_OF_A_PHONE):
        assert (await buyers.send(network=f"198.51.100.{n}")).status_code == 303
    late = await buyers.send(network="198.51.100.200")
    assert (late.status_code, _status(late)) == (429, "wait")
    assert int(late.headers["retry-after"]) > 0
    for n in range(ORDERS_AN_HOUR):
        assert (await buyers.send(network="203.0.113.9", phone=f"139001380{n:02d}")).status_code == 303
    assert (await buyers.send(network="203.0.113.9", phone="13700137000")).status_code == 429
    assert (await buyers.send(network="203.0.113.10", phone="13700137000")).status_code == 303


async def test_too_long_a_form_is_refused(buyers: Buyers):
    answer = await buyers.send(note="长" * 20_000)
    assert (answer.status_code, _status(answer)) == (503, "away")
    assert not buyers.rows()


async def test_strangers_open_no_incident(tmp_path: Path):
    file = tmp_path / "offer.toml"
    file.write_text(OFFER, "utf-8")
    made = Deployment(tmp_path, clock=ClockAt(NOON), buyer_form=file)
    async with running(made.boat) as web:
        page = await web.get("/order")
        assert (page.status_code, _status(page)) == (503, "closed")
        _open(made)
        token = await Buyers(web).token()
        with made.boat.store.writing() as uow:
            incident = uow.incidents.open_one(drill=False)
            assert incident is not None
            incident.closed_at = made.clock.now()
        assert _status(await Buyers(web).send(token)) == "closed"
        assert not Buyers(web).rows()
    made.close()


async def test_a_wrong_file_closes_the_form_and_nothing_else(tmp_path: Path):
    file = tmp_path / "offer.toml"
    file.write_text("[[goods]]\nsku = 1\n", "utf-8")
    made = Deployment(tmp_path, clock=ClockAt(NOON), buyer_form=file)
    async with running(made.boat) as web:
        assert _status(await web.get("/order")) == "closed"
        assert _status(await web.post("/order", data=TYPED)) == "closed"
        assert (await web.get("/track")).status_code == 200
    made.close()


async def test_while_the_store_is_away_the_spool_takes_it(buyers: Buyers):
    runtime, token = buyers.web.app.runtime, await buyers.token()
    writer, runtime.commit._store_thread._target = runtime.commit._store_thread._target, _Away()  # noqa: SLF001 - the database goes away
    page = await buyers.get((await buyers.send(token)).headers["location"])
    assert not buyers.rows()
    runtime.commit._store_thread._target = writer  # noqa: SLF001 - and comes back
    assert (await runtime.drain()).brought == 1
    assert f'data-number="{buyers.rows()[0].number}"' in page.text


class _Away:
    def write(self, _batch: object, _moments: object) -> list[object]:
        raise OSError("away")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "goods"),
        ("x = 1\n", "goods"),
        ('[[goods]]\nsku = "A"\nname = "a"\nprice = "-1"\n', "price"),
        ('[[goods]]\nsku = "A"\nname = "a"\nprice = "1"\nmost = 100\n', "most"),
        ('[[goods]]\nsku = "A"\nname = ""\nprice = "1"\n', "name"),
        ('[[goods]]\nsku = "A"\nname = "a"\nprice = "1"\ncolour = "x"\n', "只能有"),
        ('[[goods]]\nsku = "A"\nname = "a"\nprice = "1"\n' * 2, "两次"),
        ("[[goods", "有误"),
    ],
)
def test_a_file_that_is_wrong_says_why(tmp_path: Path, text: str, why: str):
    file = tmp_path / "offer.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(WrongOffer, match=why):
        read_offer(file)
