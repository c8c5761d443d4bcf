"""Batches: claimed under a lease, published once."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, union_all, update
from sqlalchemy.orm import Session

from app.domain.batch_failure import taken_over
from app.domain.states import BatchState, OrderState
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import Batch, BatchOrder, OrderRow
from app.store.tables.batch import LEFT, LIVE, PUBLISHED, UNANNOUNCED, UNFINISHED

_MAKING = 712_025
"""Our name among PostgreSQL's pairs of advisory locks; the second of the pair is the incident."""


class BatchRepository:
    """Keeps batches from their claim to their announcement."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self, batch: Batch) -> Batch:
        """Add a batch; its row id is the counter in its name."""
        self._session.add(batch)
        self._session.flush()
        return batch

    def get(self, batch_id: int) -> Batch:
        """Return the batch with this row id."""
        return self._session.get_one(Batch, batch_id)

    def named(self, name: str) -> Batch | None:
        """Return the batch with this number."""
        return self._session.scalars(select(Batch).where(Batch.name == name)).first()

    def take_over(self, *, now: datetime, until: datetime, longest: datetime) -> Batch | None:
        """Take over a batch whose maker died, judged by its lease; None if there is none.

        A lease beyond ``longest`` was written before the clock was set back.
        """
        orphan = and_(UNFINISHED.query, or_(Batch.lease_until < now, Batch.lease_until > longest))
        batch = self._session.scalars(
            select(Batch).where(orphan).order_by(Batch.id).limit(1).with_for_update(skip_locked=True)
        ).first()
        if batch is not None:
            batch.lease_until = until
            batch.failure, batch.failures = taken_over(batch.failure, batch.failures)
            self._session.add(batch)
        return batch

    def lock_making(self, incident_id: int) -> None:
        """Let one maker at a time look whether to start a batch of an incident; held to the end of the transaction.

        An advisory lock, since locking the incident's row would make the door wait. SQLite has one writer anyway.
        """
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(select(func.pg_advisory_xact_lock(_MAKING, incident_id)))

    def unfinished(self, incident_id: int, *, kind: str) -> Batch | None:
        """Return the batch of a kind that somebody is making for an incident."""
        # Nothing is added: it only keeps SQLite from walking all batches of the incident for the one in the making.
        mine = and_(UNFINISHED.query, Batch.incident_id + 0 == incident_id, Batch.kind == kind)
        return self._session.scalars(select(Batch).where(mine).order_by(Batch.id)).first()

    def all_unfinished(self, *, failures: int = 0) -> list[Batch]:
        """Return the batches that are being made, those alone that failed so many times in a row, oldest first."""
        query = select(Batch).where(UNFINISHED.query, Batch.failures >= failures)
        return list(self._session.scalars(query.order_by(Batch.id)))

    def advance(
        self,
        batch_id: int,
        *,
        from_state: str,
        held_lease: datetime,
        **values: Any,  # noqa: ANN401 - columns
    ) -> Batch | None:
        """Change a batch that we still hold, and return it as it is now; None if another maker has taken it over."""
        mine = and_(Batch.id == batch_id, Batch.state == from_state, Batch.lease_until == held_lease)
        statement = update(Batch).where(mine).values(**values).returning(Batch)
        options = {"synchronize_session": False, "populate_existing": True}
        return self._session.scalars(statement, execution_options=options).one_or_none()

    def page(self, *, incident_id: int | None = None, before_id: int | None = None, limit: int = 50) -> list[Batch]:
        """Return published batches, newest first."""
        query = select(Batch).where(Batch.state == BatchState.PUBLISHED)
        if incident_id is not None:
            query = query.where(Batch.incident_id == incident_id)
        if before_id is not None:
            query = query.where(Batch.id < before_id)
        return list(self._session.scalars(query.order_by(Batch.id.desc()).limit(limit)))

    def newest_ids(self, *, limit: int) -> list[int]:
        """Return the row ids of the newest published batches."""
        query = select(Batch.id).where(Batch.state == BatchState.PUBLISHED).order_by(Batch.id.desc()).limit(limit)
        return [id_ or 0 for id_ in self._session.scalars(query)]

    def repairs_of(self, batch_ids: Sequence[int]) -> dict[int, list[str]]:
        """Return the published batches that repair each of a page of batches, by name; a repair is always younger."""
        younger = select(Batch.repairs_id, Batch.name).where(Batch.id > min(batch_ids), PUBLISHED.query)
        found: dict[int, list[str]] = {}
        for repaired, name in self._session.execute(younger.where(Batch.repairs_id.in_(batch_ids)).order_by(Batch.id)):
            found.setdefault(repaired, []).append(name)
        return found

    def last_published_at(self) -> datetime | None:
        """Return when the newest batch came out."""
        newest = select(Batch.published_at).where(PUBLISHED.query).order_by(Batch.published_at.desc()).limit(1)
        return self._session.scalar(newest)

    def claim_unannounced(self, *, now: datetime, limit: int = 20) -> list[Batch]:
        """Take published batches nobody has announced, and mark them announced in the caller's transaction."""
        query = select(Batch).where(UNANNOUNCED.query).order_by(Batch.id).limit(limit)
        batches = list(self._session.scalars(query.with_for_update(skip_locked=True)))
        for batch in batches:
            batch.announced_at = now
            self._session.add(batch)
        return batches

    def closed_in(self, batch_id: int) -> list[int]:
        """Return the orders of a batch in the making that a person has closed meanwhile."""
        closed = select(OrderRow.id).where(OrderRow.batch_id == batch_id, OrderRow.state != OrderState.BATCHED)
        return [order_id or 0 for order_id in self._session.scalars(closed.order_by(OrderRow.id))]

    def let_leave(self, order_ids: Sequence[int], *, batch_id: int, now: datetime) -> None:
        """Take orders out of a batch that has no file yet; that they were in it stays written down."""
        for part in chunks(order_ids, IN_LIMIT):
            self._leave(part, batch_id=batch_id, to=None, now=now)

    def let_return(self, order_ids: Sequence[int], *, batch_id: int, to_batch: int, now: datetime) -> None:
        """Take orders out of a repair that has no file yet; they are again in the batch whose file they are in."""
        for part in chunks(order_ids, IN_LIMIT):
            self._leave(part, batch_id=batch_id, to=to_batch, now=now)
            back = update(BatchOrder).where(BatchOrder.batch_id == to_batch, BatchOrder.order_id.in_(part), LEFT.query)
            self._session.execute(back.values(left_at=None), execution_options={"synchronize_session": False})

    def _leave(self, part: Sequence[int], *, batch_id: int, to: int | None, now: datetime) -> None:
        left = update(BatchOrder).where(BatchOrder.batch_id == batch_id, BatchOrder.order_id.in_(part), LIVE.query)
        theirs = update(OrderRow).where(OrderRow.id.in_(part), OrderRow.batch_id == batch_id)
        for statement in (left.values(left_at=now), theirs.values(batch_id=to)):
            self._session.execute(statement, execution_options={"synchronize_session": False})

    def size(self, batch_id: int) -> int:
        """Return how many orders are in a batch now."""
        query = select(func.count()).where(BatchOrder.batch_id == batch_id, LIVE.query)
        return self._session.scalar(query) or 0

    def is_live_in_published(self, order_id: int) -> bool:
        """Tell whether an order has a live batch, and that is published."""
        query = select(Batch.id).join(BatchOrder, BatchOrder.batch_id == Batch.id)
        live = query.where(BatchOrder.order_id == order_id, LIVE.query, Batch.state == BatchState.PUBLISHED)
        return self._session.scalars(live).first() is not None

    def of_order(self, order_id: int) -> list[Batch]:
        """Return every batch in whose file an order was or will be, oldest first.

        The live one and those it has left have an index each. It left one either for the batch that repairs it, or
        before there was a file.
        """
        memberships = (
            select(BatchOrder.batch_id, BatchOrder.left_at).where(BatchOrder.order_id == order_id, condition.query)
            for condition in (LIVE, LEFT)
        )
        left_at: dict[int | None, datetime | None] = dict(self._session.execute(union_all(*memberships)).all())
        batches = list(self._session.scalars(select(Batch).where(Batch.id.in_(left_at)).order_by(Batch.id)))
        repaired = {batch.repairs_id for batch in batches}
        return [batch for batch in batches if left_at[batch.id] is None or batch.id in repaired]

    def holding(self, numbers: Sequence[str]) -> dict[str, int]:
        """Return the published batches that have or had any of these orders, by name, and how many of them each."""
        found: Counter[str] = Counter()
        for part in chunks(numbers, IN_LIMIT):
            for condition in (LIVE, LEFT):
                query = (
                    select(Batch.name, func.count())
                    .join(BatchOrder, BatchOrder.batch_id == Batch.id)
                    .join(OrderRow, OrderRow.id == BatchOrder.order_id)
                    .where(OrderRow.number.in_(part), condition.query, PUBLISHED.query)
                    .group_by(Batch.name)
                )
                for name, count in self._session.execute(query):
                    found[name] += count
        return dict(found)

    def high_in(self, batch_id: int) -> int:
        """Count the high-priority orders in a batch now."""
        query = select(func.count()).where(OrderRow.batch_id == batch_id, OrderRow.priority == "high")
        return self._session.scalar(query) or 0
