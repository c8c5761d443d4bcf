"""Orders that wait for a person: counted by kind, and completed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.states import HeldKind
from app.store.tables import METADATA, OrderRow
from app.store.tables.order import HELD

_ORDERS = METADATA.tables["orders"]


class HeldRepository:
    """Questions about held orders, and changes to them that leave them held."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def counts(self, incident_id: int) -> dict[str, int]:
        """Return how many orders of an incident are held, by kind; kinds of which there are none are left out.

        Only held orders are looked at, however many there are of others.
        """
        kind = func.coalesce(OrderRow.held_kind, HeldKind.INCOMPLETE)
        query = select(kind, func.count()).where(HELD.query, OrderRow.incident_id == incident_id).group_by(kind)
        return dict(self._session.execute(query.order_by(kind)).all())

    def locked(self, number: str) -> OrderRow | None:
        """Return the order with this number, locked until the transaction ends: two people may decide at once."""
        return self._session.scalars(select(OrderRow).where(OrderRow.number == number).with_for_update()).first()

    def amend(self, row: OrderRow, columns: Mapping[str, Any]) -> bool:
        """Give a held order other columns and read them back into ``row``; return False if it is held no more."""
        statement = update(_ORDERS).where(_ORDERS.c.id == row.id, HELD.query)
        if not self._session.execute(statement.values(dict(columns))).rowcount:
            return False
        self._session.refresh(row)
        return True
