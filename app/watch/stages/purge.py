"""Removes what was told of orders whose way ended long ago, and the sums of those days, in pieces that hold up nobody.

Baselines look four weeks back, a what-if two; nothing looks further than :data:`LEAST_KEPT`. An order that stands in a
stage or is on hold stays, however old. An order that is gone is not taken for a new one when something late is told of
it: see :func:`app.watch.stages.take_events.take_events`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.actor import Actor
from app.store.unit_of_work import Store, UnitOfWork

LEAST_KEPT = timedelta(days=35)
"""Four weeks of baselines, and a week for whoever set the clock."""

PIECE = 200
"""Orders of one transaction: some thousand rows, so that the door's commits are not kept waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgedLifecycle:
    """How much was removed, or would be; ``sums`` are rows of minutes and of closed hours."""

    orders: int = 0
    events: int = 0
    sums: int = 0

    def __add__(self, other: "PurgedLifecycle") -> "PurgedLifecycle":
        return PurgedLifecycle(
            orders=self.orders + other.orders, events=self.events + other.events, sums=self.sums + other.sums
        )


def purge_lifecycle(store: Store, *, before: datetime, by: Actor, now: datetime) -> Iterator[PurgedLifecycle]:
    """Remove what ended before then, a piece a step; whoever steps may stop at any of them, and go on another day.

    The first piece that removes anything writes down, in its transaction, that this is done. Before what is purged is
    known is kept with it: from then on an order from before is known to have been here.
    """
    before, first = _hour(before), True
    for ids in _closed(store, before=before):
        with store.writing() as uow:
            _write_down(uow, first=first, before=before, by=by, now=now)
            uow.lifecycle_purge.move_horizon(before)
            gone = uow.lifecycle_purge.remove(ids, before=before)
        first = False
        yield PurgedLifecycle(orders=gone.orders, events=gone.events)
    while _has_sums(store, before=before):
        with store.writing() as uow:
            _write_down(uow, first=first, before=before, by=by, now=now)
            sums = uow.lifecycle_purge.remove_minutes(before=before) + uow.lifecycle_purge.remove_hours(before=before)
        first = False
        yield PurgedLifecycle(sums=sums)


def _write_down(uow: UnitOfWork, *, first: bool, before: datetime, by: Actor, now: datetime) -> None:
    if first:
        uow.audit.record("watch.purge", by=by, at=now, detail={"until": before.isoformat()})


def would_purge(store: Store, *, before: datetime) -> PurgedLifecycle:
    """Count what :func:`purge_lifecycle` would remove; nothing is locked."""
    before, found = _hour(before), PurgedLifecycle()
    for ids in _closed(store, before=before):
        with store.reading() as uow:
            found += PurgedLifecycle(orders=len(ids), events=uow.lifecycle_purge.events_of(ids))
    with store.reading() as uow:
        return found + PurgedLifecycle(sums=sum(uow.lifecycle_purge.old_sums(before=before)))


def _closed(store: Store, *, before: datetime) -> Iterator[list[int]]:
    """Yield the orders that may go, page by page; each is read by itself, outside every transaction that writes."""
    after: int | None = 0
    while after is not None:
        with store.reading() as uow:
            page = uow.lifecycle_purge.closed(before=before, after_id=after, limit=PIECE)
        if page.order_ids:
            yield page.order_ids
        after = page.next_id


def _has_sums(store: Store, *, before: datetime) -> bool:
    with store.reading() as uow:
        return uow.lifecycle_purge.any_sums(before=before)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
