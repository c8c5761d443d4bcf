"""Bodies in pieces, clients that hang up or drip, crowds: what the fast lane makes of connections, and of their clocks."""

import asyncio
from contextlib import suppress

import pytest

from app.web.door.body import BODY_WITHIN
from app.web.door.bounded import LARGEST_HEAD
from app.web.door.fast_order import FastOrder
from app.web.door.fast_path import HEAD_WITHIN, look_at_all
from tests.integration.fast_path_rig import Held, Served, answer_of, body_bytes, reset, until

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
    held = Held(served, monkeypatch)
    reader, writer = await served.connect()
    writer.write(served.request(body_bytes()))
    await until(lambda: held.orders)
    await asyncio.sleep(0)
    assert not held.waiting.response_complete
    held.let_go()
    assert (await answer_of(reader))[0] == 201
    writer.close()


async def test_the_order_of_a_client_that_hung_up_stays(served: Served, monkeypatch: pytest.MonkeyPatch):
    held = Held(served, monkeypatch)
    _, writer = await served.connect()
    writer.write(served.request(body_bytes()))
    await until(lambda: held.orders)
    reset(writer)
    await until(held.waiting.done)
    held.let_go()
    await until(lambda: served.web.app.runtime.commit.waiting == 0)
    assert (await served.ask(served.request(body_bytes())))[0] == 200


async def test_an_order_under_way_is_answered_before_its_connection_is_shut(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    held = Held(served, monkeypatch)
    reader, writer = await served.connect()
    writer.write(served.request(body_bytes()))
    await until(lambda: held.orders)
    for connection in served.lanes:
        connection.shutdown()
    held.let_go()
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


async def test_in_a_crowd_what_was_sent_ahead_is_refused_in_its_turn(served: Served, monkeypatch: pytest.MonkeyPatch):
    held = Held(served, monkeypatch)
    reader, writer = await served.connect()
    writer.write(served.request(body_bytes(client_order_id="first")))
    await until(lambda: held.orders)
    crowd = [await served.connect() for _ in range(50)]
    await until(lambda: len(served.state.connections) > len(crowd))
    writer.write(served.request(body_bytes(client_order_id="second")))
    await until(lambda: served.lanes and any(lane.pipeline for lane in served.lanes))
    held.let_go()
    first = await answer_of(reader)
    assert (first[0], first[2]["order_number"]) == (201, held.orders[0].number)
    assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
    for _, other in [*crowd, (reader, writer)]:
        other.close()


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
    await until(lambda: served.lanes and isinstance(served.lanes[0].cycle, FastOrder))
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
    await until(lambda: any(isinstance(lane.cycle, FastOrder) and not lane.cycle.whole for lane in served.lanes))
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
