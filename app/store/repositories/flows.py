"""Orders on their way: the events that were told of them, and the visits and sums that follow; read in ``stages``."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from app.domain.flow import Flow, LifecycleEvent, Standing, Visit
from app.domain.marks import Mark
from app.store.repositories.stage_clocks import StageClocks
from app.store.statements import IN_LIMIT, chunks, insert_new, shift_stages
from app.store.tables import OrderFlow, StageMinute, StageTotal, StageVisit, StoredEvent
from app.store.tables.flow import SummedVisits

_FLOWS: Table = OrderFlow.__table__
_VISITS: Table = StageVisit.__table__
_EVENTS: Table = StoredEvent.__table__
_COLUMNS = ("channel", "high", "standing", "stage", "entered_at", "reworks", "promised_at", "said")
_CHANGED = update(_FLOWS).where(_FLOWS.c.id == bindparam("this")).values({name: bindparam(name) for name in _COLUMNS})

MOST_CHANNELS = 20
"""Channels that have figures of their own; the others are summed up under the empty name."""

SUMS = tuple(SummedVisits.model_fields)
Kind = tuple[str, bool]
"""The channel as the figures have it, and whether it is high-priority orders."""


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """What is stored under a source and an id."""

    flow_id: int
    mark: str
    said_at: datetime


class Overtaken(Exception):
    """Somebody else has just stored one of these events, or removed an order of them; look again at what is known."""


@dataclass(slots=True)
class StageShifts:
    """What changes in the sums of stages, gathered so that each row is written once."""

    clocks: StageClocks
    by_minute: dict[tuple[datetime, str, bool, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, visit: Visit, kind: Kind, sign: int) -> None:
        """Note a visit, or with -1 that there was none."""
        entry = self._row(visit.entered_at, visit.stage, kind)
        entry["inside"] += sign
        exit_ = self._row(visit.left_at, visit.stage, kind) if visit.left_at is not None else None
        if exit_ is not None:
            exit_["inside"] -= sign
        if not visit.inferred:
            for row, at, what in ((entry, visit.entered_at, "entered"), (exit_, visit.left_at, "left")):
                if row is not None and at is not None:
                    row[what] += sign
                    row[f"{what}_at_sum"] += sign * self.clocks.of(visit.stage).seconds(at)
        elif exit_ is not None:
            exit_["inferred"] += sign

    def _row(self, at: datetime, stage: int, kind: Kind) -> Counter[str]:
        return self.by_minute[at.replace(second=0, microsecond=0), *kind, stage]


@dataclass(frozen=True, slots=True)
class FlowChange:
    """What an order was and is; ``kind`` is the one under which it counts now."""

    row: OrderFlow
    before: Flow
    after: Flow
    kind: Kind


class FlowRepository:
    """Keeps events and what they come to. Whoever writes locks the orders first, in the order of their rows."""

    def __init__(self, session: Session, clocks: StageClocks) -> None:
        self._session, self._clocks = session, clocks

    def lock(self, refs: Sequence[str]) -> dict[str, OrderFlow]:
        """Return the row of each order, new ones added, all locked for the caller's transaction.

        Raises:
            Overtaken: one of them was purged meanwhile.
        """
        in_order = sorted(set(refs))
        blank = {"channel": "", "high": False, "standing": Standing.UNDER_WAY, "reworks": 0}
        insert_new(self._session, OrderFlow, [{"order_ref": ref, **blank} for ref in in_order], unique=("order_ref",))
        found: dict[str, OrderFlow] = {}
        for part in chunks(in_order, IN_LIMIT):
            query = select(OrderFlow).where(OrderFlow.order_ref.in_(part)).order_by(OrderFlow.id).with_for_update()
            found.update({row.order_ref: row for row in self._session.scalars(query)})
        if len(found) < len(in_order):  # one was purged while we waited for it
            raise Overtaken
        return found

    def forget_blank(self, flow_ids: Sequence[int]) -> set[int]:
        """Remove those of some locked orders of which nothing was ever told; return which."""
        told: set[int] = set()
        for part in chunks(flow_ids, IN_LIMIT):
            told.update(self._session.scalars(select(_EVENTS.c.flow_id).where(_EVENTS.c.flow_id.in_(part)).distinct()))
        blank = set(flow_ids) - told
        for part in chunks(sorted(blank), IN_LIMIT):
            self._session.execute(delete(_FLOWS).where(_FLOWS.c.id.in_(part)))
        return blank

    def ids_of(self, refs: Sequence[str]) -> dict[str, int]:
        """Return the row's id of each order that is known."""
        found: dict[str, int] = {}
        for part in chunks(sorted(set(refs)), IN_LIMIT):
            query = select(OrderFlow.order_ref, OrderFlow.id).where(OrderFlow.order_ref.in_(part))
            found.update({row.order_ref: row.id for row in self._session.execute(query)})
        return found

    def known(self, said: Sequence[tuple[str, str]]) -> dict[tuple[str, str], KnownEvent]:
        """Return what is stored of events by source and id."""
        ids: dict[str, list[str]] = defaultdict(list)
        for source, event_id in said:
            ids[source].append(event_id)
        found = {}
        for source, of_source in ids.items():
            for part in chunks(of_source, IN_LIMIT):
                e = _EVENTS.c
                query = select(e.event_id, e.flow_id, e.mark, e.said_at).where(e.source == source, e.event_id.in_(part))
                for event_id, flow_id, mark, said_at in self._session.execute(query):
                    found[source, event_id] = KnownEvent(flow_id, mark, said_at)
        return found

    def events_of(self, flow_ids: Sequence[int]) -> dict[int, list[LifecycleEvent]]:
        """Return all that was told of some orders; a mark that only a later release knows is passed over."""
        found: dict[int, list[LifecycleEvent]] = defaultdict(list)
        for part in chunks(flow_ids, IN_LIMIT):
            known = (_EVENTS.c.flow_id.in_(part), _EVENTS.c.mark.in_([str(mark) for mark in Mark]))
            for row in self._session.execute(select(_EVENTS).where(*known)):
                found[row.flow_id].append(_event(row))
        return found

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add events that are not stored yet, always in the same order, so that two writers never wait in a ring.

        Raises:
            Overtaken: one of them is by now.
        """
        in_order = sorted(rows, key=lambda row: (row["source"], row["event_id"]))
        if len(insert_new(self._session, StoredEvent, in_order, unique=("source", "event_id"))) != len(rows):
            raise Overtaken

    def channels(self) -> set[str]:
        """Return the channels that have figures of their own."""
        return set(self._session.scalars(select(StageTotal.channel).distinct())) - {""}

    def change(self, changes: Sequence[FlowChange]) -> None:
        """Bring the rows and visits of orders, and the sums of their stages, to what is known now."""
        shifts = StageShifts(self._clocks)
        for one in changes:
            for flow, kind, sign in ((one.before, (one.row.channel, one.row.high), -1), (one.after, one.kind, 1)):
                for visit in flow.visits:
                    shifts.add(visit, kind, sign)
        if changes:
            self._session.execute(_CHANGED, [_now(one) for one in changes])
        for part in chunks([one.row.id for one in changes], IN_LIMIT):
            self._session.execute(delete(_VISITS).where(_VISITS.c.flow_id.in_(part)))
        if visits := [visit for one in changes for visit in _visits(one)]:
            self._session.execute(insert(_VISITS), visits)
        self._shift(shifts)

    def _shift(self, shifts: StageShifts) -> None:
        """Write what has changed in the sums, always in the same order, so that two writers never wait in a ring."""
        changed = {key: row for key, row in sorted(shifts.by_minute.items()) if any(row.values())}
        totals: dict[tuple[str, bool, int], Counter[str]] = defaultdict(Counter)
        minutes = []
        for (minute, channel, high, stage), row in changed.items():
            minutes.append({"minute": minute, **_row(channel, high, stage, row)})
            totals[channel, high, stage].update(row)
        shift_stages(self._session, StageMinute, minutes)
        shift_stages(self._session, StageTotal, [_row(*key, row) for key, row in sorted(totals.items())])


def _now(one: FlowChange) -> dict[str, Any]:
    after = one.after
    return {
        "this": one.row.id,
        "channel": one.kind[0],
        "high": one.kind[1],
        "standing": after.standing,
        "stage": after.stage,
        "entered_at": after.visits[-1].entered_at if after.stage is not None else None,
        "reworks": after.reworks,
        "promised_at": after.promised_at,
        "said": dict(after.said) or None,
    }


def _visits(one: FlowChange) -> Iterator[dict[str, Any]]:
    for place, visit in enumerate(one.after.visits):
        yield {
            "flow_id": one.row.id,
            "place": place,
            "stage": visit.stage,
            "channel": one.kind[0],
            "high": one.kind[1],
            "entered_at": visit.entered_at,
            "left_at": visit.left_at,
            "inferred": visit.inferred,
        }


def _row(channel: str, high: bool, stage: int, sums: Mapping[str, int]) -> dict[str, Any]:  # noqa: FBT001 - a column
    return {"channel": channel, "high": high, "stage": stage, **{name: sums.get(name, 0) for name in SUMS}}


def _event(row: Any) -> LifecycleEvent:  # noqa: ANN401 - a row of the table
    return LifecycleEvent(
        source=row.source,
        event_id=row.event_id,
        mark=Mark(row.mark),
        at=row.at,
        channel=row.channel,
        attributes=row.attributes or {},
    )
