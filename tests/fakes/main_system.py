"""A main system's order address as it behaves when it is ill: it refuses, hangs, answers 5xx, or stores and says nothing."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from tests.harness.processes import LOOPBACK, free_port

Mood = Literal[
    "well",
    "refuses",
    "hangs",
    "hangs after storing",
    "cuts after storing",
    "500",
    "503",
    "500 after storing",
    "200 with an error inside",
    "200 out of stock",
]

_CODES: dict[Mood, int] = {"well": 0, "200 with an error inside": 9999, "200 out of stock": 4001}
"""What an answer says besides its status, where that is 200."""

_REASONS = {200: "OK", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass
class MainSystem:
    """Takes orders by their trade number without any idempotency: whatever is sent twice is there twice."""

    port: int = field(default_factory=free_port)
    mood: Mood = "well"
    stored: Counter[str] = field(default_factory=Counter)
    """How often each trade number is there."""
    asked: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def be(self, mood: Mood) -> None:
        """Fall ill, or be well again."""
        self.mood = mood
        if mood == "refuses":
            await self.close()
        elif self._server is None:
            self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    async def close(self) -> None:
        """Close the door; whoever is being served is cut off, as by kill -9."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                if head.startswith("get "):  # its health address answers whatever becomes of orders
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    continue
                length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
                number = json.loads(await reader.readexactly(length))["data"]["tradeNo"]
                await self._take(number, reader, writer)
        self._open.discard(writer)
        writer.close()

    async def _take(self, trade_number: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        if "storing" in self.mood or self.mood == "well":
            self.stored[trade_number] += 1
        if self.mood.startswith("hangs"):
            await reader.read()  # until the other side has had enough
            raise ConnectionResetError
        if self.mood.startswith("cuts"):
            writer.transport.abort()
            raise ConnectionResetError
        status = 200 if self.mood == "well" else int(self.mood[:3])
        body = json.dumps({"code": _CODES.get(self.mood, status), "data": {"tradeNo": trade_number}}).encode()
        writer.write(
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()


@asynccontextmanager
async def main_system() -> AsyncIterator[MainSystem]:
    """Run one that is well."""
    made = MainSystem()
    await made.be("well")
    try:
        yield made
    finally:
        await made.close()
