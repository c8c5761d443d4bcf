"""Accepts an order: checks it, gives it its number, and answers once it is on disk."""

import asyncio
import secrets
from datetime import datetime
from typing import NamedTuple

import structlog

from app.domain.caller import Caller
from app.domain.clock import Clock, SystemClock
from app.domain.order import Priority
from app.domain.order_number import derive
from app.domain.passed_on import PassedOn
from app.domain.problems import (
    Busy,
    IdempotencyConflict,
    IntakeClosed,
    InternalError,
    InvalidOrder,
    Problem,
)
from app.intake.content import content_of, refusal_of_times, wild_times, without_times
from app.intake.earlier import EarlierOrders
from app.intake.quotas import ClientQuotas
from app.intake.schemas import EarlierOrderIn, OrderIn, canonical_json
from app.store.commit.group_commit import DoorBusy, GroupCommit, NowhereToWrite
from app.store.commit.order_writer import NewOrder, Stored
from app.store.commit.writer_thread import Waiter
from app.store.sealing import Keyring

log = structlog.get_logger()


class Accepted(NamedTuple):
    """What the client is told."""

    number: str
    priority: Priority
    received_at: datetime
    replayed: bool


class Original(NamedTuple):
    """The payload of a drop-in order as it came, kept for the replay into the main system."""

    profile: str
    payload: bytes


def accepted_as(new: NewOrder, stored: Stored) -> Accepted:
    """Return what the client of ``new`` is told.

    Raises:
        IdempotencyConflict: the key came before with another body.
    """
    if not stored.same_body:
        raise IdempotencyConflict
    return Accepted(new.number, stored.priority, stored.received_at, stored.replayed)


def refusal_of(error: Exception) -> Problem:
    """Return what the client is told where its order could not be written: nothing of it was kept."""
    match error:
        case Problem():
            return error
        case DoorBusy():
            return Busy()
        case NowhereToWrite():
            return IntakeClosed()
        case _:
            return InternalError()


class Intake:
    """Turns checked orders into accepted ones."""

    def __init__(
        self,
        keyring: Keyring,
        commit: GroupCommit,
        *,
        prefix: str,
        high_above_fen: int,
        quotas: ClientQuotas | None = None,
        clock: Clock | None = None,
        earlier: EarlierOrders | None = None,
    ) -> None:
        """Take what there is; ``earlier`` answers retries of orders that would not be taken any more."""
        self._quotas = quotas or ClientQuotas()
        self._keys = keyring
        self._commit = commit
        self._prefix = prefix
        self._high_above_fen = high_above_fen
        self._clock = clock or SystemClock()
        self._earlier = earlier
        self._settling = set[asyncio.Task[None]]()

    async def accept(
        self,
        order: OrderIn,
        caller: Caller,
        *,
        idempotency_key: str | None,
        original: Original | None = None,
        passed_on: PassedOn | None = None,
    ) -> Accepted:
        """Accept ``order`` and return once it is on disk.

        Raises:
            QuotaExceeded: this client has sent its share.
            InvalidOrder: its sum is beyond any order, or a time of it is none.
            IdempotencyConflict: the key came before with another body.
            Busy: the queue is full.
            IntakeClosed: neither the store nor the spool can take it.
        """
        new = self.prepare(order, caller, idempotency_key=idempotency_key, original=original, passed_on=passed_on)
        self._quotas.ask(new)
        problem = self._refusal(order, original)
        try:
            stored = await (self._commit.submit(new) if problem is None else self._settled(new, problem))
        except (DoorBusy, NowhereToWrite) as error:
            raise refusal_of(error) from None
        return accepted_as(new, stored)

    def queue(
        self,
        order: OrderIn,
        caller: Caller,
        *,
        idempotency_key: str | None,
        waiter: Waiter,
        passed_on: PassedOn | None = None,
    ) -> NewOrder:
        """Queue ``order`` for a waiter that is no coroutine; see :func:`accepted_as` and :func:`refusal_of`.

        Raises:
            QuotaExceeded: this client has sent its share.
            InvalidOrder: its sum is beyond any order, or a time of it is none.
            Busy: the queue is full.
        """
        new = self.prepare(order, caller, idempotency_key=idempotency_key, passed_on=passed_on)
        self._quotas.ask(new)
        if (problem := self._refusal(order, None)) is not None:
            if self._earlier is None:
                raise problem
            settling = asyncio.get_running_loop().create_task(self._settle(new, problem, waiter))
            self._settling.add(settling)  # the loop itself keeps no task alive
            settling.add_done_callback(self._settling.discard)
            return new
        try:
            self._commit.queue(new, waiter)
        except DoorBusy as error:
            raise refusal_of(error) from None
        return new

    def prepare(
        self,
        order: OrderIn,
        caller: Caller,
        *,
        idempotency_key: str | None,
        original: Original | None = None,
        passed_on: PassedOn | None = None,
    ) -> NewOrder:
        """Give an order its number and seal it; no input or output.

        Without an idempotency key the client's own order number serves as one, else one of our making. From a drop-in
        path, whose senders write times that are none, such a time is left out; the fingerprint still tells of it.

        Raises:
            InvalidOrder: its sum is beyond any order.
        """
        keys = self._keys
        idempotency_key = idempotency_key or order.client_order_id or f"auto-{secrets.token_hex(16)}"
        number = derive(keys.number, caller.client_id, idempotency_key, prefix=self._prefix)
        canonical = canonical_json(order)
        fingerprint = keys.fingerprint_of(canonical)
        if original is not None and (wild := wild_times(order, self._clock)):
            canonical = canonical_json(without_times(order, wild))
        content = content_of(order, number, canonical, keys, high_above_fen=self._high_above_fen)
        return NewOrder(
            number=number,
            client_id=caller.client_id,
            idempotency_key=idempotency_key,
            client_order_id=order.client_order_id,
            profile=original.profile if original else None,
            fingerprint=fingerprint,
            look_alike=content.look_alike,
            phone_index=content.phone_index,
            phone_last4=content.phone_last4,
            total_fen=content.total_fen,
            priority=content.priority,
            sealed=content.sealed,
            sealed_payload=keys.seal.seal(original.payload, number) if original else None,
            drill=caller.drill,
            passed_on=passed_on if passed_on is not None and passed_on.main_may_have else None,
        )

    async def _settled(self, new: NewOrder, problem: InvalidOrder) -> Stored:
        """Return the stored order that ``new`` is a retry of; what a proxy says of the retry is noted too."""
        if self._earlier is None:
            raise problem
        stored = await self._earlier.settle(new, problem)
        return stored if new.passed_on is None else await self._commit.submit(new)

    async def _settle(self, new: NewOrder, problem: InvalidOrder, waiter: Waiter) -> None:
        """Tell a waiter that is no coroutine."""
        try:
            stored = await self._settled(new, problem)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            waiter.set_exception(error)
        else:
            waiter.set_result(stored)

    def _refusal(self, order: OrderIn, original: Original | None) -> InvalidOrder | None:
        """Return why a canonical order is not taken today; an earlier release may have taken it."""
        if isinstance(order, EarlierOrderIn):
            return InvalidOrder(errors=order.errors)
        wild = wild_times(order, self._clock) if original is None else None
        return refusal_of_times(wild) if wild else None
