"""What a proxy says of an order is believed at every way in, from our own proxies alone; the spool keeps it too."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.passed_on import PassedOn, SentBefore
from app.domain.states import HeldKind
from app.store.spool.file import Spool, looking_at
from app.store.tables import OrderRow
from tests.deployment.facts import TEN
from tests.deployment.orders import new_order
from tests.deployment.rows import Rows
from tests.deployment.web import Web
from tests.integration.fast_path_rig import Served, body_bytes, serving
from tests.integration.test_fast_path import LONG_WAY

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "profiles"
SENT = ("X-Lifeboat-Sent: 1", "X-Lifeboat-Reason: 504; addr=10.0.0.10:8080")
OURS = ("127.0.0.1",)


def kinds(web: Web) -> list[str | None]:
    return [row.held_kind for row in Rows(web.boat.store).all(select(OrderRow).order_by(OrderRow.id))]


def counted(web: Web) -> dict[str, float]:
    (figures,) = web.boat.metrics.handed_over.collect()
    return {one.labels["sent"]: one.value for one in figures.samples if one.name.endswith("_total")}


@pytest.mark.parametrize("path", [b"/v1/orders", LONG_WAY])
async def test_our_proxy_is_believed(open_web: Callable[..., Any], path: bytes):
    async with open_web(trusted_proxies=OURS) as web, serving(web) as served:
        status, _, answer = await served.ask(served.request(body_bytes(), *SENT, path=path))
        assert (status, answer["status"]) == (201, "accepted")
        again, _, same = await served.ask(served.request(body_bytes(), path=path))
        assert (again, same["order_number"]) == (200, answer["order_number"])
        await served.ask(served.request(body_bytes(client_order_id="O"), "X-Lifeboat-Sent: 0", path=path))
        assert kinds(web) == [HeldKind.MAIN_MAY_HAVE, None]
        assert counted(web) == {"1": 1, "0": 1}
        assert "lifeboat_orders_unsettled 1.0" in (await web.get("/metrics")).text


@pytest.mark.parametrize("order_of_both", [("1", "0"), ("0", "1")])
@pytest.mark.parametrize("path", [b"/v1/orders", LONG_WAY])
async def test_a_field_that_was_added_twice_hides_no_word(
    open_web: Callable[..., Any], path: bytes, order_of_both: tuple[str, str]
):
    """A proxy that adds its field instead of setting it leaves a customer's own beside it."""
    both = [f"X-Lifeboat-Sent: {said}" for said in order_of_both]
    async with open_web(trusted_proxies=OURS) as web, serving(web) as served:
        status, _, _ = await served.ask(served.request(body_bytes(), *both, path=path))
        assert (status, kinds(web)) == (201, [HeldKind.MAIN_MAY_HAVE])


@pytest.mark.parametrize("path", [b"/v1/orders", LONG_WAY])
async def test_a_strangers_word_is_ignored_and_never_refused(served: Served, path: bytes):
    status, _, _ = await served.ask(served.request(body_bytes(), *SENT, path=path))
    assert status == 201
    assert kinds(served.web) == [None]
    assert counted(served.web) == {}


@pytest.mark.parametrize("path", [b"/v1/orders", LONG_WAY])
async def test_a_conflict_and_an_unsent_retry_raise_the_flag_and_never_lower_it(
    open_web: Callable[..., Any], path: bytes
):
    """An impatient storefront's retry comes unsent before its first attempt, which was sent and comes late."""
    async with open_web(trusted_proxies=OURS) as web, serving(web) as served:
        await served.ask(served.request(body_bytes(), "X-Lifeboat-Sent: 0", path=path))
        assert kinds(web) == [None]
        status, _, _ = await served.ask(served.request(body_bytes(note="另一份"), *SENT, path=path))
        assert status == 422
        await served.ask(served.request(body_bytes(), "X-Lifeboat-Sent: 0", path=path))
        assert kinds(web) == [HeldKind.MAIN_MAY_HAVE]


async def test_a_proxy_that_cannot_say_means_what_the_setting_says(open_web: Callable[..., Any]):
    async with open_web(trusted_proxies=OURS, handed_over="unknown") as web, serving(web) as served:
        await served.ask(served.request(body_bytes()))
        assert kinds(web) == [HeldKind.MAIN_MAY_HAVE]


async def test_a_drop_in_order_is_held_and_answered_as_the_main_system_would(
    open_web: Callable[..., Any], tmp_path: Path
):
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    profile = EXAMPLES / "nested-json-fen.toml"
    (profiles / profile.name).write_text(profile.read_text(encoding="utf-8"), encoding="utf-8")
    payload = (EXAMPLES / "nested-json-fen.sample.json").read_bytes()
    async with open_web(profiles_dir=profiles, trusted_proxies=OURS) as web, serving(web) as served:
        lines = (*SENT, f"X-App-Key: {served.key}", "Content-Type: application/json")
        status, _, _ = await served.ask(served.request(payload, *lines, path=b"/api/order/create"))
        assert status == 200
        assert kinds(web) == [HeldKind.MAIN_MAY_HAVE]


def test_the_spool_keeps_what_was_said_and_lets_it_rise(tmp_path: Path):
    order = new_order("A")
    sent, unknown = PassedOn(SentBefore.YES, "504"), PassedOn(SentBefore.UNKNOWN, "reset")
    spool = Spool(tmp_path / "spool-0.db", max_bytes=1 << 20)
    for said in (None, unknown, sent, None, unknown):
        (stored,) = spool.write([order._replace(passed_on=said)], [TEN])
        assert stored.received_at == TEN
    (record,) = spool.oldest(10)
    spool.close()
    assert record.order == order._replace(passed_on=sent)
    assert record.received_at == TEN


def test_what_came_by_no_proxy_is_written_as_it_always_was(tmp_path: Path):
    """So that an earlier release, to which a deployment goes back, can read its spool."""
    spool = Spool(tmp_path / "spool-0.db", max_bytes=1 << 20)
    spool.write([new_order("A")], [TEN])
    spool.close()
    with closing(looking_at(spool.path)) as connection:
        ((record,),) = connection.execute("SELECT record FROM spooled").fetchall()
    assert b"passed_on" not in record
