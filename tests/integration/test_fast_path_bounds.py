"""What one connection may hold: bytes beside its body, requests sent ahead, an answer nobody reads, errors told."""

import asyncio
import json
import socket
from contextlib import suppress

from app.intake.schemas import MOST_LOOKED_AT, MOST_TOLD
from app.web.door.bounded import LARGEST_HEAD, UNREAD_FOR
from app.web.door.fast_path import look_at_all
from tests.deployment.orders import order_body
from tests.integration.fast_path_rig import Served, answer_of, body_bytes, until

WIDE = 8 * 1024 * 1024


async def _push(writer: asyncio.StreamWriter, data: bytes) -> None:
    with suppress(ConnectionError):
        writer.write(data)
        await writer.drain()


async def test_fields_after_the_body_say_nothing(served: Served):
    """A proxy looks at heads alone: a key or an address in a trailer is nobody's."""
    ops = await served.web.key("till", scope="ops")
    for late in (f"Authorization: Bearer {ops}", "X-Forwarded-For: 9.9.9.9"):
        reader, writer = await served.connect()
        head = "GET /v1/batches HTTP/1.1\r\nHost: lifeboat.test\r\nTransfer-Encoding: chunked\r\nTrailer: authorization\r\n\r\n"
        writer.write(f"{head}0\r\n{late}\r\n\r\n".encode())
        assert (await answer_of(reader))[0] == 401
        writer.close()


async def test_a_body_with_trailers_is_still_an_order(served: Served):
    body = body_bytes()
    reader, writer = await served.connect()
    writer.write(served.head("Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\nx-sum: 1\r\n\r\n" % (len(body), body))
    assert (await answer_of(reader))[0] == 201
    writer.write(served.request(body))  # and the connection is as good as before
    assert (await answer_of(reader))[0] == 200
    writer.close()


async def test_trailers_and_extensions_without_end_are_cut_off(served: Served):
    for endless in (b"0\r\n" + b"ab: cd\r\n" * 1000, b"0\r\nx: " + b"y" * 8000, b"5;ext=" + b"z" * 8000):
        reader, writer = await served.connect()
        writer.write(b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        await until(lambda: served.lanes)
        while served.lanes and sent < WIDE:
            await _push(writer, endless if sent == 0 else endless[3:])
            sent += len(endless)
            await asyncio.sleep(0)
        with suppress(ConnectionError):
            said = await reader.read()
            assert said == b"" or b" 431 " in said or b" 405 " in said
        await until(lambda: not served.lanes)
        assert sent < 8 * LARGEST_HEAD + 2 * 1024 * 1024  # the kernel's own buffers take some
        writer.close()


async def test_what_is_sent_ahead_waits_in_the_kernel_and_not_with_us(served: Served):
    reader, writer = await served.connect()
    request = b"GET /v1/batches HTTP/1.1\r\nHost: x\r\n\r\n"
    one_read = 256 * 1024 // len(request)  # of asyncio's own loop; uvloop reads a quarter of that
    deepest = 0
    sending = asyncio.create_task(_push(writer, request * (5 * one_read)))
    for _ in range(300):
        assert (await answer_of(reader))[0] == 401
        deepest = max([deepest, *(len(lane.pipeline) for lane in served.lanes)])
    sending.cancel()
    writer.transport.abort()
    assert 0 < deepest <= one_read, deepest


async def test_an_answer_that_nobody_reads_ends_the_connection(served: Served):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", served.port))
    await until(lambda: served.lanes)
    (lane,) = served.lanes
    sending = asyncio.create_task(loop.sock_sendall(connection, b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 400))
    await until(lane.transport.get_write_buffer_size)
    for _ in range(100):  # until the kernel has taken what it will
        await asyncio.sleep(0.005)
    now = loop.time()
    look_at_all([lane], now)
    look_at_all([lane], now + UNREAD_FOR - 1)
    assert lane in served.lanes
    with suppress(BlockingIOError):  # a byte taken is time won
        while len(connection.recv(65536)) == 65536:
            pass
    for _ in range(100):
        await asyncio.sleep(0.005)
    look_at_all([lane], now + UNREAD_FOR + 1)
    assert lane in served.lanes
    look_at_all([lane], now + 2 * UNREAD_FOR + 3)
    await until(lambda: lane not in served.lanes)
    sending.cancel()
    connection.close()


async def test_a_closing_connection_is_ended_too(served: Served):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", served.port))
    await until(lambda: served.lanes)
    (lane,) = served.lanes
    lane.transport.write(b"x" * WIDE)
    lane.transport.close()
    now = loop.time()
    look_at_all([lane], now)
    for _ in range(100):
        await asyncio.sleep(0.005)
    look_at_all([lane], now + 1)
    look_at_all([lane], now + UNREAD_FOR + 3)
    await until(lambda: lane not in served.lanes)
    connection.close()


async def test_a_connection_that_waits_for_news_is_left_alone(served: Served):
    """An event stream has nothing to send for hours."""
    _, writer = await served.connect()
    await until(lambda: served.lanes)
    (lane,) = served.lanes
    assert not lane.is_unread(0.0)
    assert not lane.is_unread(10_000.0)
    writer.close()


async def test_errors_are_named_up_to_a_number(served: Served):
    def wrong(fields: int) -> bytes:
        return json.dumps({**order_body(), **{f"unknown{n}": n for n in range(fields)}}).encode()

    status, _, said = await served.ask(served.request(wrong(3)))
    assert (status, len(said["errors"])) == (422, 3)
    status, _, said = await served.ask(served.request(wrong(MOST_TOLD + 7)))
    assert (status, len(said["errors"])) == (422, MOST_TOLD + 1)
    assert "另有 7 处" in said["errors"][-1]["detail"]
    status, _, said = await served.ask(served.request(wrong(MOST_LOOKED_AT + 1)))
    assert (status, said.get("errors", [])) == (422, [])
    assert f"{MOST_LOOKED_AT + 1} 处错误" in said["detail"]
