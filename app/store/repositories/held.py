"""Orders that wait for a person: counted by kind, listed, looked at one at a time, and completed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, defer

from app.domain.states import HeldKind
from app.store.reach import STANDARD, Reach
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import METADATA, OrderRow
from app.store.tables.order import HELD

_ORDERS = METADATA.tables["orders"]
_KIND = func.coalesce(_ORDERS.c.held_kind, HeldKind.INCOMPLETE)


class HeldRepository:
    """Questions about held orders, and changes to them that leave them held."""

    def __init__(self, session: Session, reach: Reach = STANDARD) -> None:
        self._session = session
        self._reach = reach

    def counts(self) -> dict[str, int]:
        """Count held orders by kind, up to :attr:`Reach.count_at_most` of them; those without one are incomplete."""
        few = select(_KIND.label("kind")).where(HELD.query).limit(self._reach.count_at_most).subquery()
        return dict(self._session.execute(select(few.c.kind, func.count()).group_by(few.c.kind)).all())

    def page(self, kinds: Collection[str], *, after_id: int = 0, limit: int) -> list[OrderRow]:
        """Return held orders of these kinds, oldest first, without what they said before."""
        query = select(OrderRow).options(defer(OrderRow.sealed_payload), defer(OrderRow.sealed_original))
        query = query.where(HELD.query, _KIND.in_(kinds), OrderRow.id > after_id)
        return list(self._session.scalars(query.order_by(OrderRow.id).limit(limit)))

    def numbered(self, numbers: Sequence[str]) -> dict[str, OrderRow]:
        """Return the orders that a page of held ones looks like, by number."""
        query = select(OrderRow).options(defer(OrderRow.sealed_payload), defer(OrderRow.sealed_original))
        return {
            row.number: row
            for part in chunks(sorted(set(numbers)), IN_LIMIT)
            for row in self._session.scalars(query.where(OrderRow.number.in_(part)))
        }

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
