"""Takes the orders of a running replay to the main system, one after the other, wherever the one before it ended.

Each is asked for first, and sent only if it is not there. That it is about to be sent is committed before it leaves: a
process that dies then, or an answer that never comes, leaves an order that is looked for and never sent on a guess.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.actor import SYSTEM
from app.domain.circuit_breaker import CircuitBreaker
from app.domain.clock import Clock
from app.domain.main_system import CreateOutcome, FindOutcome, OrderToSend
from app.domain.replay import ReplayCounts, ReplayState, SentState
from app.handback.replay.conclude import OrderInHand, conclude_find, conclude_send, person
from app.main_system.port import MainOf
from app.store.names_in_main import names_in_main
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import OrderRow, ReplayOrder
from app.store.unit_of_work import Store, UnitOfWork

LEASE = timedelta(minutes=3)
"""Longer than any two calls may take: whose process died between them is looked for again."""

AT_A_TIME = 50
DRIVER = "replay-driver"
"""The lease of the process that goes on with the replay."""


@dataclass(slots=True)
class Replayer:
    """Goes on with the replay that runs; how fast is for its adapter, which leaves half of the account to others."""

    store: Store
    keyring: Keyring
    clock: Clock
    main_of: MainOf
    holder: str
    """Of some processes that could drive it one does, so that the account has one pace."""
    _breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    _has_driven: bool = False

    async def run_once(self) -> int:
        """Go on with some orders, and return with how many; none where nothing runs, or all that is left rests."""
        if not await asyncio.to_thread(self._runs):
            return 0
        done = 0
        while done < AT_A_TIME and self._breaker.allows(self.clock.now()):
            taken = await asyncio.to_thread(self._take)
            if taken is None:
                break
            found = await taken.main.find(taken.order.names)
            if await asyncio.to_thread(self._found, taken, found):
                created = await taken.main.create(taken.order)
                await asyncio.to_thread(self._sent, taken, created)
            done += 1
        return done

    def let_go(self) -> None:
        """Let another process go on at once, if this one has driven at all."""
        if self._has_driven:
            with self.store.writing() as uow:
                uow.leases.give_up(DRIVER, holder=self.holder)

    def _runs(self) -> bool:
        """Tell whether there is a replay to go on with, without asking for the lock that orders wait for."""
        with self.store.reading() as uow:
            replay = uow.replays.unended()
            return replay is not None and replay.state == ReplayState.RUNNING

    def counts(self) -> ReplayCounts | None:
        """Count the orders of the newest replay; None if there never was one."""
        with self.store.reading() as uow:
            newest = uow.replays.newest()
            return uow.replays.counts(newest.id or 0) if newest is not None else None

    def _take(self) -> OrderInHand | None:
        """Take the order that is due longest; ends the replay where none is left."""
        now = self.clock.now()
        while True:
            with self.store.writing() as uow:
                replay = uow.replays.unended(lock=True)
                if replay is None or replay.state != ReplayState.RUNNING:
                    return None
                if not uow.leases.take(DRIVER, holder=self.holder, now=now, until=now + LEASE):
                    return None
                self._has_driven = True
                row = uow.replays.claim(replay.id or 0, now=now, lease=LEASE, alone=not replay.proven)
                if row is None:
                    if not uow.replays.open_count(replay.id or 0):
                        replay.state, replay.ended_at = ReplayState.DONE, now
                        uow.audit.record("replay.done", by=SYSTEM, at=now, subject=str(replay.id))
                    return None
                order = uow.orders.get(row.order_id)
                if order.batch_id != row.batch_id:
                    row.state = SentState.GONE
                elif (taken := self._opened(uow, row, order, now)) is not None:
                    return taken

    def _opened(self, uow: UnitOfWork, row: ReplayOrder, order: OrderRow, now: datetime) -> OrderInHand | None:
        try:
            canonical = self.keyring.open_order(order.sealed, order.number)
            sealed = order.sealed_payload
            payload = self.keyring.seal.unseal(sealed, order.number) if sealed is not None else None
        except CannotUnseal:
            person(row, "这一单的资料无法读取，请人工核对")
            return None
        main = self.main_of(order.profile)
        if main is None:
            person(row, "这一单的渠道没有可用的主系统接口，请用文件导入")
            return None
        names = names_in_main(uow, order)
        to_send = OrderToSend(names=names, order=canonical, received_at=order.received_at, payload=payload)
        return OrderInHand(row.replay_id, row.order_id, to_send, main, now + LEASE)

    def _found(self, taken: OrderInHand, outcome: FindOutcome) -> bool:
        """Settle an order by what a look found; tell whether it is to be sent now."""
        self._breaker.heard(outcome, now=self.clock.now())
        with self.store.writing() as uow:
            return conclude_find(uow, taken, outcome, breaker=self._breaker, now=self.clock.now())

    def _sent(self, taken: OrderInHand, outcome: CreateOutcome) -> None:
        self._breaker.heard(outcome, now=self.clock.now())
        with self.store.writing() as uow:
            conclude_send(uow, taken, outcome, breaker=self._breaker, now=self.clock.now())
