"""What a worker does for the rows of the past: it forgets what nobody reads any more, and purges lifecycle data."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

import structlog

from app.bootstrap import Lifeboat, change_publisher
from app.domain.actor import SYSTEM
from app.store.repositories.dependencies import KEPT as WINDOWS_KEPT
from app.watch.stages.own_orders import tell_own_orders
from app.watch.stages.purge import PurgedLifecycle, purge_lifecycle
from app.worker.alone import Alone
from app.worker.timetable import PURGE_WITHIN

log = structlog.get_logger()

CHANGES_KEPT = timedelta(days=400)

STOPS_BEFORE = timedelta(minutes=1)
"""So long before it would be cut off a purge stops by itself, between two pieces."""

StandBack = Callable[[float], Awaitable[None]]
"""Leaves SQLite's lock to others for as long as it was held since a moment of the monotonic clock at most."""


class Tidy:
    """The steps of one worker that keep its rows few, and those that follow its orders."""

    def __init__(self, boat: Lifeboat, stand_back: StandBack) -> None:
        self._boat, self._stand_back = boat, stand_back
        self._runs, self._purges, self._changes = Alone(), Alone(), Alone()

    async def forget_runs(self) -> int:
        """Forget old runs, probes and changes."""
        return await self._runs.run(self._forget_runs)

    def _forget_runs(self) -> int:
        now = self._boat.clock.now()
        with self._boat.store.writing() as uow:
            uow.dependencies.forget_before(now - WINDOWS_KEPT)
            uow.rule_changes.forget_before(now - CHANGES_KEPT)
            return uow.jobs.forget_old()

    async def purge(self) -> int:
        """Purge lifecycle data, a piece at a time, for as long as a night's run may take."""
        now = self._boat.clock.now()
        pieces = purge_lifecycle(self._boat.store, before=now - self._boat.settings.watch_kept, by=SYSTEM, now=now)
        ends, gone = time.monotonic() + (PURGE_WITHIN - STOPS_BEFORE).total_seconds(), PurgedLifecycle()
        while time.monotonic() < ends:
            began = time.monotonic()
            piece = await self._purges.run(lambda: _next(pieces))
            if piece is None:
                break
            gone += piece
            await self._stand_back(began)
        if gone != PurgedLifecycle():
            log.info("lifecycle_purged", orders=gone.orders, events=gone.events, sums=gone.sums)
        return gone.orders

    async def tell_own_orders(self) -> int:
        """Tell the watch of a page of our own orders, then leave SQLite's lock alone for as long."""
        began = time.monotonic()
        boat = self._boat
        told = await asyncio.to_thread(tell_own_orders, boat.store, boat.keyring, now=boat.clock.now())
        if told:
            await self._stand_back(began)
        return told

    async def publish_changes(self) -> int:
        """Publish what storefronts have changed about orders whose file is out."""
        publisher = change_publisher(self._boat)
        await self._changes.run(lambda: publisher.run_once(self._boat.clock.now()))
        return 0  # one look a tick, however much it found


def _next(pieces: Iterator[PurgedLifecycle]) -> PurgedLifecycle | None:
    return next(pieces, None)
