"""Elects the leader: of all workers the one that holds a lease makes batches and sweeps, as long as it renews it."""

import asyncio
from datetime import timedelta

import structlog

from app.domain.clock import Clock
from app.store.repositories.leases import LEADER
from app.store.unit_of_work import Store
from app.worker.loops import Step

log = structlog.get_logger()

LASTS = timedelta(seconds=20)
"""A dead leader is replaced after this; its jobs are idempotent, so two for a moment are harmless."""

RENEW_EVERY = 5.0


class Leadership:
    """Takes and keeps the lease."""

    def __init__(self, store: Store, clock: Clock, *, holder: str) -> None:
        self._store = store
        self._clock = clock
        self._holder = holder
        self.is_mine = False

    async def renew(self) -> int:
        """Take or renew the lease."""
        try:
            mine = await asyncio.to_thread(self._take)
        except Exception:
            self.is_mine = False
            raise
        if mine != self.is_mine:
            log.info("leader" if mine else "not_leader", holder=self._holder)
        self.is_mine = mine
        return 0

    def only(self, step: Step) -> Step:
        """Return ``step``, done only while the lease is ours."""

        async def guarded() -> int:
            return await step() if self.is_mine else 0

        return guarded

    def give_up(self) -> None:
        """Hand the lease back, so that another worker need not wait for its end."""
        with self._store.writing() as uow:
            uow.leases.give_up(LEADER, holder=self._holder)

    def _take(self) -> bool:
        now = self._clock.now()
        with self._store.writing() as uow:
            return uow.leases.take(LEADER, holder=self._holder, now=now, until=now + LASTS)
