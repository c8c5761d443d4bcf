"""A wire that can be cut: it passes bytes between two ends, and delays, truncates or loses them as it is told."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.harness.processes import LOOPBACK
from tests.harness.waiting import PATIENCE

AT_ONCE = 65536
REMEMBERED = 64
"""Bytes, so that words are found which came in two parts."""


@dataclass(frozen=True)
class Pass:
    """Let the bytes through after some seconds."""

    after: float = 0.0


@dataclass(frozen=True)
class Cut:
    """Let the ``first`` of them through, then cut the connection."""

    first: int = 0


@dataclass(frozen=True)
class CutBeforeReply:
    """Let them through, and cut the connection once the other end says ``reply``: what they ask for is done, unheard.

    ``met`` is called at that very moment.
    """

    reply: bytes
    met: Callable[[], None]


Fate = Pass | Cut | CutBeforeReply


@dataclass
class Link:
    """One connection, and what a judge wants to remember of it."""

    seen: set[str] = field(default_factory=set)
    unheard: CutBeforeReply | None = None


@dataclass(frozen=True)
class Chunk:
    """Bytes on their way; ``forth`` from the client to the server, ``before`` what went that way just before them."""

    data: bytes
    forth: bool
    link: Link
    before: bytes = b""

    def brings(self, words: bytes) -> bool:
        """Tell whether ``words`` are complete with this chunk."""
        at = (self.before + self.data).find(words)
        return at >= 0 and at + len(words) > len(self.before)


Judge = Callable[[Chunk], Fate]


class _CutOff(Exception):
    """The connection has met its fate."""


def unharmed(_chunk: Chunk) -> Fate:
    """Let everything pass."""
    return Pass()


class Wire:
    """Listens on ``port`` of 127.0.0.1 and leads to ``target``; runs in a thread until the ``with`` block ends."""

    def __init__(self, target: int) -> None:
        self.judge: Judge = unharmed
        self.cuts = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(PATIENCE)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connect, LOOPBACK, 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._listening.set()
        await self._stop.wait()
        server.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.transport.abort()
            return
        link = Link()
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, writer, link, forth=True)),
            asyncio.create_task(self._pump(far_reader, writer, far_writer, link, forth=False)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for one in (writer, far_writer):
                one.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        link: Link,
        *,
        forth: bool,
    ) -> None:
        before = b""
        while data := await reader.read(AT_ONCE):
            chunk = Chunk(data, forth, link, before)
            before = (before + data)[-REMEMBERED:]
            if link.unheard is not None and not forth:
                if chunk.brings(link.unheard.reply):
                    link.unheard.met()
                    self._cut(to)
                continue  # it would be strange to hear a part of the answer
            match self.judge(chunk):
                case Pass(after):
                    await asyncio.sleep(after)
                    to.write(data)
                case Cut(first):
                    to.write(data[:first])
                    await to.drain()
                    self._cut(back)
                case CutBeforeReply() as fate:
                    link.unheard = fate
                    to.write(data)
            await to.drain()

    def _cut(self, end: asyncio.StreamWriter) -> None:
        """Reset one end; the other sees the connection close after what it was sent."""
        self.cuts += 1
        end.transport.abort()
        raise _CutOff
