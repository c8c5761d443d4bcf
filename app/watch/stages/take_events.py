"""Takes lifecycle events in: each is stored once, and every order named by one is folded anew.

A few orders are one transaction, so that a large upload never makes the door wait; what was taken before a fault stays,
and the same upload again takes the rest.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.flow import OWN_SOURCE, LifecycleEvent, believed, flow_of
from app.domain.marks import Mark
from app.domain.problems import Busy
from app.store.repositories.flows import MOST_CHANNELS, FlowChange, KnownEvent, Overtaken
from app.store.statements import chunks
from app.store.tables import OrderFlow
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.stages.hours import oldest_reopened

AT_A_TIME = 20
"""Orders of one transaction."""

MOST_LOOKS = 3
"""So often it is looked what is known, where others store events with the same ids under other orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedEvent:
    """An event as it was reported; ``index`` is its place in the upload, ``at`` what its sender's clock said."""

    index: int
    source: str
    event_id: str
    order: str
    channel: str
    mark: Mark
    at: datetime
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RejectedEvent:
    """An event that was not taken: its place in the upload, a stable code, a sentence."""

    index: int
    code: str
    detail: str


@dataclass(slots=True)
class Taken:
    """What became of an upload's events."""

    applied: int = 0
    unchanged: int = 0
    rejected: list[RejectedEvent] = field(default_factory=list)


def id_of(order: str, mark: Mark, at: datetime) -> str:
    """Return the id of an event whose sender gave none: the same for the same order, mark and time."""
    said = f"{order}\x1f{mark}\x1f{at.timestamp():.6f}"
    return f"#{hashlib.sha256(said.encode()).hexdigest()[:40]}"


def take_events(store: Store, events: Sequence[ReportedEvent], *, now: datetime, by_file: bool = False) -> Taken:
    """Store events that are not known yet, and bring their orders to where they are by all that is known of them.

    Those of a file (``by_file``) are no sign that their source is alive, and no promise that it will tell more.
    """
    by_order: dict[str, list[ReportedEvent]] = defaultdict(list)
    for event in events:
        by_order[event.order].append(event)
    taken = Taken()
    for refs in chunks(list(by_order), AT_A_TIME):
        part = _take_part(store, {ref: by_order[ref] for ref in refs}, now=now, by_file=by_file)
        taken.applied += part.applied
        taken.unchanged += part.unchanged
        taken.rejected += part.rejected
    taken.rejected.sort(key=lambda one: one.index)
    return taken


def _take_part(store: Store, by_order: dict[str, list[ReportedEvent]], *, now: datetime, by_file: bool) -> Taken:
    for _ in range(MOST_LOOKS):
        taken = Taken()
        with suppress(Overtaken), store.writing() as uow:
            _take(by_order, uow, taken, now=now, by_file=by_file)
            return taken
    raise Busy("这些事件正被别处同时上报，请稍后原样再报。")


def _take(
    by_order: dict[str, list[ReportedEvent]], uow: UnitOfWork, taken: Taken, *, now: datetime, by_file: bool
) -> None:
    rows = uow.flows.lock(list(by_order))
    by_order = _without_forgotten(by_order, rows, uow, taken)
    known = uow.flows.known([(one.source, one.event_id) for events in by_order.values() for one in events])
    new: dict[str, list[ReportedEvent]] = {}
    for ref, events in by_order.items():
        if fresh := _fresh(events, rows[ref].id or 0, known, taken):
            new[ref] = fresh
    told = uow.flows.events_of([rows[ref].id or 0 for ref in new])
    uow.flows.add([_stored(one, rows[ref].id or 0, now=now) for ref, fresh in new.items() for one in fresh])
    channels, changes = uow.flows.channels(), []
    for ref, fresh in new.items():
        row = rows[ref]
        before = told.get(row.id or 0, [])
        after = flow_of([*before, *(_event(one, now=now) for one in fresh)])
        kind = (_channel_of(after.channel, row, channels), after.high)
        changes.append(FlowChange(row, flow_of(before), after, kind))
        taken.applied += len(fresh)
    uow.flows.change(changes)
    told_now = [one for fresh in new.values() for one in fresh]
    if by_file and told_now:
        since = oldest_reopened([one.at for one in told_now], now=now)
        uow.event_uploads.note({one.source for one in told_now}, received_at=now, hours_since=since)
    elif not by_file:
        heard = ((told.source, one.kind[0]) for one in changes for told in new[one.row.order_ref])
        # We are no source that could be blind: between outages we have nothing to tell.
        uow.health.note_feeds([(source, channel) for source, channel in heard if source != OWN_SOURCE])


def _without_forgotten(
    by_order: dict[str, list[ReportedEvent]], rows: dict[str, OrderFlow], uow: UnitOfWork, taken: Taken
) -> dict[str, list[ReportedEvent]]:
    """Leave out orders that nobody knows although they began before what has been purged; reject their events.

    They were here once, or would be purged tonight. Taken as new they would stand in a stage again, over its limit.
    One event from before is enough: an ERP tells of an old order by its old steps and by a change of today.
    """
    forgotten_before = uow.lifecycle_purge.horizon()
    if forgotten_before is None:
        return by_order
    old = {ref for ref, events in by_order.items() if min(one.at for one in events) < forgotten_before}
    unknown = uow.flows.forget_blank([rows[ref].id or 0 for ref in old])
    refused = {ref for ref in old if rows[ref].id in unknown}
    sentence = f"早于保存期限（{forgotten_before:%Y-%m-%d}）且已无记录的订单，未采纳"
    taken.rejected += [RejectedEvent(one.index, "too_old", sentence) for ref in refused for one in by_order[ref]]
    return {ref: events for ref, events in by_order.items() if ref not in refused}


def _fresh(
    events: Sequence[ReportedEvent],
    flow_id: int,
    known: dict[tuple[str, str], KnownEvent],
    taken: Taken,
) -> list[ReportedEvent]:
    """Return the events of an order that nobody has told before; count the others, and reject what contradicts them."""
    fresh = []
    for one in events:
        said = KnownEvent(flow_id, one.mark, one.at)
        same = known.setdefault((one.source, one.event_id), said)
        if same is said:
            fresh.append(one)
        elif same == said:
            taken.unchanged += 1
        else:
            sentence = "同一来源的这个事件编号此前报的是另一个事件，未采纳"
            taken.rejected.append(RejectedEvent(one.index, "event_conflict", sentence))
    return fresh


def _event(one: ReportedEvent, *, now: datetime) -> LifecycleEvent:
    return LifecycleEvent(
        source=one.source,
        event_id=one.event_id,
        mark=one.mark,
        at=believed(one.at, received_at=now),
        channel=one.channel,
        attributes=one.attributes,
    )


def _stored(one: ReportedEvent, flow_id: int, *, now: datetime) -> dict[str, object]:
    return {
        "source": one.source,
        "event_id": one.event_id,
        "flow_id": flow_id,
        "mark": one.mark,
        "at": believed(one.at, received_at=now),
        "said_at": one.at,
        "received_at": now,
        "channel": one.channel,
        "attributes": one.attributes or None,
    }


def _channel_of(channel: str, row: OrderFlow, channels: set[str]) -> str:
    """Return the channel under which an order counts; a new one beyond the first twenty has no figures of its own."""
    if not channel or channel in channels or channel == row.channel:
        return channel
    if len(channels) >= MOST_CHANNELS:
        return ""
    channels.add(channel)
    return channel
