"""Brings what storefronts have asked for into their orders, while no file holds these without it.

Intake's orders are asked for at any time, and the makers of batches let orders out of files that were not written:
both bring it in here, in their own transaction, so that a change is never in neither place.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from app.domain.actor import SYSTEM, Actor
from app.domain.order import Payment
from app.domain.order_change import ChangeKind, ChangeState, Wish
from app.domain.states import FINAL, OrderState
from app.store.sealed_wish import open_wish
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import OrderChange, OrderRow
from app.store.unit_of_work import UnitOfWork

CANCELLED_BY_SHOP = "渠道取消"
"""Why such an order is closed; what the storefront says beside it rests sealed."""

_OPEN = (OrderState.ACCEPTED, OrderState.HELD, OrderState.BATCHED)


def follow(uow: UnitOfWork, keyring: Keyring, row: OrderRow, wish: Wish, *, now: datetime) -> bool:
    """Bring one wish into an order; tell whether it is there now. The order is locked by the caller."""
    match wish.kind:
        case ChangeKind.CANCEL:
            why = {"settled_at": now, "state_reason": CANCELLED_BY_SHOP}
            uow.orders.move([row.id or 0], OrderState.CANCELLED, only_from=_OPEN, now=now, **why)
            return True
        case ChangeKind.PAID:
            return row.state not in FINAL and _paid(uow, keyring, row, wish)


def follow_noted(uow: UnitOfWork, keyring: Keyring, order_ids: Collection[int], *, now: datetime) -> None:
    """Bring in what orders are noted for that have just left a file, or that the main system has not taken from it."""
    for change in uow.changes.noted_of(order_ids):
        row = uow.orders.get(change.order_id)
        if follow(uow, keyring, row, open_wish(keyring, change, row.number), now=now):
            change.state, change.settled_at, change.settled_by = ChangeState.APPLIED, now, SYSTEM.name
            uow.changes.keep(change)


def settle_noted(
    uow: UnitOfWork, change: OrderChange, *, done: bool, reason: str | None, by: Actor, now: datetime
) -> None:
    """Write down that a noted change was followed, or could not be. Order and change are locked by the caller.

    An order that was cancelled there before anybody said that it is imported has come to its end with that.
    """
    change.state = ChangeState.DONE if done else ChangeState.REFUSED
    change.settled_at, change.settled_by, change.settlement = now, by.name, reason
    uow.changes.keep(change)
    if done and change.kind == ChangeKind.CANCEL:
        why = {"settled_at": now, "state_reason": CANCELLED_BY_SHOP}
        uow.orders.move([change.order_id], OrderState.CANCELLED, only_from=(OrderState.BATCHED,), now=now, **why)


def _paid(uow: UnitOfWork, keyring: Keyring, row: OrderRow, wish: Wish) -> bool:
    try:
        order = keyring.open_order(row.sealed, row.number)
    except CannotUnseal:
        return False
    before = order.payment or Payment()
    payment = Payment(
        status="paid",
        paid_at=wish.paid_at or before.paid_at,
        transaction_id=wish.transaction_id or before.transaction_id,
    )
    sealed = keyring.seal_order(replace(order, payment=payment), row.number)
    uow.changes.reseal(row, sealed)
    uow.flow_notes.leave([row.id or 0])
    return True
