"""The fast lane says what the long way says, and every connection's clock is watched."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.store.group_commit import DoorBusy, NowhereToWrite
from app.web import lane as lane_module
from app.web.body import BODY_WITHIN
from app.web.lane import HEAD_WITHIN, LARGEST_HEAD, Lane, OrderCycle, look_at_all
from tests.builders import order_body
from tests.conftest import Web

LONG_WAY = b"/v1/orders?the=long&way"
"""A query sends a request the long way; FastAPI's documented route answers it through the same door."""


@dataclass
class Served:
    """The lane on a port of this machine."""

    port: int
    state: ServerState
    web: Web
    key: str

    @property
    def lanes(self) -> list[Lane]:
        """Every open connection."""
        return [connection for connection in self.state.connections if isinstance(connection, Lane)]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], Any]:
        """Send one request on a connection of its own."""
        reader, writer = await self.connect()
        writer.write(request)
        answer = await answer_of(reader)
        writer.close()
        return answer

    def request(self, body: bytes, *lines: str, path: bytes = b"/v1/orders", key: str = "") -> bytes:
        """Return a whole request for an order."""
        return self.head(f"Content-Length: {len(body)}", *lines, path=path, key=key) + body

    def head(self, *lines: str, path: bytes = b"/v1/orders", key: str = "") -> bytes:
        """Return the head of a request for an order."""
        fields = ["Host: lifeboat.test", f"Authorization: Bearer {key or self.key}", *lines]
        return b"POST " + path + b" HTTP/1.1\r\n" + "\r\n".join(fields).encode() + b"\r\n\r\n"


@pytest.fixture
async def served(web: Web) -> AsyncIterator[Served]:
    async with serving(web) as found:
        yield found


@asynccontextmanager
async def serving(web: Web) -> AsyncIterator[Served]:
    config = uvicorn.Config(web.app, log_config=None, access_log=False, lifespan="off", limit_concurrency=50)
    config.load()
    state = ServerState()
    lane = partial(Lane, config=config, server_state=state, app_state={}, door=web.app.door, largest_body=262_144)
    server = await asyncio.get_running_loop().create_server(lane, "127.0.0.1", 0)
    yield Served(server.sockets[0].getsockname()[1], state, web, await web.key())
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()  # type: ignore[union-attr]
    await until(lambda: not state.connections)
    await asyncio.sleep(0.01)  # the clients' ends hear of it


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        named = dict(field.split(": ", 1) for field in fields)
        body = await reader.readexactly(int(named["content-length"]))
    return int(line.split()[1]), named, json.loads(body) if body else None


def body_bytes(**changed: object) -> bytes:
    return json.dumps(order_body(**changed), ensure_ascii=False).encode()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for happens in uvicorn, which knows no event
            await asyncio.sleep(0.001)


def without_ids(answer: tuple[int, dict[str, str], Any]) -> tuple[int, dict[str, str], Any]:
    """Take away what differs between any two requests."""
    status, fields, body = answer
    body = {name: value for name, value in body.items() if name != "instance"}
    return status, {name: value for name, value in fields.items() if name not in {"x-request-id", "date"}}, body


# ---- the same words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ((), body_bytes()),
        (("Idempotency-Key: same",), body_bytes()),
        (('Idempotency-Key: "quoted"',), body_bytes(client_order_id=None)),
        (("Content-Type: application/json; charset=utf-8",), body_bytes()),
        ((), b"{"),
        ((), b""),
        ((), body_bytes(phone="138****1234")),
        ((), body_bytes(telephone="13800138000")),
        ((), b"[" * 100_000),
        (("Idempotency-Key: a b",), body_bytes()),
        (("Content-Type: text/plain",), body_bytes()),
        (("Content-Encoding: gzip",), body_bytes()),
        ((), b" " * 300_000),
    ],
)
async def test_the_lane_answers_what_the_long_way_answers(served: Served, lines: tuple[str, ...], body: bytes):
    await served.ask(served.request(body, *lines))  # so that both find the same: the order is there
    fast = await served.ask(served.request(body, *lines))
    slow = await served.ask(served.request(body, *lines, path=LONG_WAY))
    assert without_ids(fast) == without_ids(slow)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", fast[1]["x-request-id"])


async def test_an_order_goes_by_the_lane_and_its_repeat_and_contradiction_too(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_: object) -> None:
        raise AssertionError("it went the long way")

    monkeypatch.setattr(served.web.app.door, "take_order", never)
    reader, writer = await served.connect()
    told = []
    for body in (body_bytes(), body_bytes(), body_bytes(note="换一件")):
        writer.write(served.request(body))
        told.append(await answer_of(reader))
    writer.close()
    assert [status for status, _, _ in told] == [201, 200, 422]
    assert told[0][2] == told[1][2]
    assert told[1][1]["idempotent-replayed"] == "true"
    assert told[2][2]["code"] == "idempotency_conflict"


async def test_a_key_that_is_no_longer_valid_is_refused(served: Served):
    status, fields, document = await served.ask(served.request(body_bytes(), key="lbk_abcdef_" + "x" * 43))
    assert (status, document["code"]) == (401, "unauthenticated")
    assert fields["www-authenticate"].startswith("Bearer")


async def test_an_ops_key_takes_no_order(served: Served):
    key = await served.web.key("ops", scope="ops")
    assert (await served.ask(served.request(body_bytes(), key=key)))[0] == 403


@pytest.mark.parametrize(("error", "code"), [(DoorBusy(), "busy"), (NowhereToWrite(), "intake_unavailable")])
async def test_what_cannot_be_taken_is_refused_with_a_time_to_come_back(
    served: Served, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
):
    def queue(_order: object, waiting: OrderCycle) -> None:
        if isinstance(error, DoorBusy):
            raise error
        waiting.set_exception(error)

    monkeypatch.setattr(served.web.app.runtime.commit, "queue", queue)
    status, fields, document = await served.ask(served.request(body_bytes()))
    assert (status, document["code"]) == (503, code)
    assert int(fields["retry-after"]) > 0


async def test_a_mistake_of_ours_is_answered_and_logged(served: Served, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(served.web.app.door, "prepare", broken)
    status, _, document = await served.ask(served.request(body_bytes()))
    assert (status, document["code"]) == (500, "internal_error")


# ---- bodies and connections ----------------------------------------------------------------------------------------


async def test_a_body_in_pieces_or_in_chunks_is_read_whole(served: Served):
    body = body_bytes()
    reader, writer = await served.connect()
    request = served.request(body)
    for n in range(0, len(request), 50):
        writer.write(request[n : n + 50])
        await writer.drain()
        await asyncio.sleep(0)
    first = await answer_of(reader)
    writer.write(served.head("Transfer-Encoding: chunked"))
    for piece in (body[:100], body[100:]):
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    writer.write(b"0\r\n\r\n")
    second = await answer_of(reader)
    writer.close()
    assert (first[0], second[0]) == (201, 200)
    assert first[2] == second[2]


async def test_a_chunked_body_is_refused_at_the_limit(served: Served):
    reader, writer = await served.connect()
    writer.write(served.head("Transfer-Encoding: chunked"))
    for _ in range(5):
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
    status, _, document = await answer_of(reader)
    writer.close()
    assert (status, document["detail"]) == (413, "请求体超过上限 256 KiB。")


async def test_requests_sent_ahead_are_answered_in_their_order(served: Served):
    reader, writer = await served.connect()
    keys = [f"K-{n}" for n in range(5)]
    writer.write(b"".join(served.request(body_bytes(client_order_id=key)) for key in keys))
    numbers = [(await answer_of(reader))[2]["order_number"] for _ in keys]
    again = [(await served.ask(served.request(body_bytes(client_order_id=key))))[2]["order_number"] for key in keys]
    writer.close()
    assert numbers == again
    assert len(set(numbers)) == len(keys)


async def test_a_connection_is_closed_where_the_client_wants_it(served: Served):
    reader, writer = await served.connect()
    writer.write(served.request(body_bytes(), "Connection: close"))
    status, fields, _ = await answer_of(reader)
    assert (status, fields["connection"]) == (201, "close")
    assert await reader.read() == b""
    writer.close()


async def test_who_asks_whether_to_go_on_is_told_to(served: Served):
    body = body_bytes()
    reader, writer = await served.connect()
    writer.write(served.head("Expect: 100-continue", f"Content-Length: {len(body)}"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await answer_of(reader))[0] == 201
    writer.close()


async def test_other_routes_work_on_the_same_connection(served: Served):
    reader, writer = await served.connect()
    writer.write(b"GET /v1/batches HTTP/1.1\r\nHost: lifeboat.test\r\n\r\n")
    assert (await answer_of(reader))[0] == 401
    writer.write(served.request(body_bytes()))
    assert (await answer_of(reader))[0] == 201
    writer.write(b"GET /nowhere HTTP/1.1\r\nHost: lifeboat.test\r\n\r\n")
    assert (await answer_of(reader))[0] == 404
    writer.close()


async def test_nobody_is_answered_before_the_commit(served: Served, monkeypatch: pytest.MonkeyPatch):
    taken: list[Any] = []
    commit = served.web.app.runtime.commit
    queue = commit.queue
    monkeypatch.setattr(commit, "queue", lambda order, waiting: taken.append((order, waiting)))
    reader, writer = await served.connect()
    writer.write(served.request(body_bytes()))
    await until(lambda: taken)
    await asyncio.sleep(0)
    assert not taken[0][1].response_complete
    queue(*taken[0])
    assert (await answer_of(reader))[0] == 201
    writer.close()


async def test_the_order_of_a_client_that_hung_up_stays(served: Served, monkeypatch: pytest.MonkeyPatch):
    taken: list[Any] = []
    commit = served.web.app.runtime.commit
    queue = commit.queue
    monkeypatch.setattr(commit, "queue", lambda order, waiting: taken.append((order, waiting)))
    _, writer = await served.connect()
    writer.write(served.request(body_bytes()))
    await until(lambda: taken)
    writer.transport.abort()
    await until(taken[0][1].done)
    monkeypatch.setattr(commit, "queue", queue)
    queue(*taken[0])
    await until(lambda: commit.waiting == 0)
    assert (await served.ask(served.request(body_bytes())))[0] == 200


async def test_an_order_under_way_is_answered_before_its_connection_is_shut(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    taken: list[Any] = []
    commit = served.web.app.runtime.commit
    queue = commit.queue
    monkeypatch.setattr(commit, "queue", lambda order, waiting: taken.append((order, waiting)))
    reader, writer = await served.connect()
    writer.write(served.request(body_bytes()))
    await until(lambda: taken)
    for connection in served.lanes:
        connection.shutdown()
    queue(*taken[0])
    status, fields, _ = await answer_of(reader)
    assert (status, fields["connection"]) == (201, "close")
    assert await reader.read() == b""
    writer.close()


async def test_where_too_many_are_connected_the_next_one_is_refused(served: Served):
    crowd = [await served.connect() for _ in range(50)]
    await until(lambda: len(served.state.connections) == len(crowd))
    status, fields, document = await served.ask(served.request(body_bytes()))
    assert (status, document["code"], fields["connection"]) == (503, "busy", "close")
    assert int(fields["retry-after"]) > 0
    for _, writer in crowd:
        writer.close()
    await until(lambda: not served.state.connections)
    assert (await served.ask(served.request(body_bytes())))[0] == 201


# ---- clocks --------------------------------------------------------------------------------------------------------


def later(served: Served, seconds: float) -> None:
    """Look at every connection as if so much time had gone by."""
    look_at_all(served.state.connections, asyncio.get_running_loop().time() + seconds)


async def test_a_head_that_drips_is_cut_off(served: Served):
    reader, writer = await served.connect()
    writer.write(b"POST /v1/orders HTTP/1.1\r\nHost: ")
    await until(lambda: served.lanes and served.lanes[0].in_head)
    later(served, HEAD_WITHIN - 1)
    assert not reader.at_eof()
    later(served, HEAD_WITHIN + 1)
    async with asyncio.timeout(10):
        said = await reader.read()
    assert said.startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_body_that_drips_is_cut_off(served: Served):
    reader, writer = await served.connect()
    writer.write(served.head("Content-Length: 500") + b"{")
    await until(lambda: served.lanes and isinstance(served.lanes[0].cycle, OrderCycle))
    later(served, BODY_WITHIN - 1)
    later(served, BODY_WITHIN + 1)
    status, fields, document = await answer_of(reader)
    assert (status, fields["connection"], document["code"]) == (408, "close", "request_timeout")
    writer.close()


async def test_a_connection_at_rest_is_closed_and_one_at_work_is_not(served: Served):
    silent, rested, working = [await served.connect() for _ in range(3)]
    rested[1].write(served.request(body_bytes()))
    await answer_of(rested[0])
    working[1].write(served.head("Content-Length: 500"))
    await until(lambda: any(isinstance(lane.cycle, OrderCycle) and not lane.cycle.whole for lane in served.lanes))
    later(served, 6)  # uvicorn's own 5 s: the configuration here names none
    assert await silent[0].read() == b""
    assert await rested[0].read() == b""
    assert [lane.transport.is_closing() for lane in served.lanes] == [False]
    for _, writer in (silent, rested, working):
        writer.close()


async def test_a_head_without_end_is_cut_off(served: Served):
    reader, writer = await served.connect()
    writer.write(b"POST /v1/orders HTTP/1.1\r\nX-Endless: ")
    for _ in range(LARGEST_HEAD // 8192 + 2):
        writer.write(b"x" * 8192)
    with suppress(ConnectionError):
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
    writer.close()


def test_the_lane_knows_every_part_of_uvicorn_that_it_stands_on():
    """An upgrade of uvicorn that renames one of these must not pass silently."""
    theirs = lane_module.HttpToolsProtocol
    for name in ("_start_asgi_task", "_unset_keepalive_if_required", "on_response_complete", "on_message_begin"):
        assert callable(getattr(theirs, name)), name
