"""What the main system said; rows are added, the last word of an order in a batch counts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, exists, func, insert, literal_column, select, update
from sqlalchemy.orm import Session, aliased

from app.domain.states import OrderState
from app.store.repositories.order_feed import take_places
from app.store.statements import IN_LIMIT, chunks, insert_new
from app.store.tables import METADATA, Batch, BatchOrder, ImportResult, MainNumber, OrderRow
from app.store.tables.batch import LIVE

_TABLE, _ORDERS = METADATA.tables["import_result"], METADATA.tables["orders"]


class NewResult(NamedTuple):
    """A result to be kept; see :class:`ImportResult`."""

    batch_id: int
    order_id: int
    result: str
    main_order_number: str | None
    reason: str | None
    reported_by: str
    reported_at: datetime


class FailedGroup(NamedTuple):
    """Orders of a batch that the main system refused for one reason, and how many they are."""

    batch_id: int
    reason: str
    orders: int


class ResultRepository:
    """Keeps import results."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, results: Sequence[NewResult]) -> None:
        """Keep results, in the order given; fifty thousand of them in a second or two."""
        if results:
            self._session.execute(insert(_TABLE), [result._asdict() for result in results])

    def last_words(self, batch_id: int, order_ids: Sequence[int]) -> dict[int, ImportResult]:
        """Return the last result of each of these orders in a batch."""
        found: dict[int, ImportResult] = {}
        for part in chunks(order_ids, IN_LIMIT):
            # Not narrowed to the batch by SQL: SQLite would read the whole batch for each part.
            query = select(ImportResult).where(ImportResult.order_id.in_(part)).order_by(ImportResult.id)
            found.update((r.order_id, r) for r in self._session.scalars(query) if r.batch_id == batch_id)
        return found

    def of_order(self, order_id: int) -> list[ImportResult]:
        """Return everything said of an order, oldest first."""
        return list(
            self._session.scalars(
                select(ImportResult).where(ImportResult.order_id == order_id).order_by(ImportResult.id)
            )
        )

    # ---- the main system's numbers ---------------------------------------------------------------------------------

    def add_main_numbers(self, numbers: Mapping[int, Sequence[str]], *, now: datetime) -> None:
        """Keep numbers that the main system gave orders, by row id; those that are known stay as they are."""
        take_places(self._session, list(numbers), now=now)
        rows = [{"order_id": id_, "number": one, "said_at": now} for id_, several in numbers.items() for one in several]
        insert_new(self._session, MainNumber, rows, unique=("order_id", "number"))

    def set_main_numbers(self, main_numbers: Mapping[int, str | None]) -> None:
        """Keep the number by which an order is known in the main system, by row id."""
        if main_numbers:
            statement = update(_ORDERS).where(_ORDERS.c.id == bindparam("order_id"))
            values = [{"order_id": order_id, "number_in_main": number} for order_id, number in main_numbers.items()]
            self._session.execute(statement.values(main_order_number=bindparam("number_in_main")), values)

    def main_numbers(self, order_ids: Sequence[int]) -> dict[int, list[str]]:
        """Return the main system's numbers of orders, in the order in which they were told."""
        found: dict[int, list[str]] = {}
        for part in chunks(order_ids, IN_LIMIT):
            query = select(MainNumber.order_id, MainNumber.number).where(MainNumber.order_id.in_(part))
            for order_id, number in self._session.execute(query.order_by(MainNumber.said_at, MainNumber.number)):
                found.setdefault(order_id, []).append(number)
        return found

    def forget_main_numbers(self, order_id: int) -> None:
        """Drop the numbers of an order that a person has corrected."""
        self._session.execute(delete(MainNumber).where(MainNumber.order_id == order_id))

    def orders_under(self, numbers: Sequence[str]) -> dict[str, list[str]]:
        """Return the orders of each of these numbers of the main system that several orders have."""
        found: dict[str, list[str]] = {}
        for part in chunks(numbers, IN_LIMIT):
            query = (
                select(MainNumber.number, OrderRow.number)
                .join(OrderRow, OrderRow.id == MainNumber.order_id)
                .where(MainNumber.number.in_(part))
                .order_by(OrderRow.id)
            )
            for main, order in self._session.execute(query):
                found.setdefault(main, []).append(order)
        return {main: orders for main, orders in found.items() if len(orders) > 1}

    def failed_in(self, batch_id: int) -> list[int]:
        """Return the orders still in a batch whose last word there is "failed"."""
        later = aliased(ImportResult)
        overtaken = exists().where(
            later.order_id == ImportResult.order_id, later.batch_id == batch_id, later.id > ImportResult.id
        )
        query = (
            select(ImportResult.order_id)
            .join(OrderRow, OrderRow.id == ImportResult.order_id)
            .join(BatchOrder, (BatchOrder.order_id == ImportResult.order_id) & (BatchOrder.batch_id == batch_id))
            .where(
                ImportResult.batch_id == batch_id,
                ImportResult.result == "failed",
                OrderRow.state == OrderState.BATCHED,
                LIVE.query,
                ~overtaken,
            )
            .order_by(ImportResult.order_id)
        )
        return list(self._session.scalars(query))

    def failing(self, batch_ids: Sequence[int]) -> list[FailedGroup]:
        """Count the orders still in one of these batches whose last word there is "failed", by batch and reason."""
        said, later = aliased(ImportResult), aliased(ImportResult)
        overtaken = exists().where(later.order_id == said.order_id, later.batch_id == said.batch_id, later.id > said.id)
        reason = func.coalesce(func.trim(said.reason), literal_column("''"))
        query = (
            select(said.batch_id, reason, func.count())
            .join(OrderRow, OrderRow.id == said.order_id)
            .join(BatchOrder, (BatchOrder.order_id == said.order_id) & (BatchOrder.batch_id == said.batch_id))
            .where(said.batch_id.in_(batch_ids), said.result == "failed", OrderRow.state == OrderState.BATCHED)
            .where(LIVE.query, ~overtaken)
            .group_by(said.batch_id, reason)
        )
        return [FailedGroup(*row) for row in self._session.execute(query)]

    def newest_id(self) -> int:
        """Return the newest row id: whenever something new is said, it grows."""
        return self._session.scalar(select(func.max(ImportResult.id))) or 0

    def answered(self, batch_ids: Sequence[int]) -> frozenset[int]:
        """Return those of a page of batches of which the main system has said anything."""
        said = exists().where(ImportResult.batch_id == Batch.id)
        return frozenset(self._session.scalars(select(Batch.id).where(Batch.id.in_(batch_ids), said)))

    def counts(self, batch_id: int) -> dict[str, int]:
        """Count the last words of a batch by result."""
        return self.counts_of_each([batch_id]).get(batch_id, {})

    def counts_of_each(self, batch_ids: Sequence[int]) -> dict[int, dict[str, int]]:
        """Count the last words of each of a page of batches by result, in one question."""
        newest_first = func.row_number().over(
            partition_by=(ImportResult.batch_id, ImportResult.order_id), order_by=ImportResult.id.desc()
        )
        words = select(ImportResult.batch_id, ImportResult.result, newest_first.label("place"))
        said = words.where(ImportResult.batch_id.in_(batch_ids)).subquery().c
        query = select(said.batch_id, said.result, func.count()).where(said.place == 1)
        found: dict[int, dict[str, int]] = {}
        for batch_id, result, count in self._session.execute(query.group_by(said.batch_id, said.result)):
            found.setdefault(batch_id, {})[result] = count
        return found
