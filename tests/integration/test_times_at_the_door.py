"""What is a time at the door and what is none: on the fast path, on the ordinary route, and on a drop-in path."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.caller import Caller
from app.domain.problems import Busy, IntakeClosed, InvalidOrder
from app.intake.earlier import AT_ONCE, EarlierOrders
from app.intake.schemas import read_order
from app.store.tables import OrderRow
from app.store.unit_of_work import Store
from tests.deployment import Deployment
from tests.deployment.door import Door
from tests.deployment.facts import seconds
from tests.deployment.orders import order_body
from tests.deployment.rows import Rows
from tests.deployment.web import Web
from tests.integration.fast_path_rig import Served, serving

WILD = [
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+08:00",
    "1970-01-01T00:00:00Z",
    "1899-12-30T00:00:00+08:00",
    "1999-12-31T23:59:59Z",
    "2028-11-23T02:00:00Z",
]
COUNTS = ["20261122100000", "20261122", "1795312800", 1795312800, 1795312800000, 0, -1, "0", "1795312800.5", True]


@pytest.fixture
async def served(web: Web) -> Any:
    async with serving(web) as found:
        yield found


def _body(key: str, **fields: Any) -> bytes:
    return json.dumps(order_body(key, **fields)).encode()


async def _both_ways(served: Served, body: bytes) -> list[tuple[int, Any]]:
    """Send an order on the fast path, then to the route that takes what is unusual."""
    fast = await served.ask(served.request(body, "Content-Type: application/json"))
    headers = {"authorization": f"Bearer {served.key}", "content-type": "application/json"}
    slow = await served.web.post("/v1/orders", content=body, headers=headers)
    return [(fast[0], fast[2]), (slow.status_code, slow.json())]


@pytest.mark.parametrize("when", WILD)
async def test_a_moment_that_can_be_no_time_is_refused_with_its_place(served: Served, when: str):
    for fields, pointer in (
        ({"placed_at": when}, "/placed_at"),
        ({"payment": {"paid_at": when}}, "/payment/paid_at"),
    ):
        for status, problem in await _both_ways(served, _body("W", **fields)):
            assert (status, problem["code"]) == (422, "invalid_order")
            assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [(pointer, "datetime_range")]
            assert "2000 年" in problem["errors"][0]["detail"]


@pytest.mark.parametrize("when", COUNTS)
async def test_the_digits_of_a_date_and_counts_are_no_written_time(served: Served, when: object):
    for status, problem in await _both_ways(served, _body("C", placed_at=when)):
        assert (status, problem["code"]) == (422, "invalid_order")
        assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("/placed_at", "datetime_parsing")]


@pytest.mark.parametrize("when", ["2000-01-01T00:00:00Z", "2026-11-22T10:00:00+08:00", "2028-11-21T00:00:00Z"])
async def test_what_lies_between_the_year_2000_and_two_years_ahead_is_taken(served: Served, when: str):
    (fast, _), (slow, _) = await _both_ways(served, _body("T", placed_at=when))
    assert (fast, slow) == (201, 200)


async def test_two_years_ahead_are_those_of_the_clock(served: Served, on_sqlite: Deployment):
    on_sqlite.clock.at += seconds(2 * 86400)
    (fast, _), _ = await _both_ways(served, _body("T", placed_at="2028-11-23T02:00:00Z"))
    assert fast == 201


# ---- retries of what an earlier release took


def _taken_earlier(web: Web, body: bytes) -> str:
    """Store an order as the release took it that knew no such rule."""
    access = web.app.parts.door.access
    (caller,) = (access.by_name(name) for name in ("tmall",))
    assert isinstance(caller, Caller)
    new = web.app.parts.door.intake.prepare(read_order(body), caller, idempotency_key=None)
    Door(web.boat.store, web.boat.clock).take(new)  # type: ignore[arg-type]
    return new.number


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59Z", "20261122100000", 1795312800])
async def test_a_retry_of_an_order_that_was_taken_once_is_answered_with_its_number(served: Served, when: object):
    body = _body("OLD", placed_at=when)
    number = _taken_earlier(served.web, body)
    for status, receipt in await _both_ways(served, body):
        assert (status, receipt["order_number"]) == (200, number)
    for status, problem in await _both_ways(served, _body("OLD", placed_at=when, note="more")):
        assert (status, problem["code"]) == (422, "idempotency_conflict")
    for status, problem in await _both_ways(served, _body("NEW", placed_at=when)):
        assert (status, problem["code"]) == (422, "invalid_order")
    assert Rows(served.web.boat.store).count(OrderRow) == 1


class _Hanging(Store):
    """A store whose readers wait until they are let go."""

    def __init__(self, store: Store, let_go: threading.Event) -> None:
        super().__init__(store.engines)
        self._let_go = let_go

    def reading(self) -> Any:
        self._let_go.wait(30)
        return super().reading()


async def test_a_store_that_does_not_say_refuses_nothing_and_only_few_wait_for_it(
    on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.intake.earlier.WITHIN", 0.01)
    let_go = threading.Event()
    earlier, new = EarlierOrders(_Hanging(on_sqlite.store, let_go)), on_sqlite.door.new()
    problem = InvalidOrder(errors=[])
    for _ in range(AT_ONCE):
        with pytest.raises(IntakeClosed):
            await earlier.settle(new, problem)
    with pytest.raises(Busy):
        await earlier.settle(new, problem)
    let_go.set()


# ---- a drop-in path

PROFILE = """
name = "plain"
path = "/api/orders"
body = "json"
unit = "yuan"
[client]
name = "tmall"
[order]
phone = "mobile"
client_order_id = "no"
placed_at = "at"
payment.paid_at = "paid"
[items]
each = "lines"
sku = "sku"
quantity = "num"
[answer]
body = { ok = true, no = "{order_number}" }
[refusal]
body = { ok = false, why = "{detail}" }
"""


@pytest.mark.parametrize("when", [*WILD, 0, -1, "1900-01-01", "1970-01-01 08:00:00", "2612-01-20 01:28:20"])
async def test_a_drop_in_order_is_taken_without_a_time_that_is_none(
    open_web: Callable[..., Any], tmp_path: Path, when: object
):
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "plain.toml").write_text(PROFILE, encoding="utf-8")
    lines = [{"sku": "A", "num": 1}]
    payload = {"mobile": "13800138000", "no": "D1", "at": when, "paid": when, "lines": lines}
    async with open_web(profiles_dir=folder) as web:
        await web.key("tmall")
        answers = [await web.post("/api/orders", json=payload) for _ in range(2)]
        assert [(answer.status_code, answer.json()["ok"]) for answer in answers] == [(200, True)] * 2
        assert answers[1].headers["idempotent-replayed"] == "true"
        (row,) = Rows(web.boat.store).all(select(OrderRow))
        order = web.boat.keyring.open_order(row.sealed, row.number)
        assert order.placed_at is None
        assert order.payment is None or order.payment.paid_at is None
