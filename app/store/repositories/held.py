"""Orders that wait for a person: looked at by one at a time, and completed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.store.tables import METADATA, OrderRow
from app.store.tables.order import HELD

_ORDERS = METADATA.tables["orders"]


class HeldRepository:
    """Questions about held orders, and changes to them that leave them held."""

    def __init__(self, session: Session) -> None:
        self._session = session

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
