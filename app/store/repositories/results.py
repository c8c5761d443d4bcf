"""What the main system said; rows are added, the last word of an order in a batch counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session, aliased

from app.domain.states import OrderState
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import METADATA, BatchOrder, ImportResult, OrderRow
from app.store.tables.batch import LIVE

_TABLE = METADATA.tables["import_result"]


class NewResult(NamedTuple):
    """A result to be kept; see :class:`ImportResult`."""

    batch_id: int
    order_id: int
    result: str
    main_order_number: str | None
    reason: str | None
    reported_by: str
    reported_at: datetime


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
