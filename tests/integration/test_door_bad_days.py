"""The door with slow and large bodies, full queues and no place to write."""

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from app.store.tables import OrderRow
from app.web.door.body import BodyReader
from tests.deployment.orders import order_body
from tests.deployment.web import Web
from tests.fakes.serving import send_raw

CHINESE = re.compile("[\u4e00-\u9fff]")


def _problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check the one shape of all errors and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(document)
    assert (document["status"], document["code"], document["type"]) == (status, code, f"urn:lifeboat:problem:{code}")
    assert CHINESE.search(document["title"])
    assert CHINESE.search(document["detail"])
    return document


def _orders(web: Web) -> int:
    with web.boat.engines.reader.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(OrderRow)).scalar_one())


# ---- bodies


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused_whether_announced_or_not(web: Web, *, announced: bool):
    headers = [(b"authorization", f"Bearer {await web.key()}".encode())]
    if announced:
        headers.append((b"content-length", b"300000"))
    answer = await send_raw(web.app, "POST", "/v1/orders", headers=headers, pieces=[b" " * 100_000] * 3)
    assert answer is not None
    assert (answer[0], json.loads(answer[2])["detail"]) == (413, "请求体超过上限 256 KiB。")


async def test_a_length_that_lies_is_not_believed(web: Web):
    headers = [(b"authorization", f"Bearer {await web.key()}".encode()), (b"content-length", b"2")]
    answer = await send_raw(web.app, "POST", "/v1/orders", headers=headers, pieces=[b" " * 300_000])
    assert answer is not None
    assert answer[0] == 413


async def test_a_body_in_pieces_is_read_whole(web: Web):
    body = json.dumps(order_body()).encode()
    pieces = [body[n : n + 7] for n in range(0, len(body), 7)]
    answer = await send_raw(
        web.app, "POST", "/v1/orders", headers=[(b"authorization", f"Bearer {await web.key()}".encode())], pieces=pieces
    )
    assert answer is not None
    assert answer[0] == 201


@pytest.mark.parametrize("pieces", [[None], [b'{"phone"', None]])
async def test_who_hangs_up_in_the_middle_gets_no_answer_and_leaves_no_order(web: Web, pieces: list[bytes | None]):
    headers = [(b"authorization", f"Bearer {await web.key()}".encode())]
    assert await send_raw(web.app, "POST", "/v1/orders", headers=headers, pieces=pieces) is None
    assert _orders(web) == 0


@pytest.mark.parametrize("begun", [True, False])
async def test_a_body_that_drips_or_never_begins_is_cut_off(web: Web, *, begun: bool):
    """P12: a slow client holds its place for a limited time."""
    slow = BodyReader(limit=1000, within=0.0)
    parts = web.app.parts
    web.app.api.state.parts = replace(parts, door=replace(parts.door, bodies=slow))  # a door of less patience
    headers = [(b"authorization", f"Bearer {await web.key()}".encode())]
    waiting = asyncio.Event()
    sent: list[Any] = []
    first = [begun]

    async def receive() -> dict[str, Any]:
        if first and first.pop():
            return {"type": "http.request", "body": b"{", "more_body": True}
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/orders", "headers": headers, "query_string": b""}
    request = asyncio.create_task(web.app(scope, receive, send))  # type: ignore[arg-type]
    await waiting.wait()
    await asyncio.sleep(0.001)
    assert slow.cut_off_overdue() == 1
    await request
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "request_timeout"


async def test_a_request_that_is_cancelled_from_outside_stays_cancelled():
    """P13: cutting off slow bodies must not swallow a server's own cancellation."""
    reader = BodyReader(limit=1000)
    waiting = asyncio.Event()

    async def receive() -> dict[str, Any]:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(reader.read({}, receive))
    await waiting.wait()
    assert reader.cut_off_overdue() == 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# ---- overload and loss of the store


async def test_a_full_queue_is_503_with_a_time_to_come_back(web: Web):
    """P12"""
    key = await web.key()
    web.app.runtime.commit._limit = 0  # noqa: SLF001 - a queue that is full
    answer = await web.order(key, order_body())
    _problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"


async def test_when_the_store_is_away_orders_are_taken_under_the_same_numbers_and_brought_home(web: Web):
    """P6"""
    key = await web.key()
    runtime = web.app.runtime
    expected = (await web.order(key, order_body("known"))).json()["order_number"]
    writer, runtime.commit._store_thread._target = runtime.commit._store_thread._target, _Away()  # noqa: SLF001 - the database goes away
    first = await web.order(key, order_body("SHOP-1"))
    retry = await web.order(key, order_body("SHOP-1"))
    conflict = await web.order(key, order_body("SHOP-1", total="1.00"))
    again = await web.order(key, order_body("known"))
    assert (first.status_code, retry.status_code, conflict.status_code) == (201, 200, 422)
    assert first.content == retry.content
    assert again.json()["order_number"] == expected  # the spool cannot know it was there before; the drain will
    assert _orders(web) == 1
    runtime.commit._store_thread._target = writer  # noqa: SLF001 - and comes back
    drained = await runtime.drain()
    assert (drained.brought, drained.waiting, drained.quarantined) == (1, 0, 0)
    assert _orders(web) == 2


async def test_with_no_place_to_write_the_answer_is_503_and_never_an_acceptance(web: Web):
    """P6, P12"""
    key = await web.key()
    commit = web.app.runtime.commit
    commit._store_thread._target = commit._spool_thread._target = _Away()  # noqa: SLF001 - both are away
    answer = await web.order(key, order_body())
    _problem(answer, 503, "intake_unavailable")
    assert answer.headers["retry-after"] == "5"
    ready = await web.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "fail")
    assert "intake_unavailable" in ready.json()["degraded"]


async def test_a_mistake_of_ours_is_500_in_the_same_shape_and_tells_nothing(web: Web):
    key = await web.key()
    web.app.parts.door.intake._prefix = None  # type: ignore[assignment]  # noqa: SLF001 - a mistake of ours
    answer = await web.order(key, order_body())
    document = _problem(answer, 500, "internal_error")
    assert "NoneType" not in json.dumps(document)
    assert web.boat.metrics.registry.get_sample_value("lifeboat_orders_refused_total", {"code": "internal_error"}) == 1


class _Away:
    def write(self, _batch: object, _moments: object) -> Any:
        raise OSError("away")
