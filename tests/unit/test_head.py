"""The head of a request has a most of bytes and of seconds; a connection that never says anything ends too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.web import head
from app.web.head import BoundedHead

HEAD = b"POST /v1/orders HTTP/1.1\r\nHost: x\r\n"


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(str(size)))]})
    await send({"type": "http.response.body", "body": str(size).encode()})


@asynccontextmanager
async def _connection() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(_echo, log_config=None, ws="none")
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BoundedHead(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        server.close()
        await asyncio.sleep(0)


async def _said(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), 10)


@pytest.mark.parametrize("start", [b"", HEAD, HEAD + b"X-Slow: "])
async def test_a_head_that_does_not_come_in_time_ends_the_connection(start: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(head, "WITHIN", 0.05)
    async with _connection() as (reader, writer):
        writer.write(start)
        assert await _said(reader) == b""


async def test_the_head_of_a_further_request_has_no_longer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(head, "WITHIN", 0.05)
    async with _connection() as (reader, writer):
        writer.write(HEAD + b"Content-Length: 2\r\n\r\nhi" + HEAD)
        answer = await _said(reader)
        assert answer.count(b"HTTP/1.1 200") == 1
        assert answer.endswith(b"2")


async def test_a_body_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(head, "WITHIN", 0.05)
    async with _connection() as (reader, writer):
        writer.write(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n")
        await asyncio.sleep(0.2)  # four times what a head may take
        writer.write(b"hi")
        assert (await _said(reader)).endswith(b"2")


@pytest.mark.parametrize(
    "more", [b"X: " + b"a" * head.MOST_BYTES, b"x: y\r\n" * (head.MOST_BYTES // 6 + 1)], ids=("one", "many")
)
async def test_a_head_that_is_too_large_is_refused(more: bytes):
    async with _connection() as (reader, writer):
        writer.write(HEAD + more)
        assert (await _said(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_large_body_and_many_requests_on_one_connection_are_no_large_head():
    async with _connection() as (reader, writer):
        for _ in range(5):
            writer.write(HEAD + b"Content-Length: 200000\r\n\r\n" + b"a" * 200_000)
            assert await asyncio.wait_for(reader.readuntil(b"200000\r\n"[:6]), 10)
        writer.write(HEAD + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        assert (await _said(reader)).endswith(b"0")
