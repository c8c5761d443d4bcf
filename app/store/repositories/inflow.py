"""How many orders came in, minute by minute, counted in stretches of row ids so that no look walks the past."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Table, and_, func, select
from sqlalchemy.orm import Session

from app.store.statements import minute_of
from app.store.tables import OrderRow

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


class InflowRepository:
    """Counts what came in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def settled_until(self, *, after_id: int, up_to_id: int, settled_before: datetime) -> int:
        """Return the id among (after, up to] behind which nothing of an earlier transaction can appear any more."""
        o = _ORDERS.c
        old = select(func.max(o.id)).where(o.id > after_id, o.id <= up_to_id, o.received_at < settled_before)
        return self._session.scalar(old) or after_id

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
