"""How many orders came in, minute by minute, counted in stretches of row ids so that no look walks the past."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Table, and_, case, func, select
from sqlalchemy.orm import Session

from app.store.statements import minute_of
from app.store.tables import OrderRow

LOOKED_BACK = 5_000
"""Row ids among which the newest high-priority orders are looked for."""

_ORDERS: Table = OrderRow.__table__


@dataclass(frozen=True, slots=True)
class MinuteCount:
    """Orders of one client and one priority that were received within the minute that begins at ``at``.

    ``fen`` is what they are worth together; orders of unknown total count nothing.
    """

    at: datetime
    client_id: str
    high: bool
    orders: int
    fen: int


@dataclass(frozen=True, slots=True)
class IdRangeCounts:
    """What was counted of an incident's orders in a stretch of row ids, and what they are worth in fen.

    Up to ``settled_id`` nothing can appear any more; what is counted after it is fresh and has to be counted again.
    """

    settled_id: int
    settled_high: int
    settled_today: int
    settled_fen: int
    fresh_high: int
    fresh_today: int
    fresh_fen: int


class InflowRepository:
    """Counts what came in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def settled_until(self, *, after_id: int, up_to_id: int, settled_before: datetime) -> int:
        """Return the id among (after, up to] behind which nothing of an earlier transaction can appear any more."""
        o = _ORDERS.c
        old = select(func.max(o.id)).where(o.id > after_id, o.id <= up_to_id, o.received_at < settled_before)
        return self._session.scalar(old) or after_id

    def range_counts(
        self, incident_id: int, *, after_id: int, up_to_id: int, today: datetime, settled_before: datetime
    ) -> IdRangeCounts:
        """Count an incident's high-priority orders, those of today and their worth among the row ids in (after, up to].

        Ids of a transaction that has not committed yet lie among those of the same moment; everything up to the last
        id older than ``settled_before`` is therefore complete.
        """
        o = _ORDERS.c
        settled_id = self.settled_until(after_id=after_id, up_to_id=up_to_id, settled_before=settled_before)
        mine = and_(o.id > after_id, o.id <= up_to_id, o.incident_id == incident_id)
        parts = (
            part
            for side in (o.id <= settled_id, o.id > settled_id)
            for part in (
                func.count(case((and_(side, o.priority == "high"), 1))),
                func.count(case((and_(side, o.received_at >= today), 1))),
                func.coalesce(func.sum(case((side, o.total_fen))), 0),
            )
        )
        return IdRangeCounts(
            settled_id, *(int(count) for count in self._session.execute(select(*parts).where(mine)).one())
        )

    def newest(self, *, limit: int) -> list[OrderRow]:
        """Return the newest orders, with what is sealed in them."""
        return list(self._session.scalars(select(OrderRow).order_by(OrderRow.id.desc()).limit(limit)))

    def newest_high(self, incident_id: int, *, limit: int) -> list[OrderRow]:
        """Return an incident's newest high-priority orders among the last :data:`LOOKED_BACK`, with what is sealed."""
        newest = self._session.scalar(select(func.max(_ORDERS.c.id))) or 0
        late = (OrderRow.id > newest - LOOKED_BACK, OrderRow.incident_id == incident_id, OrderRow.priority == "high")
        return list(self._session.scalars(select(OrderRow).where(*late).order_by(OrderRow.id.desc()).limit(limit)))

    def minutes(self, incident_id: int, *, after_id: int, up_to_id: int) -> list[MinuteCount]:
        """Count an incident's orders among the row ids in (after, up to]; damaged times are passed over."""
        if up_to_id <= after_id:
            return []
        o = _ORDERS.c
        minute = minute_of(self._session, o.received_at).label("minute")
        mine = and_(o.id > after_id, o.id <= up_to_id, o.incident_id == incident_id)
        query = (
            select(minute, o.client_id, o.priority, func.count(), func.coalesce(func.sum(o.total_fen), 0))
            .where(mine)
            .group_by(minute, o.client_id, o.priority)
        )
        found = []
        for text, client_id, priority, orders, fen in self._session.execute(query):
            if (at := _moment(text)) is not None:
                found.append(MinuteCount(at, client_id, priority == "high", orders, int(fen)))
        return found

    def count_since(self, incident_id: int, moment: datetime, *, after_id: int) -> int:
        """Count an incident's orders received after a moment, among the row ids above ``after_id``."""
        o = _ORDERS.c
        late = and_(o.id > after_id, o.incident_id == incident_id, o.received_at > moment)
        return self._session.scalar(select(func.count()).select_from(_ORDERS).where(late)) or 0


def _moment(text: object) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        return None
