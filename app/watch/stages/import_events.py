"""Imports the events of a file, some orders at a time: told beforehand, and the same file again takes what was left."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.actor import Actor
from app.domain.flow import LAST, LifecycleEvent, flow_of
from app.domain.harmless_text import harmless_text
from app.domain.marks import RANK, Mark
from app.domain.problems import Busy
from app.store.statements import chunks
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.flow_map.plans import stages_of
from app.watch.stages.events_file import EventsFile, WrongEvent
from app.watch.stages.hours import FURTHEST_BACK
from app.watch.stages.take_events import ReportedEvent, take_events

ORDERS_AT_A_TIME = 200
"""After so many it is told how far it has come."""

LONGEST_FILE_NAME = 80
_ID, _CONFLICT = "事件编号", "同一来源的这个事件编号报的是另一个事件，未采纳"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsForeseen:
    """What importing a file would do.

    ``open`` orders are in a stage by what the file says, ``over`` of them for longer than its limit: they count as
    stuck until somebody tells more. ``learnt_from`` events are recent enough to tell what is usual.
    """

    orders: int
    new: int
    known: int
    wrong: tuple[WrongEvent, ...]
    """All that are passed over, those among them whose id meant another event before."""
    by_mark: Mapping[Mark, int]
    by_channel: Mapping[str, int]
    first: datetime | None
    last: datetime | None
    open: int
    over: int
    learnt_from: int


@dataclass(slots=True)
class EventsImported:
    """What has been imported; ``stopped`` says why the rest, ``left`` events, was not tried, and is empty otherwise."""

    applied: int = 0
    unchanged: int = 0
    wrong: list[WrongEvent] = field(default_factory=list)
    left: int = 0
    stopped: str = ""


def foresee_events(uow: UnitOfWork, file: EventsFile, *, now: datetime) -> EventsForeseen:
    """Tell what importing a file would do; nothing is changed."""
    fresh, same, wrong = _sorted_out(uow, file.events)
    moments = [one.at for one in file.events]
    marks = Counter(one.mark for one in file.events)
    opened, over = _still_open(uow, file.events, now=now)
    return EventsForeseen(
        orders=len({one.order for one in file.events}),
        new=len(fresh),
        known=same,
        wrong=tuple(sorted([*file.wrong, *wrong])),
        by_mark={mark: marks[mark] for mark in sorted(marks, key=RANK.__getitem__)},
        by_channel=dict(Counter(one.channel for one in file.events).most_common()),
        first=min(moments, default=None),
        last=max(moments, default=None),
        open=opened,
        over=over,
        learnt_from=sum(1 for at in moments if at >= now - FURTHEST_BACK),
    )


def _sorted_out(uow: UnitOfWork, events: Sequence[ReportedEvent]) -> tuple[list[ReportedEvent], int, list[WrongEvent]]:
    """Return the events that nobody has told, how many are known, and those whose id meant another event before."""
    refs = {flow_id: ref for ref, flow_id in uow.flows.ids_of([one.order for one in events]).items()}
    told: dict[tuple[str, str], tuple[str, str, datetime]] = {
        key: (refs.get(known.flow_id, ""), known.mark, known.said_at)
        for key, known in uow.flows.known([(one.source, one.event_id) for one in events]).items()
    }
    fresh, same, wrong = [], 0, []
    for one in events:
        said = (one.order, str(one.mark), one.at)
        before = told.setdefault((one.source, one.event_id), said)
        if before is said:
            fresh.append(one)
        elif before == said:
            same += 1
        else:
            wrong.append(WrongEvent(one.index, _ID, "event_conflict", _CONFLICT))
    return fresh, same, wrong


def _still_open(uow: UnitOfWork, events: Sequence[ReportedEvent], *, now: datetime) -> tuple[int, int]:
    """Count the orders that are in a stage by these events alone, and those of them that are over its limit."""
    limits = {stage.number: stage.limit for stage in stages_of(uow)}
    past = {one.order for one in events if LAST in one.attributes}
    followed: dict[str, list[LifecycleEvent]] = defaultdict(list)
    for one in events:
        if one.order not in past:
            event = LifecycleEvent(source=one.source, event_id=one.event_id, mark=one.mark, at=one.at)
            followed[one.order].append(event)
    opened = over = 0
    for told in followed.values():
        flow = flow_of(told)
        if flow.stage is not None:
            opened += 1
            over += uow.clocks.of(flow.stage).between(flow.visits[-1].entered_at, now) > limits[flow.stage]
    return opened, over


def record_events_file(uow: UnitOfWork, file: EventsFile, *, name: str, by: Actor, now: datetime) -> None:
    """Write down who imports a file, before any of it is taken: whatever then comes of it is in that person's name."""
    detail: dict[str, Any] = {
        "file": harmless_text(name)[:LONGEST_FILE_NAME],
        "rows": file.rows,
        "events": len(file.events),
        "orders": len({one.order for one in file.events}),
        "wrong": len(file.wrong),
    }
    uow.audit.record("events.import", by=by, at=now, subject="lifecycle", detail=detail)


def import_events(
    store: Store,
    file: EventsFile,
    *,
    name: str,
    by: Actor,
    now: datetime,
    at_most: int | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> EventsImported:
    """Import events, not many more than ``at_most`` new ones; a kill in between is made up for by the same file again.

    All of it is received at one moment, so that it is told from what its sources say by themselves.
    """
    by_order: dict[str, list[ReportedEvent]] = defaultdict(list)
    for one in file.events:
        by_order[one.order].append(one)
    with store.writing() as uow:
        record_events_file(uow, file, name=name, by=by, now=now)
    done = EventsImported()
    tried = 0
    for refs in chunks(list(by_order), ORDERS_AT_A_TIME):
        events = [one for ref in refs for one in by_order[ref]]
        with store.reading() as uow:
            fresh, same, wrong = _sorted_out(uow, events)
        try:
            taken = take_events(store, fresh, now=now, by_file=True)
        except Busy as busy:
            done.stopped = busy.detail
            break
        tried += len(events)
        done.applied += taken.applied
        done.unchanged += taken.unchanged + same
        done.wrong += [*wrong, *(WrongEvent(one.index, _ID, one.code, one.detail) for one in taken.rejected)]
        progress(len(events))
        if at_most is not None and done.applied >= at_most:
            break
    done.left = len(file.events) - tried
    return done
