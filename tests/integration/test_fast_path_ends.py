"""How a connection ends: what came whole is answered first, and nobody else hears of it."""

import asyncio
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from app.web.door.bounded import LARGEST_HEAD
from app.web.door.fast_path import FastProtocol, look_at_all
from tests.deployment.web import Web
from tests.integration.fast_path_rig import Held, Served, answer_of, body_bytes, serving, until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "profiles"
LONG_WAY = b"/v1/orders?the=long&way"
WAYS = pytest.mark.parametrize("path", [b"/v1/orders", LONG_WAY], ids=["fast", "long"])
GET = b"GET /livez HTTP/1.1\r\nHost: lifeboat.test\r\n\r\n"
GARBAGE = b"garbage\r\n\r\n"
ENDLESS = b"GET / HTTP/1.1\r\nX: " + b"a" * (LARGEST_HEAD + 1)
SHOP = re.compile(rb'"order_number":"(LB[0-9A-Z]+)"')


def statuses(said: bytes) -> list[int]:
    """Return the status of each answer among these bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", said)]


# ---- a client that ends its sending side -------------------------------------------------------------------------------


@WAYS
async def test_a_client_that_ends_its_sending_side_is_answered(served: Served, path: bytes):
    said = await served.raw(served.request(body_bytes(), path=path), then_silent=True)
    assert statuses(said) == [201]
    assert SHOP.search(said)
    again = await served.raw(served.request(body_bytes(), path=path), then_silent=True)
    assert statuses(again) == [200]


async def test_a_drop_in_client_that_ends_its_sending_side_is_answered(
    open_web: Callable[..., AbstractAsyncContextManager[Web]], tmp_path: Path
):
    folder = tmp_path / "profiles"
    folder.mkdir()
    shutil.copy(EXAMPLES / "flat-form-yuan.toml", folder)
    form = (EXAMPLES / "flat-form-yuan.sample.txt").read_bytes()
    async with open_web(profiles_dir=folder) as web, serving(web) as served:
        fields = (f"X-App-Key: {served.key}", "Content-Type: application/x-www-form-urlencoded")
        request = served.request(form, *fields, path=b"/gateway/submitOrder.do")
        assert statuses(await served.raw(request, then_silent=True)) == [200]


@WAYS
async def test_all_that_was_sent_ahead_of_the_end_is_answered_in_its_order(served: Served, path: bytes):
    orders = [served.request(body_bytes(client_order_id=f"K{n}"), path=path) for n in range(3)]
    said = await served.raw(b"".join([*orders, GET]), then_silent=True)
    assert statuses(said) == [201, 201, 201, 200]
    assert len(set(SHOP.findall(said))) == 3


@WAYS
async def test_the_end_in_the_middle_of_a_request_leaves_what_came_whole_its_answer(served: Served, path: bytes):
    whole, half = served.request(body_bytes()), served.request(body_bytes(client_order_id="half"), path=path)
    assert statuses(await served.raw(whole + half[:-1], then_silent=True)) == [201]
    assert await served.raw(half[:-1], then_silent=True) == b""
    assert await served.raw(half[:20], then_silent=True) == b""
    assert await served.raw(b"", then_silent=True) == b""
    await until(lambda: not served.state.connections)
    assert (await served.ask(served.request(body_bytes(client_order_id="half"))))[0] == 201  # nothing of it was kept


async def test_an_order_that_waits_for_its_commit_outlives_the_end_of_sending(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    held = Held(served, monkeypatch)
    reader, writer = await served.connect()
    writer.write(served.request(body_bytes()))
    writer.write_eof()
    await until(lambda: held.orders)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not held.waiting.done()
    held.let_go()
    assert (await answer_of(reader))[2]["order_number"] == held.orders[0].number
    assert await reader.read() == b""
    writer.close()


# ---- what is no request ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rubbish", "status"), [(GARBAGE, 400), (ENDLESS, 431)], ids=["garbage", "endless"])
@WAYS
async def test_a_stored_order_is_answered_before_what_cannot_be_read(
    served: Served, path: bytes, rubbish: bytes, status: int
):
    said = await served.raw(served.request(body_bytes(), path=path) + rubbish)
    assert statuses(said) == [201, status]
    assert said.count(b"connection: close") == 1
    assert statuses(await served.raw(served.request(body_bytes(), path=path) + GET + rubbish)) == [200, 200, status]


async def test_what_is_no_request_is_refused_by_itself(served: Served):
    said = await served.raw(GARBAGE)
    assert said.endswith(b"Invalid HTTP request received.")
    assert statuses(said) == [400]
    reader, writer = await served.connect()
    writer.write(served.head("Transfer-Encoding: chunked") + b"not a size\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_after_what_cannot_be_read_nothing_is_read(served: Served, monkeypatch: pytest.MonkeyPatch):
    held = Held(served, monkeypatch)
    reader, writer = await served.connect()
    writer.write(served.request(body_bytes()) + GARBAGE)
    await until(lambda: held.orders)
    writer.write(served.request(body_bytes(client_order_id="another")) + GARBAGE)
    await writer.drain()
    for _ in range(20):
        await asyncio.sleep(0)
    for connection in served.lanes:
        connection.shutdown()  # a stop meanwhile takes nothing of it back
    held.let_go()
    assert statuses(await reader.read()) == [201, 400]
    assert len(held.orders) == 1
    writer.close()


# ---- nobody else hears of it -------------------------------------------------------------------------------------------


async def test_a_lost_connection_is_heard_of_by_every_request_on_it(served: Served, monkeypatch: pytest.MonkeyPatch):
    held = Held(served, monkeypatch)
    _, writer = await served.connect()
    writer.write(served.request(body_bytes()) + GET + GET)
    await until(lambda: served.lanes and len(served.lanes[0].pipeline) == 2)
    ahead = [cycle for cycle, _ in served.lanes[0].pipeline]
    served.lanes[0].transport.abort()
    await until(lambda: not served.state.connections)
    assert held.waiting.done()
    assert [cycle.disconnected for cycle in ahead] == [True, True]
    writer.close()


def _break_receipt(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    _break_once(served.web.app.parts.door.answers, "receipt", monkeypatch)


def _break_refusal(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    _break_once(served.web.app.parts.door.answers, "refusal", monkeypatch)


def _break_write(_served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail as uvloop does where a transport has been closed."""
    _break_once(FastProtocol, "write", monkeypatch)


def _break_once(of: object, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    works, broken = getattr(of, name), []

    def sometimes(*arguments: Any, **named: Any) -> Any:
        if not broken:
            broken.append(name)
            raise RuntimeError("the handler is closed")
        return works(*arguments, **named)

    monkeypatch.setattr(of, name, sometimes)


@pytest.mark.parametrize("breaks", [_break_receipt, _break_refusal, _break_write])
async def test_trouble_with_one_answer_is_not_that_of_the_whole_commit(
    served: Served, monkeypatch: pytest.MonkeyPatch, breaks: Callable[[Served, pytest.MonkeyPatch], None]
):
    """P14: whatever breaks on the way of one answer, in a commit of stored orders, repeats and conflicts."""
    ids = [f"K{n}" for n in range(5)]
    await asyncio.gather(*(served.ask(served.request(body_bytes(client_order_id=key))) for key in ids[:2]))
    held = Held(served, monkeypatch)
    others = {"note": "换一件"}
    bodies = [body_bytes(client_order_id=key, **(others if key in ids[:2] else {})) for key in ids]
    asking = [asyncio.create_task(served.ask(served.request(body))) for body in bodies]
    await until(lambda: len(held.orders) == len(ids))
    breaks(served, monkeypatch)
    held.let_all_go()
    answers = await asyncio.gather(*(_within(one) for one in asking))
    hung_up = [answer for answer in answers if answer is None]
    assert len(hung_up) <= 1
    assert sorted(answer[0] for answer in answers if answer is not None) in ([201, 201, 201, 422], [201, 201, 422, 422])
    settled = [(await served.ask(served.request(body_bytes(client_order_id=key))))[0] for key in ids]
    assert settled[2:] == [200] * 3  # whatever was said, they were on disk, and a retry finds them


async def _within(asking: "asyncio.Task[Any]") -> Any:
    """Return an answer, None where the connection was closed without one."""
    try:
        return await asking
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def test_a_connection_that_cannot_be_looked_at_keeps_no_other_from_being_looked_at(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    """P14: nor does it end the server, whose every second this is."""
    first, second = await served.connect(), await served.connect()
    await until(lambda: len(served.state.connections) == 2)
    _break_once(FastProtocol, "look", monkeypatch)
    look_at_all(served.state.connections, asyncio.get_running_loop().time() + 1000)
    assert [await reader.read() for reader, _ in (first, second)] == [b"", b""]
    for _, writer in (first, second):
        writer.close()
