"""One life of the worker of ``mortal``: everything in it is the worker's own but the clock, the pace and the way out."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from json import loads
from typing import Any

import httpx
from sqlalchemy import event

from app import settings as knobs
from app.bootstrap import Lifeboat, open_lifeboat
from app.bootstrap.sources import OpenSources
from app.outbound.pace import CallPace
from app.telemetry import logging
from app.worker.main import Worker
from tests.fakes.clock import ClockAt
from tests.harness.processes import LOOPBACK

MINUTE = timedelta(minutes=1)

Say = Callable[[Mapping[str, Any]], None]


def live(vendors: Mapping[str, int], say: Say, sources: str) -> int:
    """Take rounds until standard input ends, or death comes."""
    logging.configure("warning", process="mortal")
    asyncio.run(_live(vendors, say, sources))
    return 0


async def _live(vendors: Mapping[str, int], say: Say, sources: str) -> None:
    line = await asyncio.to_thread(sys.stdin.readline)  # it opens nothing before somebody wants it to
    if not line:
        return
    clock = ClockAt(datetime.fromisoformat(loads(line)["now"]))
    with closing(open_lifeboat(knobs.load(), clock=clock)) as boat:
        boat.prepare_store()
        worker = Worker(boat)
        steps = worker.steps()
        opened = OpenSources(boat, transport=Detour(vendors), wait=_no_wait, paces=_no_pace)
        death = Death(boat, say)
        while line:
            order = loads(line)
            clock.at = datetime.fromisoformat(order["now"])
            death.is_due_at(order["dies_at"])
            for step in order["steps"]:
                death.step = step
                if step == sources:
                    await _read_all(opened)
                else:
                    await getattr(steps, step)()
            say({"instants": death.comes_now_if_late()})
            line = await asyncio.to_thread(sys.stdin.readline)
        await worker.aclose()
        await opened.aclose()


async def _read_all(opened: OpenSources) -> None:
    """Read each source as often as it is read in a minute, and on while it has more to tell."""
    for source in opened.sources.known:
        for _ in range(max(1, MINUTE // source.every)):
            polled = await opened.poll(source)
            while polled.catching_up:
                polled = await opened.poll(source)


class Death:
    """Counts instants, and kills this process at the one that was ordered."""

    def __init__(self, boat: Lifeboat, say: Say) -> None:
        self.step = ""
        self._say = say
        self._due = 0
        self._count = 0
        self._lock = threading.Lock()
        for engine in (boat.engines.writer, boat.engines.reader):
            event.listen(engine, "before_cursor_execute", self._instant)
            event.listen(engine, "commit", self._instant)
        sys.addaudithook(self._connects)

    def is_due_at(self, instant: int) -> None:
        """Begin to count; 0 is no death."""
        self._due, self._count = instant, 0

    def comes_now_if_late(self) -> int:
        """Die if the round had fewer instants than that; return how many there were."""
        if self._due:
            self._die()
        return self._count

    def _instant(self, *_: object) -> None:
        with self._lock:
            self._count += 1
            if self._count == self._due:
                self._die()

    def _connects(self, name: str, _arguments: object) -> None:
        if name == "socket.connect":
            self._instant()

    def _die(self) -> None:
        self._say({"died": self.step})
        os.kill(os.getpid(), signal.SIGKILL)


class Detour(httpx.AsyncBaseTransport):
    """Leads to the vendors' hosts where fakes stand for them on this machine."""

    def __init__(self, vendors: Mapping[str, int]) -> None:
        self._vendors = vendors
        self._way = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on."""
        request.url = request.url.copy_with(scheme="http", host=LOOPBACK, port=self._vendors[request.url.host])
        return await self._way.handle_async_request(request)

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._way.aclose()


async def _no_wait(_seconds: float) -> None:
    """Wait for nothing: it would be the machine's time and not the day's; the fakes refuse what comes too often."""


def _no_pace(per_minute: float) -> CallPace:
    return CallPace(per_minute, now=lambda: 0.0, sleep=_no_wait)
