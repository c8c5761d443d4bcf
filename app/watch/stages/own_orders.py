"""Tells the watch of the orders that Lifeboat takes itself, as far as it knows: placed, paid, given up, brought home.

The events follow from how an order stands, so they may be told again: each is stored once, and a worker that dies in
between costs a look. Nothing but times, the channel and the priority is told; whose order it is never is.

**Under which name.** Under the number of the shop, else under ours. When the main system's result names its own number,
which is what its events name, the way goes on under that one, and ends under ours (``merged``, ``split``).

**What an import says.** That the main system has the order, and no more: it may be in review there, so it is not
*queued*. Until the main system tells of it the order is *home* (our ``hold``) and in no stage: whether anybody will
tell of it, and under which name, we cannot know, and an order that waits for a word that never comes is no trouble.

**What the figures make of it** stands in :mod:`app.domain.flow`: our orders are in their stages, but their time before
the warehouse is in no mean, since it was the outage's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from app.domain.flow import OWN_SOURCE
from app.domain.harmless_text import harmless_text
from app.domain.marks import Mark
from app.domain.order import Order, Payment, without_wild_times
from app.domain.states import OrderState
from app.store.repositories.flow_notes import ShopNumber
from app.store.sealing import Keyring
from app.store.tables import OrderRow
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.stages.take_events import ReportedEvent, id_of, take_events

log = structlog.get_logger()

AT_A_LOOK = 100
"""Orders of one look: a few short transactions, after which SQLite's lock is left to others."""

LONGEST_REF = 80
LONGEST_CHANNEL = 64
EVIDENCE = {"transaction_id": "known"}
"""That there is a number of a payment; which one is nobody's business here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOrder:
    """An order of ours as the watch is told of it.

    ``mains`` are its numbers in the main system, ``repeats`` is the name of the order that it was sent a second time
    for. ``alone`` unless another open order of ours goes by the same name: then its end is not the name's.
    """

    ref: str
    channel: str
    high: bool
    state: OrderState
    placed_at: datetime
    paid_at: datetime | None
    evidence: bool
    settled_at: datetime
    mains: Sequence[str] = ()
    repeats: str | None = None
    alone: bool = True


def tell_own_orders(store: Store, keyring: Keyring, *, now: datetime) -> int:
    """Tell of a page of the orders that are noted; return how many notes there were.

    Where there is nothing to tell no lock is taken. The notes go last: until then whoever looks next tells it again.
    """
    with store.reading() as uow:
        notes = uow.flow_notes.waiting(limit=AT_A_LOOK)
        known = [event for order in _orders(uow, keyring, notes.values()) for event in events_of(order)]
    if not notes:
        return 0
    told = [replace(event, index=index) for index, event in enumerate(known)]
    taken = take_events(store, told, now=now)
    for one in taken.rejected:  # not ours to mend, and no reason to tell of nobody else
        log.warning("own_order_not_taken", code=one.code, order=told[one.index].order)
    with store.writing() as uow:
        uow.flow_notes.forget(notes)
    return len(notes)


def events_of(order: OwnOrder) -> list[ReportedEvent]:
    """Return all that can be told of an order by now, under each of its names."""
    return list(_told(order))


def _told(order: OwnOrder) -> Iterator[ReportedEvent]:
    yield from _begun(order, order.ref)
    at = order.settled_at
    match order.state:
        case OrderState.CANCELLED | OrderState.REJECTED:
            if order.alone:
                yield _event(order, order.ref, Mark.CANCELLED, at)
        case OrderState.DUPLICATE if order.repeats is not None:
            if order.alone and order.repeats != order.ref:
                yield _event(order, order.ref, Mark.MERGED, at, into=order.repeats)
        case OrderState.IMPORTED | OrderState.DUPLICATE:
            for main in order.mains:
                yield from _begun(order, main)
                yield _event(order, main, Mark.HOLD, at)
            if order.alone and order.ref not in order.mains:
                yield _went_home(order)
        case _:
            pass


def _went_home(order: OwnOrder) -> ReportedEvent:
    """Return how the way goes on from the name that an order had with us."""
    match list(order.mains):
        case []:
            return _event(order, order.ref, Mark.HOLD, order.settled_at)
        case [main]:
            return _event(order, order.ref, Mark.MERGED, order.settled_at, into=main)
        case several:
            return _event(order, order.ref, Mark.SPLIT, order.settled_at, children=several)


def _begun(order: OwnOrder, ref: str) -> Iterator[ReportedEvent]:
    more: dict[str, str] = {"priority": "high"} if order.high else {}
    if order.evidence and order.paid_at is None:
        more |= EVIDENCE
    yield _event(order, ref, Mark.PLACED, order.placed_at, **more)
    if order.paid_at is not None:
        yield _event(order, ref, Mark.PAID, order.paid_at)


def _event(order: OwnOrder, ref: str, mark: Mark, at: datetime, **attributes: Any) -> ReportedEvent:  # noqa: ANN401 - JSON
    return ReportedEvent(
        index=0,
        source=OWN_SOURCE,
        event_id=id_of(ref, mark, at),
        order=ref,
        channel=order.channel,
        mark=mark,
        at=at,
        attributes=attributes,
    )


# ---- what is known of an order -------------------------------------------------------------------------------------


def _orders(uow: UnitOfWork, keyring: Keyring, order_ids: Iterable[int]) -> Iterator[OwnOrder]:
    rows = [row for row in uow.flow_notes.orders(list(order_ids)) if not row.drill]
    repeated = uow.flow_notes.numbered([row.looks_like for row in rows if _is_repeat(row) and row.looks_like])
    shops = uow.flow_notes.of_shops([row.client_order_id for row in [*rows, *repeated.values()] if row.client_order_id])
    clients, mains = uow.access.client_names(), uow.results.main_numbers([row.id or 0 for row in rows])
    told_later = uow.changes.paid_of([row.id or 0 for row in rows])
    for row in rows:
        order, later = _opened(row, keyring), told_later.get(row.id or 0)
        payment = order.payment if order is not None and order.payment is not None else Payment()
        shop, other = shops.get(row.client_order_id or ""), repeated.get(row.looks_like or "")
        first = [row.main_order_number] if row.main_order_number else []
        numbers = dict.fromkeys([*first, *mains.get(row.id or 0, ())])
        ref = ref_of(row, shop)
        yield OwnOrder(
            ref=ref,
            channel=harmless_text(clients.get(row.client_id, row.client_id))[:LONGEST_CHANNEL],
            high=row.priority == "high",
            state=OrderState(row.state),
            placed_at=(order.placed_at if order is not None else None) or row.received_at,
            paid_at=paid_at(payment, known_at=later or row.received_at) or later,
            evidence=payment.transaction_id is not None,
            settled_at=row.settled_at or row.received_at,
            mains=[one for one in numbers if len(one) <= LONGEST_REF],
            repeats=ref_of(other, shops.get(other.client_order_id or "")) if _is_repeat(row) and other else None,
            alone=ref == row.number or shop is None or shop.open.get(row.client_id, 0) == 0,
        )


def ref_of(row: OrderRow, shop: ShopNumber | None) -> str:
    """Return the name by which an order is told of: the shop's own number, else ours.

    A number that another client's order had first is that one's: two shops that both count from 1001 are not one way.
    """
    theirs = row.client_order_id
    if theirs and len(theirs) <= LONGEST_REF and (shop is None or shop.client_id == row.client_id):
        return theirs
    return row.number


def paid_at(payment: Payment, *, known_at: datetime) -> datetime | None:
    """Return when an order was paid as far as is known: at the latest when we were told so.

    A number of a payment is evidence and no proof where the shop says that nobody has paid; on delivery nobody has.
    """
    told = payment.status == "paid" or (payment.status is None and bool(payment.paid_at or payment.transaction_id))
    return (payment.paid_at or known_at) if told else None


def _is_repeat(row: OrderRow) -> bool:
    """Tell whether a person has called an order a repeat of another; the main system's own word is about a batch."""
    return row.state == OrderState.DUPLICATE and row.batch_id is None and row.looks_like is not None


def _opened(row: OrderRow, keyring: Keyring) -> Order | None:
    """Return what an order says, None where nobody can read it: then its row alone is told of."""
    try:
        return without_wild_times(keyring.open_order(row.sealed, row.number), now=row.received_at)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other orders must have their turn
        log.warning("own_order_unreadable", number=row.number, reason=type(error).__name__)
        return None
