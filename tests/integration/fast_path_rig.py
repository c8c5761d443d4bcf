"""Serves the fast lane on a port of this machine, and talks to it byte by byte."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.store.commit.order_writer import NewOrder
from app.web.door.fast_order import FastOrder
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

    async def raw(self, data: bytes, *, then_silent: bool = False) -> bytes:
        """Send these bytes on a connection of their own, end the sending side if asked to, and return all that comes back."""
        reader, writer = await self.connect()
        writer.write(data)
        if then_silent:
            writer.write_eof()
        async with asyncio.timeout(10):
            said = await reader.read()
        writer.close()
        return said

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


def reset(writer: asyncio.StreamWriter) -> None:
    """Hang up for good: the other side hears a reset, and not only that nothing more will be sent."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def body_bytes(**changed: object) -> bytes:
    return json.dumps(order_body(**changed), ensure_ascii=False).encode()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for happens in uvicorn, which knows no event
            await asyncio.sleep(0.001)


class Held:
    """Keeps orders from the group commit until they are let go."""

    def __init__(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        self.orders: list[NewOrder] = []
        self._waiting: list[FastOrder] = []
        self._commit, self._queue = served.web.app.runtime.commit, served.web.app.runtime.commit.queue
        monkeypatch.setattr(self._commit, "queue", self._hold)

    def _hold(self, order: NewOrder, waiting: FastOrder) -> None:
        self.orders.append(order)
        self._waiting.append(waiting)

    @property
    def waiting(self) -> FastOrder:
        """Who waits for the first order."""
        return self._waiting[0]

    def let_go(self) -> None:
        """Queue the first order as it came, and those that come from now on."""
        self._commit.queue = self._queue  # type: ignore[method-assign]
        self._queue(self.orders[0], self.waiting)

    def let_all_go(self) -> None:
        """Queue every order as it came, for one commit, and those that come from now on."""
        self._commit.queue = self._queue  # type: ignore[method-assign]
        for order, waiting in zip(self.orders, self._waiting, strict=True):
            self._queue(order, waiting)
