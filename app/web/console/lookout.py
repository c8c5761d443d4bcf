"""Looks once a second whether anything has changed, for all browsers together; without one nobody looks.

A browser costs the door a name or two on its stream, and the store nothing: the look is one question about newest row
ids, asked on a thread of its own.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from app.bootstrap import Lifeboat
from app.store.repositories.glance import Glance
from app.web.console.regions import changed
from app.web.threads import Question

log = structlog.get_logger()

LOOK_EVERY = 1.0
ANSWERED_WITHIN = 2.0
"""Seconds after which a store that does not answer counts as away: its figures are old, and pages must say so."""

STILL_EVERY = 5.0
"""Seconds of silence after which a stream says that it is still there: a browser tells a cut wire only by that."""

MOST_STREAMS = 100
"""Streams of one process. Each holds a connection that an order might want; who comes later asks every five seconds."""

Entitled = Callable[[Glance], bool]
"""Whether a stream may go on, by the newest look."""


class Stream:
    """One browser that wants to know: what has changed since it was last told."""

    def __init__(self, entitled: Entitled) -> None:
        self.entitled = entitled
        self.pending: set[str] = set()
        self.woken = asyncio.Event()
        self.over = False

    def end(self) -> None:
        """Let the stream end at once."""
        self.over = True
        self.woken.set()


class Lookout:
    """Looks while somebody listens, and tells all who do."""

    def __init__(self, boat: Lifeboat, process_marks: Callable[[], Mapping[str, Any]]) -> None:
        self._boat = boat
        self._process_marks = process_marks
        self._streams: set[Stream] = set()
        self._looking: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._known: Mapping[str, Any] = {}
        self._glance: Question[Glance | None] = Question("glance", self._take, unanswered=None)
        self.look_every, self.still_every = LOOK_EVERY, STILL_EVERY
        self.closed = False
        self.on_change: Callable[[], None] = lambda: None
        """Called before anybody is told, so that nobody is answered from memory who asks because he was told."""

    @property
    def crowded(self) -> bool:
        """Whether no more streams are taken: there are many, or the process is to end."""
        return self.closed or len(self._streams) >= MOST_STREAMS

    def close(self) -> None:
        """End every stream now, and take no more; to be called on the event loop's thread."""
        self.closed = True
        for stream in self._streams:
            stream.end()

    async def listen(self, entitled: Entitled) -> AsyncIterator[bytes]:
        """Yield what one browser's stream says until it is over: see :data:`Entitled`, and :meth:`close`."""
        stream = Stream(entitled)
        self._streams.add(stream)
        if self._looking is None or self._looking.done():
            self._known, self._looked = {}, asyncio.Event()
            self._looking = asyncio.create_task(self._keep_looking())
        try:
            await self._looked.wait()  # what comes after this is noticed, so what a page asks for now is enough
            yield _event("still", self._now())
            while await self._goes_on(stream):
                names, stream.pending = sorted(stream.pending), set()
                yield _event("changed", names) if names else _event("still", self._now())
            yield _event("over", self._now())
        finally:
            self._streams.discard(stream)
            if not self._streams and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _goes_on(self, stream: Stream) -> bool:
        """Wait until there is something to say; False once the stream is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(stream.woken.wait(), self.still_every)
        stream.woken.clear()
        return not (stream.over or self.closed)

    async def look(self) -> None:
        """Look once, and tell."""
        glance = await self._glance.answer(within=ANSWERED_WITHIN)
        marks = {**(glance.marks if glance else self._known), **self._process_marks(), "away": glance is None}
        marks["minute"] = int(self._boat.clock.now().timestamp()) // 60
        first, names = not self._known, changed(self._known, marks)
        self._known = marks
        if names:  # also at the first look: nobody knows what has happened while nobody looked
            self.on_change()
        self._looked.set()
        for stream in self._streams:
            if glance is not None and not stream.entitled(glance):
                stream.end()
            elif names and not first:
                stream.pending |= names
                stream.woken.set()

    async def _keep_looking(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self.look_every)

    def _take(self) -> Glance | None:
        try:
            with self._boat.store.reading() as uow:
                return uow.glance.take(now=self._boat.clock.now())
        except Exception as error:  # noqa: BLE001 - the store is away: pages say so when they are asked for
            log.debug("no_glance", reason=type(error).__name__)
            return None

    def _now(self) -> str:
        return self._boat.clock.now().isoformat()


def _event(name: str, data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
