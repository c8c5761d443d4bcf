"""Sources of lifecycle events, and the parcels that a carrier is asked for."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from app.domain.marks import STAGES
from app.store.tables import OrderFlow, StageVisit, WatchParcel, WatchSource

MOST = 200
"""Rows that are read; a merchant has a handful of sources."""

LAST = len(STAGES)
"""The stage that ends with the carrier's first scan."""


class SourceRepository:
    """Keeps how far each source is read. One process reads a source at a time: the leader, or a command beside it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> Sequence[WatchSource]:
        """Return every source that was ever read."""
        return self._session.scalars(select(WatchSource).order_by(WatchSource.name).limit(MOST)).all()

    def get(self, name: str) -> WatchSource | None:
        """Return what is known of a source."""
        return self._session.get(WatchSource, name)

    def keep(self, name: str, *, kind: str, values: Mapping[str, Any]) -> WatchSource:
        """Change what is known of a source."""
        row = self._session.get(WatchSource, name, with_for_update=True)
        if row is None:
            row = WatchSource(name=name, kind=kind)
            self._session.add(row)
        row.kind = kind
        for field, value in values.items():
            setattr(row, field, value)
        self._session.flush()
        return row

    def parcels(
        self, *, since: datetime, packed_before: datetime, asked_before: datetime, most_asks: int, limit: int
    ) -> Sequence[tuple[int, str, str]]:
        """Return (row, order, channel) of orders that wait for the first scan and may be asked for, oldest first."""
        rested = or_(WatchParcel.asked_at.is_(None), WatchParcel.asked_at <= asked_before)
        again = and_(rested, WatchParcel.asks < most_asks)
        query = (
            select(OrderFlow.id, OrderFlow.order_ref, OrderFlow.channel)
            .outerjoin(WatchParcel, WatchParcel.flow_id == OrderFlow.id)
            .where(OrderFlow.stage == LAST, OrderFlow.entered_at >= since, OrderFlow.entered_at <= packed_before)
            .where(or_(WatchParcel.flow_id.is_(None), again))
            .order_by(OrderFlow.entered_at, OrderFlow.id)
            .limit(limit)
        )
        return [(row.id, row.order_ref, row.channel) for row in self._session.execute(query)]

    def unsubscribed(self, *, since: datetime, limit: int) -> Sequence[tuple[int, str, str]]:
        """Return (row, order, channel) of orders that wait for a scan and were not subscribed to, newest first."""
        query = (
            select(OrderFlow.id, OrderFlow.order_ref, OrderFlow.channel)
            .outerjoin(WatchParcel, WatchParcel.flow_id == OrderFlow.id)
            .where(OrderFlow.stage == LAST, OrderFlow.entered_at >= since)
            .where(or_(WatchParcel.flow_id.is_(None), WatchParcel.subscribed_at.is_(None)))
            .order_by(OrderFlow.entered_at.desc(), OrderFlow.id)
            .limit(limit)
        )
        return [(row.id, row.order_ref, row.channel) for row in self._session.execute(query)]

    def note_asked(self, flow_ids: Collection[int], *, now: datetime, counts: int) -> None:
        """Note that parcels were looked at; ``counts`` is 1 for a call that was made, 0 where none could be."""
        for row in self._parcels_of(flow_ids):
            row.asked_at, row.asks = now, row.asks + counts
        self._session.flush()

    def note_subscribed(self, waybills: Mapping[int, str], *, now: datetime) -> None:
        """Note by which waybill a carrier is to tell of each order; an empty one where it cannot."""
        for row in self._parcels_of(waybills):
            row.subscribed_at, row.waybill = now, waybills[row.flow_id]
        self._session.flush()

    def orders_of(self, waybill: str) -> Sequence[tuple[str, str]]:
        """Return (order, channel) of what was subscribed to by a waybill."""
        query = (
            select(OrderFlow.order_ref, OrderFlow.channel)
            .join(WatchParcel, WatchParcel.flow_id == OrderFlow.id)
            .where(WatchParcel.waybill == waybill)
            .limit(MOST)
        )
        return [(row.order_ref, row.channel) for row in self._session.execute(query)]

    def _parcels_of(self, flow_ids: Collection[int]) -> Sequence[WatchParcel]:
        known = self._session.scalars(select(WatchParcel).where(WatchParcel.flow_id.in_(list(flow_ids)))).all()
        new = [WatchParcel(flow_id=one) for one in sorted(set(flow_ids) - {row.flow_id for row in known})]
        self._session.add_all(new)
        return [*known, *new]

    def coverage(self, *, since: datetime, overdue_since: datetime) -> dict[str, dict[str, int]]:
        """Return by channel how many orders were scanned since ``since``, were only seen on their way, or are unknown.

        Unknown is what has waited for longer than the stage may last.
        """
        found: dict[str, dict[str, int]] = defaultdict(lambda: {"collected": 0, "inferred": 0, "unknown": 0})
        guessed = func.sum(cast(StageVisit.inferred, Integer))
        left = (
            select(StageVisit.channel, func.count(), guessed)
            .where(StageVisit.stage == LAST, StageVisit.left_at >= since)
            .group_by(StageVisit.channel)
        )
        for channel, total, inferred in self._session.execute(left):
            found[channel]["inferred"] = int(inferred or 0)
            found[channel]["collected"] = int(total) - int(inferred or 0)
        inside = (
            select(OrderFlow.channel, func.count())
            .where(OrderFlow.stage == LAST, OrderFlow.entered_at < overdue_since)
            .group_by(OrderFlow.channel)
        )
        for channel, total in self._session.execute(inside):
            found[channel]["unknown"] = int(total)
        return dict(found)
