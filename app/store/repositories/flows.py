"""Orders on their way: the events that were told of them, and the visits and sums that follow from these."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.flow import Flow, LifecycleEvent, Standing, Visit
from app.domain.marks import Mark
from app.domain.times import EARLIEST
from app.store.statements import IN_LIMIT, chunks, insert_new, shift_stages
from app.store.tables import OrderFlow, StageMinute, StageTotal, StageVisit, StoredEvent
from app.store.tables.flow import IN_STAGE

MOST_CHANNELS = 20
"""Channels that have figures of their own; the others are summed up under the empty name."""

_SUMS = ("entered", "entered_at_sum", "left", "left_at_sum", "inside", "inferred")
Kind = tuple[str, bool]
"""The channel as the figures have it, and whether it is high-priority orders."""


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """What is stored under a source and an id."""

    flow_id: int
    mark: str
    said_at: datetime


class Overtaken(Exception):
    """Somebody else has just stored one of these events under another order; look again at what is known."""


@dataclass(frozen=True, slots=True)
class StageSums:
    """The sums of one kind of orders in one stage over a window; ``inside`` is at its end.

    ``order_seconds`` and ``exits`` are of visits of which nothing was guessed, ``inferred`` counts the other exits.
    """

    channel: str
    high: bool
    stage: int
    inside: int
    order_seconds: int
    exits: int
    inferred: int


@dataclass(slots=True)
class StageShifts:
    """What changes in the sums of stages, gathered so that each row is written once."""

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
                    row[f"{what}_at_sum"] += sign * seconds_of(at)
        elif exit_ is not None:
            exit_["inferred"] += sign

    def _row(self, at: datetime, stage: int, kind: Kind) -> Counter[str]:
        return self.by_minute[at.replace(second=0, microsecond=0), *kind, stage]


def seconds_of(at: datetime) -> int:
    """Return a moment as the sums have it: whole seconds since the year 2000."""
    return (at - EARLIEST) // timedelta(seconds=1)


class FlowRepository:
    """Keeps events and what they come to. Whoever writes locks the orders first, in the order of their rows."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, refs: Sequence[str]) -> dict[str, OrderFlow]:
        """Return the row of each order, new ones added, all locked for the caller's transaction."""
        rows = [{"order_ref": ref, "standing": Standing.UNDER_WAY} for ref in sorted(set(refs))]
        blank = {"channel": "", "high": False, "reworks": 0}
        insert_new(self._session, OrderFlow, [row | blank for row in rows], unique=("order_ref",))
        found: dict[str, OrderFlow] = {}
        for part in chunks([row["order_ref"] for row in rows], IN_LIMIT):
            query = select(OrderFlow).where(OrderFlow.order_ref.in_(part)).order_by(OrderFlow.id).with_for_update()
            found.update({row.order_ref: row for row in self._session.scalars(query)})
        return found

    def known(self, said: Sequence[tuple[str, str]]) -> dict[tuple[str, str], KnownEvent]:
        """Return what is stored of events by source and id."""
        ids: dict[str, list[str]] = defaultdict(list)
        for source, event_id in said:
            ids[source].append(event_id)
        found = {}
        for source, of_source in ids.items():
            for part in chunks(of_source, IN_LIMIT):
                query = select(StoredEvent).where(StoredEvent.source == source, StoredEvent.event_id.in_(part))
                for row in self._session.scalars(query):
                    found[source, row.event_id] = KnownEvent(row.flow_id, row.mark, row.said_at)
        return found

    def events_of(self, flow_ids: Sequence[int]) -> dict[int, list[LifecycleEvent]]:
        """Return all that was told of some orders."""
        found: dict[int, list[LifecycleEvent]] = defaultdict(list)
        for part in chunks(flow_ids, IN_LIMIT):
            for row in self._session.scalars(select(StoredEvent).where(StoredEvent.flow_id.in_(part))):
                found[row.flow_id].append(_event(row))
        return found

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add events that are not stored yet.

        Raises:
            Overtaken: one of them is by now.
        """
        if len(insert_new(self._session, StoredEvent, rows, unique=("source", "event_id"))) != len(rows):
            raise Overtaken

    def channels(self) -> set[str]:
        """Return the channels that have figures of their own."""
        return set(self._session.scalars(select(StageTotal.channel).distinct())) - {""}

    def stages(self, *, start: datetime, end: datetime) -> list[StageSums]:
        """Return the sums of each kind and stage for the time from ``start`` to before ``end``, both whole minutes.

        However many orders there were, only the minutes since ``start`` are read.
        """
        since = {
            moment: {(row.channel, row.high, row.stage): row for row in self._session.execute(self._since(moment))}
            for moment in (start, end)
        }
        found = []
        for total in self._session.scalars(select(StageTotal)):
            key = (total.channel, total.high, total.stage)
            at_start, at_end = (_before(total, since[moment].get(key), moment) for moment in (start, end))
            found.append(
                StageSums(
                    *key,
                    inside=at_end.inside,
                    order_seconds=at_end.spent - at_start.spent,
                    exits=at_end.left - at_start.left,
                    inferred=at_end.inferred - at_start.inferred,
                )
            )
        return found

    def _since(self, moment: datetime) -> Select[Any]:
        m = StageMinute
        sums = [func.sum(getattr(m, name)).label(name) for name in _SUMS]
        return select(m.channel, m.high, m.stage, *sums).where(m.minute >= moment).group_by(m.channel, m.high, m.stage)

    def ages(self, stage: int, *, since: datetime, now: datetime, at_most: int) -> tuple[list[float], list[float]]:
        """Return the minutes of orders that left a stage since then, and the ages of those inside, oldest first."""
        v, f = StageVisit, OrderFlow
        gone = (v.stage == stage, v.left_at >= since, v.left_at < now, v.inferred.is_(False))
        left = select(v.entered_at, v.left_at).where(*gone)
        inside = select(f.entered_at).where(IN_STAGE.query, f.stage == stage, f.entered_at < now).order_by(f.entered_at)
        return (
            [_minutes(b - a) for a, b in self._session.execute(left.order_by(v.left_at.desc()).limit(at_most))],
            [_minutes(now - at) for at in self._session.scalars(inside.limit(at_most))],
        )

    def over(self, stage: int, *, before: datetime) -> int:
        """Count the orders that are in a stage since before then."""
        f = OrderFlow
        query = select(func.count()).select_from(f).where(IN_STAGE.query, f.stage == stage, f.entered_at < before)
        return self._session.scalar(query) or 0

    def change(self, row: OrderFlow, before: Flow, after: Flow, kind: Kind, shifts: StageShifts) -> None:
        """Bring an order's row and visits to what is known now, and note what that does to the sums."""
        was: Kind = (row.channel, row.high)
        for visit in before.visits:
            shifts.add(visit, was, -1)
        for visit in after.visits:
            shifts.add(visit, kind, 1)
        inside = after.visits[-1].entered_at if after.stage is not None else None
        values = {"standing": after.standing, "stage": after.stage, "entered_at": inside, "reworks": after.reworks}
        this = update(OrderFlow).where(OrderFlow.id == row.id).values(channel=kind[0], high=kind[1], **values)
        self._session.execute(this, execution_options={"synchronize_session": False})
        self._session.execute(delete(StageVisit).where(StageVisit.flow_id == row.id))
        visits = [
            {
                "flow_id": row.id,
                "place": place,
                "stage": visit.stage,
                "channel": kind[0],
                "high": kind[1],
                "entered_at": visit.entered_at,
                "left_at": visit.left_at,
                "inferred": visit.inferred,
            }
            for place, visit in enumerate(after.visits)
        ]
        if visits:
            self._session.execute(insert(StageVisit), visits)

    def shift(self, shifts: StageShifts) -> None:
        """Write what has changed in the sums, always in the same order, so that two writers never wait in a ring."""
        changed = {key: row for key, row in sorted(shifts.by_minute.items()) if any(row.values())}
        totals: dict[tuple[str, bool, int], Counter[str]] = defaultdict(Counter)
        minutes = []
        for (minute, channel, high, stage), row in changed.items():
            minutes.append({"minute": minute, **_row(channel, high, stage, row)})
            totals[channel, high, stage].update(row)
        shift_stages(self._session, StageMinute, minutes)
        shift_stages(self._session, StageTotal, [_row(*key, row) for key, row in sorted(totals.items())])


@dataclass(frozen=True, slots=True)
class _Before:
    """What had happened before a moment, and the order-seconds spent up to it."""

    inside: int
    left: int
    inferred: int
    spent: int


def _before(total: StageTotal, since: Any, moment: datetime) -> _Before:  # noqa: ANN401 - a row of sums, or none
    was = {name: getattr(total, name) - int(getattr(since, name) if since is not None else 0) for name in _SUMS}
    at = seconds_of(moment)
    spent = (at * was["entered"] - was["entered_at_sum"]) - (at * was["left"] - was["left_at_sum"])
    return _Before(was["inside"], was["left"], was["inferred"], spent)


def _minutes(time: timedelta) -> float:
    return time / timedelta(minutes=1)


def _row(channel: str, high: bool, stage: int, sums: Mapping[str, int]) -> dict[str, Any]:  # noqa: FBT001 - a column
    return {"channel": channel, "high": high, "stage": stage, **{name: sums.get(name, 0) for name in _SUMS}}


def _event(row: StoredEvent) -> LifecycleEvent:
    return LifecycleEvent(
        source=row.source,
        event_id=row.event_id,
        mark=Mark(row.mark),
        at=row.at,
        channel=row.channel,
        attributes=row.attributes or {},
    )
