"""Changes that storefronts ask for: kept once each, told to the main system in a file, settled once."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from app.domain.order_change import ChangeKind, ChangeState
from app.store.statements import IN_LIMIT, chunks, insert_new
from app.store.tables import METADATA, Batch, ChangeSheet, OrderChange, OrderRow
from app.store.tables.batch import PUBLISHED
from app.store.tables.order_change import NOTED, OF_A_FILE, UNTOLD

_ORDERS = METADATA.tables["orders"]


class ChangeRow(NamedTuple):
    """A change with the number of its order, that order's number in the main system, and the name of its batch."""

    row: OrderChange
    order_number: str
    main_order_number: str | None
    order_state: str
    batch: str | None


class ChangeRepository:
    """Keeps changes, and what their files hold."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, change: OrderChange) -> OrderChange:
        """Keep a change; the order is locked by the caller."""
        self._session.add(change)
        self._session.flush()
        return change

    def keep(self, change: OrderChange) -> None:
        """Write down what has become of a change."""
        self._session.add(change)
        self._session.flush()

    def reseal(self, row: OrderRow, sealed: bytes) -> None:
        """Let an order say something else; what it said when it was accepted stays beside it."""
        values = {"sealed": sealed, "sealed_original": row.sealed_original or row.sealed}
        self._rows(update(_ORDERS).where(_ORDERS.c.id == row.id).values(values))
        self._session.refresh(row)

    def locked(self, number: str, *, client_id: str) -> OrderRow | None:
        """Return the order with this number of a client, locked until the transaction ends."""
        query = select(OrderRow).where(OrderRow.number == number, OrderRow.client_id == client_id)
        return self._session.scalars(query.with_for_update()).first()

    def of_order(self, order_id: int) -> list[OrderChange]:
        """Return what was asked for of an order, oldest first."""
        query = select(OrderChange).where(OrderChange.order_id == order_id).order_by(OrderChange.id)
        return list(self._session.scalars(query))

    def noted_of(self, order_ids: Collection[int]) -> list[OrderChange]:
        """Return what these orders are still noted for, oldest first; the orders are locked: nothing is added now."""
        found: list[OrderChange] = []
        for part in chunks(sorted(set(order_ids)), IN_LIMIT):
            self._session.execute(
                select(_ORDERS.c.id).where(_ORDERS.c.id.in_(part)).order_by(_ORDERS.c.id).with_for_update()
            )
            query = select(OrderChange).where(OrderChange.order_id.in_(part), OrderChange.state == ChangeState.NOTED)
            found += self._session.scalars(query.order_by(OrderChange.id))
        return found

    def paid_of(self, order_ids: Collection[int]) -> dict[int, datetime]:
        """Return when orders were paid of which a storefront has said so afterwards."""
        found: dict[int, datetime] = {}
        for part in chunks(sorted(set(order_ids)), IN_LIMIT):
            query = select(OrderChange.order_id, OrderChange.paid_at, OrderChange.asked_at)
            paid = query.where(OrderChange.order_id.in_(part), OrderChange.kind == ChangeKind.PAID)
            found.update((order_id, paid_at or asked_at) for order_id, paid_at, asked_at in self._session.execute(paid))
        return found

    # ---- for people --------------------------------------------------------------------------------------------------

    def get(self, row_id: int) -> ChangeRow | None:
        """Return one, it and before it its order locked for the caller's transaction."""
        order_id = select(OrderChange.order_id).where(OrderChange.id == row_id).scalar_subquery()
        self._session.execute(select(_ORDERS.c.id).where(_ORDERS.c.id == order_id).with_for_update())
        query = _joined().where(OrderChange.id == row_id).with_for_update(of=OrderChange)
        return next(self._found(query), None)

    def page(self, *, after: int | None, limit: int) -> list[ChangeRow]:
        """Return a page of those that wait, oldest first."""
        query = _joined().where(NOTED.query)
        if after is not None:
            query = query.where(OrderChange.id > after)
        return list(self._found(query.order_by(OrderChange.id).limit(limit)))

    def noted_count(self) -> int:
        """Return how many wait."""
        return self._session.scalar(select(func.count()).select_from(OrderChange).where(NOTED.query)) or 0

    # ---- the files ---------------------------------------------------------------------------------------------------

    def to_be_told(self) -> list[int]:
        """Return the published batches whose files of changes lack something, or a number that is known by now."""
        untold = select(OrderChange.batch_id).join(Batch, Batch.id == OrderChange.batch_id)
        untold = untold.where(UNTOLD.query, PUBLISHED.query)
        main = func.coalesce(OrderRow.main_order_number, "")
        renamed = select(OrderChange.batch_id).join(OrderRow, OrderRow.id == OrderChange.order_id)
        renamed = renamed.where(NOTED.query, OrderChange.told_at.is_not(None), main != OrderChange.told_main)
        found = {*self._session.scalars(untold.distinct()), *self._session.scalars(renamed.distinct())}
        return sorted(batch_id for batch_id in found if batch_id is not None)

    def of_batch(self, batch_id: int, *, limit: int | None = None, after: int = 0) -> list[ChangeRow]:
        """Return what the file of changes of a batch holds, in the order in which it was asked for.

        What has been told stays in it; what was taken into the order before anybody was told does not come in.
        """
        told = or_(OrderChange.told_at.is_not(None), OrderChange.state != ChangeState.APPLIED)
        query = _joined().where(OF_A_FILE.query, OrderChange.batch_id == batch_id, told, OrderChange.id > after)
        return list(self._found(query.order_by(OrderChange.id).limit(limit)))

    def of_batch_for(self, batch_id: int, numbers: Sequence[str]) -> list[OrderChange]:
        """Return the changes of a batch that concern orders of these numbers, the orders and they locked."""
        found: list[OrderChange] = []
        for part in chunks(sorted(set(numbers)), IN_LIMIT):
            ids = select(OrderRow.id).where(OrderRow.number.in_(part)).order_by(OrderRow.id).with_for_update()
            order_ids = list(self._session.scalars(ids))
            query = select(OrderChange).where(OrderChange.order_id.in_(order_ids), OrderChange.batch_id == batch_id)
            found += self._session.scalars(query.order_by(OrderChange.id).with_for_update())
        return found

    def numbers_of(self, changes: Sequence[OrderChange]) -> dict[int, str]:
        """Return the numbers of the orders of these changes."""
        return {
            order_id: number
            for part in chunks(sorted({one.order_id for one in changes}), IN_LIMIT)
            for order_id, number in self._session.execute(
                select(_ORDERS.c.id, _ORDERS.c.number).where(_ORDERS.c.id.in_(part))
            )
        }

    def told(self, mains: dict[int, str], *, now: datetime) -> None:
        """Write down that changes stand in their file, each beside this number of the main system."""
        for part in chunks(sorted(mains), IN_LIMIT):
            for row in self._session.scalars(select(OrderChange).where(OrderChange.id.in_(part))):
                row.told_at, row.told_main = row.told_at or now, mains[row.id or 0]
                self._session.add(row)

    def sheet(self, batch_id: int) -> ChangeSheet | None:
        """Return the newest file of changes of a batch."""
        return self._session.get(ChangeSheet, batch_id)

    def publish(self, sheet: ChangeSheet, *, after: int) -> bool:
        """Keep an edition of a file as the newest, if the edition before is number ``after``; tell whether it was."""
        values = sheet.model_dump(exclude={"batch_id"})
        mine = and_(ChangeSheet.batch_id == sheet.batch_id, ChangeSheet.edition == after)
        if after:
            return self._rows(update(ChangeSheet).where(mine).values(**values)) == 1
        return bool(insert_new(self._session, ChangeSheet, [sheet.model_dump()], unique=("batch_id",)))

    # ---- orders on their way into a file, or out of one --------------------------------------------------------------

    def resealed(self, rows: Sequence[OrderRow]) -> list[int]:
        """Return which of these orders say something else by now than when they were read."""
        known = {row.id or 0: bytes(row.sealed) for row in rows}
        query = select(_ORDERS.c.id, _ORDERS.c.sealed)
        return [
            id_
            for part in chunks(list(known), IN_LIMIT)
            for id_, sealed in self._session.execute(query.where(_ORDERS.c.id.in_(part)))
            if bytes(sealed) != known[id_]
        ]

    def carry(self, order_ids: Sequence[int], *, from_batch: int, to_batch: int) -> None:
        """Write down that a repair brings what these orders say since they were in the file before."""
        for part in chunks(order_ids, IN_LIMIT):
            mine = update(OrderChange).where(OrderChange.order_id.in_(part), OrderChange.batch_id == from_batch)
            self._rows(mine.where(OrderChange.state == ChangeState.APPLIED).values(batch_id=to_batch))

    def give_back(self, order_ids: Sequence[int], *, from_batch: int, to_batch: int) -> None:
        """Let changes of a repair that is not written wait again: it is the file before that has the orders."""
        undone = {"batch_id": to_batch, "state": ChangeState.NOTED, "settled_at": None, "settled_by": None}
        for part in chunks(order_ids, IN_LIMIT):
            mine = update(OrderChange).where(OrderChange.order_id.in_(part), OrderChange.batch_id == from_batch)
            waits_or_was_brought = or_(
                OrderChange.state == ChangeState.NOTED,
                and_(OrderChange.kind == ChangeKind.PAID, OrderChange.state == ChangeState.APPLIED),
            )
            self._rows(mine.where(waits_or_was_brought).values(undone))

    def _found(self, query: Select[Any]) -> Iterator[ChangeRow]:
        for found in self._session.execute(query):
            yield ChangeRow(*found)

    def _rows(self, statement: Any) -> int:  # noqa: ANN401 - an update
        result = self._session.execute(statement.execution_options(synchronize_session=False))
        return result.rowcount if isinstance(result, CursorResult) else 0


def _joined() -> Select[Any]:
    of_order = select(OrderChange, OrderRow.number, OrderRow.main_order_number, OrderRow.state, Batch.name)
    joined = of_order.join(OrderRow, OrderRow.id == OrderChange.order_id)
    return joined.outerjoin(Batch, Batch.id == OrderChange.batch_id)
