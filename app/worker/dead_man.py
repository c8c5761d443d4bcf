"""Tells a dead man's switch on other infrastructure that work is done: after it is done, and never in its way.

The work only notes that it is done, in memory. A loop of its own does the telling, so a switch that hangs or refuses
costs the work nothing; how it went is written down and shown.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from app.domain.clock import Clock
from app.store.unit_of_work import Store

log = structlog.get_logger()

AGAIN_AFTER = timedelta(minutes=1)
"""After a ping that failed; the switch has ten minutes of patience."""

STALE_AFTER = timedelta(minutes=2)
"""What was done longer ago proves no more that work is done."""

WRITE_WITHIN = 10.0

Ping = Callable[[], Awaitable[str]]
"""Tells the switch; returns why it was not told, empty if it was."""


class DeadMan:
    """One switch: ``patrol`` or ``batch``; ``monotonic`` counts seconds."""

    def __init__(
        self,
        name: str,
        ping: Ping,
        *,
        every: timedelta,
        store: Store,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._ping = ping
        self._every = every
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._done_at: float | None = None
        self._next_at: float | None = None

    def work_is_done(self, *, on_time: bool = False) -> None:
        """Note that the work is done and committed; ``on_time`` tells the switch although it was told lately."""
        self._done_at = self._monotonic()
        if on_time:
            self._next_at = None

    async def run_once(self) -> int:
        """Tell the switch if there is something to tell; return how often that was."""
        now = self._monotonic()
        if self._done_at is None or (self._next_at is not None and now < self._next_at):
            return 0
        done_at, self._done_at = self._done_at, None
        if now - done_at > STALE_AFTER.total_seconds():
            return 0
        reason = await self._ping()
        self._next_at = now + (AGAIN_AFTER if reason else self._every).total_seconds()
        if reason:
            log.warning("dead_man_not_told", switch=self._name, reason=reason)
        async with asyncio.timeout(WRITE_WITHIN):
            await asyncio.to_thread(self._note, reason)
        return 1

    def _note(self, reason: str) -> None:
        with self._store.writing() as uow:
            uow.dependencies.note_ping(self._name, at=self._clock.now(), reason=reason)
