"""What a worker does beside its orders: it tells the watch of them, and forgets what nobody reads any more."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from app.bootstrap import Lifeboat
from app.store.repositories.dependencies import KEPT as WINDOWS_KEPT
from app.watch.stages.own_orders import tell_own_orders
from app.worker.alone import Alone

CHANGES_KEPT = timedelta(days=400)

StandBack = Callable[[float], Awaitable[None]]
"""Leaves SQLite's lock to others for as long as it was held since a moment of the monotonic clock at most."""


class Tidy:
    """The steps of one worker that keep its rows few, and those that follow its orders."""

    def __init__(self, boat: Lifeboat, stand_back: StandBack) -> None:
        self._boat, self._stand_back = boat, stand_back
        self._runs = Alone()

    async def forget_runs(self) -> int:
        """Forget old runs, probes and changes."""
        return await self._runs.run(self._forget_runs)

    def _forget_runs(self) -> int:
        now = self._boat.clock.now()
        with self._boat.store.writing() as uow:
            uow.dependencies.forget_before(now - WINDOWS_KEPT)
            uow.rule_changes.forget_before(now - CHANGES_KEPT)
            return uow.jobs.forget_old()

    async def tell_own_orders(self) -> int:
        """Tell the watch of a page of our own orders, then leave SQLite's lock alone for as long."""
        began = time.monotonic()
        boat = self._boat
        told = await asyncio.to_thread(tell_own_orders, boat.store, boat.keyring, now=boat.clock.now())
        if told:
            await self._stand_back(began)
        return told
