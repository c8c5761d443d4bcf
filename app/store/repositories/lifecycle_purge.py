"""Removes what was told of orders whose way ended long ago, piece by piece; the sums of the stages stay as they are.

The visits of an order that is in no stage are complete: they have come in and gone out, so the totals are right without
it. Minutes are only read from a moment up to now, so those before every window that anybody looks at can go too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Delete, delete, func, select
from sqlalchemy.orm import Session

from app.domain.flow import Standing
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import (
    BacklogHour,
    FeedHour,
    Instance,
    OrderFlow,
    StageHour,
    StageMinute,
    StageVisit,
    StoredEvent,
    WatchParcel,
)

HORIZON = "lifecycle_purged_before"
"""The fact that says what has been purged: whatever is unknown and began before it was here once."""

HOURS = (StageHour, BacklogHour, FeedHour)


@dataclass(frozen=True, slots=True)
class ClosedPage:
    """Orders that may go; ``next_id`` is where to look on, None where all that follow are younger."""

    order_ids: list[int]
    next_id: int | None


@dataclass(frozen=True, slots=True)
class RemovedOrders:
    """How many orders were removed, and how many of their events."""

    orders: int
    events: int


class LifecyclePurgeRepository:
    """Finds and removes what is old; an order that stands in a stage, or is on hold, is never among it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def horizon(self) -> datetime | None:
        """Return before when orders have been purged, None where none ever was."""
        kept = self._session.get(Instance, HORIZON)
        return datetime.fromisoformat(kept.value) if kept is not None else None

    def move_horizon(self, before: datetime) -> None:
        """Note that orders are purged up to then; it never moves back."""
        known = self.horizon()
        if known is None or known < before:
            self._session.merge(Instance(name=HORIZON, value=before.isoformat()))

    def closed(self, *, before: datetime, after_id: int, limit: int) -> ClosedPage:
        """Return orders in no stage of which nothing was heard since ``before``, among the next ``limit``.

        Rows are numbered as orders become known, so where all of a page became known later nobody older follows.
        """
        f, e = OrderFlow, StoredEvent
        gone = (f.stage.is_(None), f.standing != Standing.ON_HOLD, f.id > after_id)
        ids = list(self._session.scalars(select(f.id).where(*gone).order_by(f.id).limit(limit)))
        heard = {}
        for part in chunks(ids, IN_LIMIT):
            query = select(e.flow_id, func.min(e.received_at), func.max(e.received_at)).where(e.flow_id.in_(part))
            for flow_id, first, last in self._session.execute(query.group_by(e.flow_id)):
                heard[flow_id] = (first, last)
        old = [one for one in ids if one in heard and heard[one][1] < before]
        ends = len(ids) < limit or (bool(heard) and all(first >= before for first, _ in heard.values()))
        return ClosedPage(old, None if ends else ids[-1])

    def remove(self, order_ids: Sequence[int], *, before: datetime) -> RemovedOrders:
        """Remove those of some orders that are still in no stage and unheard of since, with all that was told."""
        f, e = OrderFlow, StoredEvent
        orders = events = 0
        for part in chunks(sorted(order_ids), IN_LIMIT):
            still = select(f.id).where(f.id.in_(part), f.stage.is_(None), f.standing != Standing.ON_HOLD)
            ids = list(self._session.scalars(still.order_by(f.id).with_for_update()))
            heard = select(e.flow_id).where(e.flow_id.in_(ids), e.received_at >= before).distinct()
            late = set(self._session.scalars(heard))
            ids = [one for one in ids if one not in late]
            events += self._gone(delete(e).where(e.flow_id.in_(ids)))
            for table in (StageVisit, WatchParcel):
                self._gone(delete(table).where(table.flow_id.in_(ids)))
            orders += self._gone(delete(f).where(f.id.in_(ids)))
        return RemovedOrders(orders, events)

    def remove_minutes(self, *, before: datetime) -> int:
        """Remove the sums of the oldest hour that has any before then; return how many rows."""
        first = self._session.scalar(select(func.min(StageMinute.minute)))
        if first is None or first >= before:
            return 0
        return self._gone(delete(StageMinute).where(StageMinute.minute < min(first + timedelta(hours=1), before)))

    def remove_hours(self, *, before: datetime) -> int:
        """Remove the oldest day of closed hours before then; return how many rows."""
        firsts = [at for table in HOURS if (at := self._session.scalar(select(func.min(table.hour)))) is not None]
        if not firsts or min(firsts) >= before:
            return 0
        until = min(min(firsts) + timedelta(days=1), before)
        return sum(self._gone(delete(table).where(table.hour < until)) for table in HOURS)

    def any_sums(self, *, before: datetime) -> bool:
        """Tell whether there are minutes or closed hours before then."""
        oldest: list[datetime | None] = [self._session.scalar(select(func.min(StageMinute.minute)))]
        oldest += [self._session.scalar(select(func.min(table.hour))) for table in HOURS]
        return min((at for at in oldest if at is not None), default=before) < before

    def old_sums(self, *, before: datetime) -> tuple[int, int]:
        """Count the minutes and the closed hours before then."""
        minutes = select(func.count()).select_from(StageMinute).where(StageMinute.minute < before)
        hours = (select(func.count()).select_from(table).where(table.hour < before) for table in HOURS)
        return self._session.scalar(minutes) or 0, sum(self._session.scalar(query) or 0 for query in hours)

    def events_of(self, order_ids: Sequence[int]) -> int:
        """Count what was told of some orders."""
        e = StoredEvent
        events = 0
        for part in chunks(order_ids, IN_LIMIT):
            events += self._session.scalar(select(func.count()).select_from(e).where(e.flow_id.in_(part))) or 0
        return events

    def _gone(self, statement: Delete) -> int:
        result = self._session.execute(statement.execution_options(synchronize_session=False))
        return result.rowcount if isinstance(result, CursorResult) else 0
