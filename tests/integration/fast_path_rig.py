"""Serves the fast lane on a port of this machine, and talks to it byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from app.web.door.fast_path import FastProtocol
from tests.deployment.orders import order_body
from tests.deployment.web import Web


@dataclass
class Served:
    """The lane on a port of this machine."""

    port: int
    state: ServerState
    web: Web
    key: str

    @property
    def lanes(self) -> list[FastProtocol]:
        """Every open connection."""
        return [connection for connection in self.state.connections if isinstance(connection, FastProtocol)]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], Any]:
        """Send one request on a connection of its own."""
        reader, writer = await self.connect()
        try:
            writer.write(request)
            return await answer_of(reader)
        finally:
            writer.close()

    def request(self, body: bytes, *lines: str, path: bytes = b"/v1/orders", key: str = "") -> bytes:
        """Return a whole request for an order."""
        return self.head(f"Content-Length: {len(body)}", *lines, path=path, key=key) + body

    def head(self, *lines: str, path: bytes = b"/v1/orders", key: str = "") -> bytes:
        """Return the head of a request for an order."""
        fields = ["Host: lifeboat.test", f"Authorization: Bearer {key or self.key}", *lines]
        return b"POST " + path + b" HTTP/1.1\r\n" + "\r\n".join(fields).encode() + b"\r\n\r\n"


@asynccontextmanager
async def serving(web: Web) -> AsyncIterator[Served]:
    """Serve a running web process's door; at most fifty may be connected."""
    config = uvicorn.Config(web.app, log_config=None, access_log=False, lifespan="off", limit_concurrency=50)
    config.load()
    state = ServerState()
    lane = partial(FastProtocol, config=config, server_state=state, app_state={}, door=web.app.parts.door)
    server = await asyncio.get_running_loop().create_server(lane, "127.0.0.1", 0)
    yield Served(server.sockets[0].getsockname()[1], state, web, await web.key())
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()  # type: ignore[union-attr]
    await until(lambda: not state.connections)
    await asyncio.sleep(0.01)  # the clients' ends hear of it


Answer = tuple[int, dict[str, str], Any]
"""Status, header fields, and the JSON of the body."""


async def answer_of(reader: asyncio.StreamReader) -> Answer:
    """Read one whole answer."""
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
