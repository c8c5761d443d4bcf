"""Accepts an order: checks it, gives it its number, and answers once it is on disk."""

import secrets
from datetime import datetime
from typing import NamedTuple

from app.domain.caller import Caller
from app.domain.money import MAX_FEN
from app.domain.order import Priority, priority_of, total_of
from app.domain.order_number import derive
from app.domain.phone import last4
from app.domain.problems import (
    Busy,
    FieldError,
    IdempotencyConflict,
    IntakeClosed,
    InternalError,
    InvalidOrder,
    Problem,
)
from app.intake.schemas import OrderIn, canonical_json
from app.store.commit.group_commit import DoorBusy, GroupCommit, NowhereToWrite
from app.store.commit.order_writer import NewOrder, Stored
from app.store.commit.writer_thread import Waiter
from app.store.sealing import Keyring


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


class Content(NamedTuple):
    """What an order's row keeps of its content, and by what it is found again."""

    look_alike: bytes
    phone_index: bytes
    phone_last4: str
    total_fen: int | None
    priority: Priority
    sealed: bytes


def content_of(order: OrderIn, number: str, canonical: bytes, keys: Keyring, *, high_above_fen: int) -> Content:
    """Return what the row ``number`` keeps of an order; ``canonical`` is the order as it is sealed.

    Raises:
        InvalidOrder: its sum is beyond any order.
    """
    total = total_of(
        stated=order.total,
        prices=((item.unit_price, item.quantity) for item in order.items),
        freight=order.freight,
        discount=order.discount,
    )
    if total is not None and total > MAX_FEN:  # no column holds it: all orders of its commit would fail with it
        raise InvalidOrder(errors=[FieldError("/items", "total_too_large", "单价与数量相乘的合计过大")])
    goods = [(item.sku, item.quantity) for item in order.items]
    return Content(
        keys.look_alike_of(phone=order.phone, goods=goods, total_fen=total),
        keys.phone_index(order.phone),
        last4(order.phone),
        total,
        priority_of(total, above_fen=high_above_fen),
        keys.seal.seal(canonical, number),
    )


def refusal_of(error: Exception) -> Problem:
    """Return what the client is told where its order could not be written: nothing of it was kept."""
    match error:
        case DoorBusy():
            return Busy()
        case NowhereToWrite():
            return IntakeClosed()
        case _:
            return InternalError()


class Intake:
    """Turns checked orders into accepted ones."""

    def __init__(self, keyring: Keyring, commit: GroupCommit, *, prefix: str, high_above_fen: int) -> None:
        self._keys = keyring
        self._commit = commit
        self._prefix = prefix
        self._high_above_fen = high_above_fen

    async def accept(
        self, order: OrderIn, caller: Caller, *, idempotency_key: str | None, original: Original | None = None
    ) -> Accepted:
        """Accept ``order`` and return once it is on disk.

        Raises:
            InvalidOrder: its sum is beyond any order.
            IdempotencyConflict: the key came before with another body.
            Busy: the queue is full.
            IntakeClosed: neither the store nor the spool can take it.
        """
        new = self.prepare(order, caller, idempotency_key=idempotency_key, original=original)
        try:
            stored = await self._commit.submit(new)
        except (DoorBusy, NowhereToWrite) as error:
            raise refusal_of(error) from None
        return accepted_as(new, stored)

    def queue(self, order: OrderIn, caller: Caller, *, idempotency_key: str | None, waiter: Waiter) -> NewOrder:
        """Queue ``order`` for a waiter that is no coroutine; see :func:`accepted_as` and :func:`refusal_of`.

        Raises:
            InvalidOrder: its sum is beyond any order.
            Busy: the queue is full.
        """
        new = self.prepare(order, caller, idempotency_key=idempotency_key)
        try:
            self._commit.queue(new, waiter)
        except DoorBusy as error:
            raise refusal_of(error) from None
        return new

    def prepare(
        self, order: OrderIn, caller: Caller, *, idempotency_key: str | None, original: Original | None = None
    ) -> NewOrder:
        """Give an order its number and seal it; no input or output.

        Without an idempotency key the client's own order number serves as one, else one of our making.
        """
        keys = self._keys
        idempotency_key = idempotency_key or order.client_order_id or f"auto-{secrets.token_hex(16)}"
        number = derive(keys.number, caller.client_id, idempotency_key, prefix=self._prefix)
        canonical = canonical_json(order)
        content = content_of(order, number, canonical, keys, high_above_fen=self._high_above_fen)
        return NewOrder(
            number=number,
            client_id=caller.client_id,
            idempotency_key=idempotency_key,
            client_order_id=order.client_order_id,
            profile=original.profile if original else None,
            fingerprint=keys.fingerprint_of(canonical),
            look_alike=content.look_alike,
            phone_index=content.phone_index,
            phone_last4=content.phone_last4,
            total_fen=content.total_fen,
            priority=content.priority,
            sealed=content.sealed,
            sealed_payload=keys.seal.seal(original.payload, number) if original else None,
            drill=caller.drill,
        )
