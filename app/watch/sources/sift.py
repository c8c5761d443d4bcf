"""Leaves out what a source only repeats: a state that is seen again with each change of its order tells nothing new.

Each window overlaps the one before, so that most of what it tells is stored already: that is found out by reading, and
costs no transaction that writes. Whatever has a time of its own is kept, once where two documents tell the same. What
was merely seen is kept where it changes the order's way or what is said of it, or is the first that tells of its mark.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from app.domain.flow import LifecycleEvent, flow_of
from app.domain.marks import WAY, Mark
from app.store.unit_of_work import Store
from app.watch.stages.take_events import ReportedEvent

_ON_THE_WAY = frozenset(WAY)
_CARRIES = frozenset({Mark.WAYBILL, Mark.SHIPPED})


def sift(store: Store, events: Sequence[ReportedEvent]) -> list[ReportedEvent]:
    """Return the events that are worth storing, given what is known of their orders."""
    by_order: dict[str, list[ReportedEvent]] = defaultdict(list)
    for one in events:
        by_order[one.order].append(one)
    with store.reading() as uow:
        ids = uow.flows.ids_of(list(by_order))
        known = uow.flows.events_of(list(ids.values()))
    kept: list[ReportedEvent] = []
    for order, of_order in by_order.items():
        kept += _of_order(known.get(ids.get(order, 0), []), of_order)
    return kept


def _of_order(known: Iterable[LifecycleEvent], events: Sequence[ReportedEvent]) -> list[ReportedEvent]:
    told, kept = list(known), list[ReportedEvent]()
    said = {_told_as(one) for one in told}
    ids = {(one.source, one.event_id) for one in told}
    for one in (one for one in events if not _was_seen(one)):
        new = _as_told(one)
        if _told_as(new) not in said and (one.source, one.event_id) not in ids:
            said.add(_told_as(new))
            kept.append(one)
            told.append(new)
    seen = (one for one in events if _was_seen(one) and (one.source, one.event_id) not in ids)
    for one in sorted(seen, key=lambda one: (one.at, one.event_id)):
        new = _as_told(one)
        if _is_first(new, told) or flow_of([*told, new]) != flow_of(told):
            kept.append(one)
            told.append(new)
    return kept


def _is_first(new: LifecycleEvent, told: Sequence[LifecycleEvent]) -> bool:
    if new.mark not in _ON_THE_WAY:
        return False
    waybill = new.attributes.get("waybill") if new.mark in _CARRIES else None
    return not any(
        one.mark is new.mark and (waybill is None or one.attributes.get("waybill") == waybill) for one in told
    )


def _told_as(one: LifecycleEvent) -> tuple[str, Mark, datetime]:
    """Return what makes two tellings the same: one document has milliseconds where the other has seconds."""
    return one.source, one.mark, one.at.replace(microsecond=0)


def _was_seen(one: ReportedEvent) -> bool:
    return one.attributes.get("quality") == "seen"


def _as_told(one: ReportedEvent) -> LifecycleEvent:
    return LifecycleEvent(
        source=one.source,
        event_id=one.event_id,
        mark=one.mark,
        at=one.at,
        channel=one.channel,
        attributes=one.attributes,
    )
