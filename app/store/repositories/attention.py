"""High-priority orders that are in no file yet: which of them nobody has in hand, and who has the others."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, delete, exists, func, literal, select, update
from sqlalchemy.orm import Session

from app.store.reach import STANDARD, Reach
from app.store.repositories.overview import LINE, PAGE, OrderListRow, RowPage
from app.store.statements import insert_new
from app.store.tables import Attention, OrderRow
from app.store.tables.columns import IndexCondition
from app.store.tables.order import HELD, UNBATCHED

_ORDERS: Table = OrderRow.__table__
_ATTENTION: Table = Attention.__table__
_NOBODY_HAS: ColumnElement[bool] = ~exists(literal(1)).where(_ATTENTION.c.order_id == _ORDERS.c.id)
_NOT_DONE: ColumnElement[bool] = ~exists(literal(1)).where(
    _ATTENTION.c.order_id == _ORDERS.c.id, _ATTENTION.c.handled_at.is_not(None)
)
_OPEN: tuple[IndexCondition, ...] = (UNBATCHED, HELD)
"""Waiting for a batch, or for a person; each has its own index."""


class AttentionRepository:
    """Keeps who has an order in hand."""

    def __init__(self, session: Session, reach: Reach = STANDARD) -> None:
        self._session = session
        self._reach = reach

    def free_count(self) -> int:
        """Count the live open high-priority orders that nobody has in hand, up to :attr:`Reach.count_at_most`."""
        return sum(self._count(self._urgent(select(literal(1)), which).where(_NOBODY_HAS)) for which in _OPEN)

    def open_page(self, *, before: int | None = None, size: int = PAGE) -> RowPage[OrderListRow]:
        """Return open high-priority orders that nobody has finished with, newest first."""
        rows: list[OrderListRow] = []
        for which in _OPEN:
            some = self._urgent(select(*LINE), which).where(_NOT_DONE)
            if before is not None:
                some = some.where(_ORDERS.c.id < before)
            rows += self._session.execute(some.order_by(_ORDERS.c.id.desc()).limit(size + 1)).all()
        rows.sort(key=lambda row: -row.id)
        return RowPage(tuple(rows[:size]), rows[size - 1].id if len(rows) > size else None)

    def of(self, order_ids: Sequence[int]) -> dict[int, Attention]:
        """Return who has each of a page of orders."""
        query = select(Attention).where(Attention.order_id.in_(order_ids))
        return {one.order_id: one for one in self._session.scalars(query)} if order_ids else {}

    def locked(self, order_id: int) -> Attention | None:
        """Return who has an order, locked for the caller's transaction."""
        query = select(Attention).where(Attention.order_id == order_id).with_for_update()
        return self._session.scalars(query.execution_options(populate_existing=True)).first()

    def claim(self, order_id: int, *, by: str, now: datetime) -> bool:
        """Give an order to a person; False if somebody was faster."""
        row = {"order_id": order_id, "claimed_by": by[:80], "claimed_at": now}
        return bool(insert_new(self._session, Attention, [row], unique=("order_id",)))

    def change(self, order_id: int, **values: object) -> None:
        """Write something else down about an order in hand."""
        self._session.execute(update(_ATTENTION).where(_ATTENTION.c.order_id == order_id).values(**values))

    def let_go(self, order_id: int) -> None:
        """Forget that somebody has an order."""
        self._session.execute(delete(_ATTENTION).where(_ATTENTION.c.order_id == order_id))

    def _urgent(self, some: Select[tuple[object, ...]], which: IndexCondition) -> Select[tuple[object, ...]]:
        o = _ORDERS.c
        return some.select_from(_ORDERS).where(which.query, o.priority == "high", o.drill.is_(False))

    def _count(self, rows: Select[tuple[object, ...]]) -> int:
        few = rows.limit(self._reach.count_at_most).subquery()
        return self._session.scalar(select(func.count()).select_from(few)) or 0
