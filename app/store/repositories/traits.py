"""Orders that are stuck and orders that are well, each with what its events say of it: warehouse, carrier, goods."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from app.store.repositories.stage_clocks import StageClocks
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import OrderFlow, StageMinute, StageVisit, StoredEvent
from app.store.tables.flow import IN_STAGE, PROMISED


@dataclass(frozen=True, slots=True)
class FlowRow:
    """An order in a stage, or one that has left it (``stage`` is None then)."""

    flow_id: int
    order_ref: str
    stage: int | None
    channel: str
    entered_at: datetime
    said: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PromisedRow:
    """An order on its way that is to be shipped by a moment."""

    order_ref: str
    channel: str
    stage: int
    high: bool
    promised_at: datetime


class TraitRepository:
    """Reads what tells stuck orders from others; every list has a limit, so a look costs the same on the worst day."""

    def __init__(self, session: Session, clocks: StageClocks) -> None:
        self._session, self._clocks = session, clocks

    def stuck(self, limits: Mapping[int, timedelta], *, now: datetime, at_most: int) -> list[FlowRow]:
        """Return the orders that are in their stage for longer than its limit, by its clock, newest first."""
        f = OrderFlow
        over = (and_(f.stage == stage, f.entered_at < since) for stage, since in self._bounds(limits, now))
        return self._rows(or_(*over), at_most)

    def within(
        self,
        stage: int,
        *,
        waited: tuple[timedelta, timedelta],
        codes: Mapping[str, Collection[str]],
        now: datetime,
        at_most: int,
    ) -> list[FlowRow]:
        """Return the orders in a stage for at least the first time and no longer than the second, by what is said.

        Times are those of the stage's clock. Each fact of ``codes`` must be one of its codes; newest first.
        """
        f, clock = OrderFlow, self._clocks.of(stage)
        last, first = clock.back(now, waited[0] - timedelta.resolution), clock.back(now, waited[1])
        between = and_(f.stage == stage, f.entered_at < last, f.entered_at >= first)
        told = col(f.said)
        said = (told[name].as_string().in_(sorted(known)) for name, known in codes.items())
        return self._rows(and_(between, *said), max(at_most, 0))

    def well(self, limits: Mapping[int, timedelta], *, now: datetime, at_most: int) -> list[FlowRow]:
        """Return the orders that are in their stage for no longer than its limit, newest first."""
        f = OrderFlow
        within = (and_(f.stage == stage, f.entered_at >= since) for stage, since in self._bounds(limits, now))
        return self._rows(or_(*within), at_most)

    def _bounds(self, limits: Mapping[int, timedelta], now: datetime) -> Iterator[tuple[int, datetime]]:
        """Yield for each stage when an order entered it that has just reached its limit."""
        return ((stage, self._clocks.of(stage).back(now, limit)) for stage, limit in limits.items())

    def passed(self, stage: int, *, since: datetime, at_most: int) -> list[FlowRow]:
        """Return the orders that have left a stage since then and are in none now."""
        return self._left(OrderFlow.stage.is_(None), stage=stage, since=since, at_most=at_most)

    def leavers(self, stage: int, *, since: datetime, at_most: int) -> list[FlowRow]:
        """Return the orders that left a stage since then, newest first; ``entered_at`` is when they left it."""
        return self._left(stage=stage, since=since, at_most=at_most)

    def promised(self, *, until: datetime, up_to_stage: int, at_most: int) -> list[PromisedRow]:
        """Return the orders up to a stage that are to be shipped by then, the earliest first."""
        f = OrderFlow
        query = select(f.order_ref, f.channel, f.stage, f.high, f.promised_at)
        mine = query.where(PROMISED.query, f.promised_at <= until, f.stage <= up_to_stage)
        rows = self._session.execute(mine.order_by(f.promised_at, f.id).limit(at_most))
        return [PromisedRow(*row) for row in rows]

    def _left(self, *which: ColumnElement[bool], stage: int, since: datetime, at_most: int) -> list[FlowRow]:
        f, v = OrderFlow, StageVisit
        query = select(f.id, f.order_ref, f.channel, v.left_at).join(v, v.flow_id == f.id)
        gone = query.where(v.stage == stage, v.left_at >= since, *which)
        rows = self._session.execute(gone.order_by(v.left_at.desc()).limit(at_most))
        return [FlowRow(row[0], row[1], None, row[2], row[3]) for row in rows]

    def _rows(self, which: ColumnElement[bool], at_most: int) -> list[FlowRow]:
        f = OrderFlow
        query = select(f.id, f.order_ref, f.stage, f.channel, f.entered_at, f.said).where(IN_STAGE.query, which)
        rows = self._session.execute(query.order_by(f.entered_at.desc()).limit(at_most))
        return [FlowRow(*row) for row in rows]

    def attributes(self, flow_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return what the events of some orders say of them; what was said last counts."""
        found: dict[int, dict[str, Any]] = defaultdict(dict)
        e = StoredEvent
        for part in chunks(list(flow_ids), IN_LIMIT):
            query = select(e.flow_id, e.attributes).where(e.flow_id.in_(part), e.attributes.is_not(None))
            for flow_id, attributes in self._session.execute(query.order_by(e.at, e.id)):
                if isinstance(attributes, dict):
                    found[flow_id].update(attributes)
        return found

    def exits(self, stage: int, *, since: datetime, until: datetime) -> dict[datetime, int]:
        """Return how many orders left a stage in each minute in which any did."""
        m = StageMinute
        summed = func.sum(m.left + m.inferred)
        query = select(m.minute, summed).where(m.stage == stage, m.minute >= since, m.minute < until)
        return {minute: int(count) for minute, count in self._session.execute(query.group_by(m.minute)) if count}
