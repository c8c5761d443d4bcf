"""Orders: found, claimed and moved from state to state, in one place."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, Update, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session, defer

from app.domain.order import PRIORITIES
from app.domain.states import FINAL, HeldKind, OrderState, may_follow
from app.store.repositories.flow_notes import leave_notes
from app.store.repositories.order_feed import take_places
from app.store.statements import IN_LIMIT, chunks, shift
from app.store.tables import METADATA, Batch, BatchOrder, OrderRow
from app.store.tables.batch import LIVE
from app.store.tables.order import DECIDED, HELD, UNBATCHED, UNCOMPOSED

_PAYLOAD = defer(OrderRow.sealed_payload), defer(OrderRow.sealed_original)

_ORDERS, _MEMBERS, _NOTES = (METADATA.tables[name] for name in ("orders", "batch_order", "sku_note"))
_THESE = _ORDERS.c.id.in_(bindparam("ids", expanding=True))
_STILL_WAITING = select(_ORDERS.c.id).where(UNBATCHED.query, _THESE).order_by(_ORDERS.c.id).with_for_update()
_MOVABLE = (
    select(_ORDERS.c.id, _ORDERS.c.incident_id, _ORDERS.c.state)
    .where(_THESE, _ORDERS.c.state.in_(bindparam("allowed", expanding=True)))
    .with_for_update()
)
"""Made once: a claim asks these while the door waits for SQLite's lock, and making them took as long as asking."""

_NEVER_SHIPPED = (OrderState.ACCEPTED, OrderState.CANCELLED, OrderState.REJECTED)


class Member(NamedTuple):
    """An order that is or was in a batch, as far as the main system's answer concerns it."""

    number: str
    order_id: int
    state: OrderState
    main_order_number: str | None
    left: bool
    """Whether a repair batch has taken it over."""


class OrderRepository:
    """Every question asked of orders, and every change of their state."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def numbered(self, number: str, *, client_id: str | None = None) -> OrderRow | None:
        """Return the order with this number, of this client if one is given."""
        query = select(OrderRow).where(OrderRow.number == number)
        if client_id is not None:
            query = query.where(OrderRow.client_id == client_id)
        return self._session.scalars(query).first()

    def get(self, order_id: int) -> OrderRow:
        """Return the order with this row id."""
        return self._session.get_one(OrderRow, order_id)

    def known_numbers(self, numbers: Sequence[str]) -> set[str]:
        """Return which of these numbers are stored."""
        return {
            n
            for part in chunks(numbers, IN_LIMIT)
            for n in self._session.scalars(select(OrderRow.number).where(OrderRow.number.in_(part)))
        }

    def held(self, *, kind: HeldKind | None = None, after_id: int = 0, limit: int = 500) -> list[OrderRow]:
        """Return orders that wait for a person, oldest first."""
        query = select(OrderRow).options(*_PAYLOAD).where(HELD.query, OrderRow.id > after_id)
        if kind is not None:
            query = query.where(OrderRow.held_kind == kind)
        return list(self._session.scalars(query.order_by(OrderRow.id).limit(limit)))

    def claim_uncomposed(self, *, limit: int, now: datetime) -> list[OrderRow]:
        """Take the oldest orders without messages and mark them composed, in the caller's transaction."""
        query = select(OrderRow).where(UNCOMPOSED.query).order_by(OrderRow.id).limit(limit)
        rows = list(self._session.scalars(query.with_for_update(skip_locked=True)))
        for part in chunks([row.id for row in rows], IN_LIMIT):
            self._rows(update(_ORDERS).where(_ORDERS.c.id.in_(part)).values(composed_at=now))
        leave_notes(self._session, [row.id or 0 for row in rows])
        take_places(self._session, [row.id or 0 for row in rows], now=now)
        return rows

    def uncomposed_count(self) -> int:
        """Return how many orders wait to be composed."""
        return self._session.scalar(select(func.count()).select_from(OrderRow).where(UNCOMPOSED.query)) or 0

    def incidents_waiting(self) -> list[int]:
        """Return the incidents, open or closed, that have orders waiting for a batch."""
        return list(
            self._session.scalars(
                select(OrderRow.incident_id).where(UNBATCHED.query).distinct().order_by(OrderRow.incident_id)
            )
        )

    def waiting_since(self, incident_id: int) -> datetime | None:
        """Return since when the longest-waiting order of an incident waits for a batch.

        Not simply the lowest row id: an order drained from the spool has a late id and an early time.
        """
        since = func.min(func.coalesce(OrderRow.released_at, OrderRow.completed_at, OrderRow.received_at))
        return self._session.scalar(select(since).where(UNBATCHED.query, OrderRow.incident_id == incident_id))

    def longest_waiting_since(self) -> datetime | None:
        """Return since when the longest-waiting order of all incidents waits for a batch, None if none waits."""
        waits = [since for incident in self.incidents_waiting() if (since := self.waiting_since(incident))]
        return min(waits, default=None)

    def newest_id(self, incident_id: int) -> int:
        """Return the id of the newest waiting order: what comes later is for the next batch."""
        return (
            self._session.scalar(
                select(func.max(OrderRow.id)).where(UNBATCHED.query, OrderRow.incident_id == incident_id)
            )
            or 0
        )

    def waiting(self, incident_id: int, *, up_to: int, limit: int, after_id: int = 0) -> list[OrderRow]:
        """Return the oldest waiting orders to decide about; nothing is locked, see :meth:`still_waiting`."""
        query = (
            select(OrderRow)
            .options(*_PAYLOAD)
            .where(UNBATCHED.query, OrderRow.incident_id == incident_id, OrderRow.id <= up_to)
            .where(OrderRow.id > after_id)
        )
        return list(self._session.scalars(query.order_by(OrderRow.id).limit(limit)))

    def still_waiting(self, order_ids: Sequence[int]) -> set[int]:
        """Return which of these orders nobody has moved meanwhile, locked for the caller's transaction."""
        found: set[int] = set()
        for part in chunks(order_ids, IN_LIMIT):
            found.update(self._session.scalars(_STILL_WAITING, {"ids": part}))
        return found

    def look_alike_marks(
        self, incident_id: int, *, since: datetime, until: datetime | None = None, page: int = 2000
    ) -> Iterator[tuple[bytes, datetime, str, str]]:
        """Yield (look-alike mark, time, number, what it looks like) of orders of [since, until) on their way or held.

        An order that a person has closed will not be shipped, so nothing can be its double. Found by time and not by
        row id: times do not grow with ids where the spool was drained or a clock was set.
        """
        near: list[Any] = [DECIDED.query, OrderRow.incident_id == incident_id, OrderRow.state.not_in(_NEVER_SHIPPED)]
        if until is not None:
            near.append(OrderRow.received_at < until)
        after: Any = OrderRow.received_at >= since
        while True:
            query = (
                select(OrderRow.id, OrderRow.look_alike, OrderRow.received_at, OrderRow.number, OrderRow.looks_like)
                .where(*near, after)
                .order_by(OrderRow.received_at, OrderRow.id)
                .limit(page)
            )
            rows = self._session.execute(query).all()
            yield from ((bytes(row.look_alike), row.received_at, row.number, row.looks_like or "") for row in rows)
            if len(rows) < page:
                return
            at, last = rows[-1].received_at, rows[-1].id
            after = and_(OrderRow.received_at >= at, or_(OrderRow.received_at > at, OrderRow.id > last))

    def join_batch(self, order_ids: Sequence[int], *, batch_id: int, now: datetime | None = None) -> None:
        """Put waiting orders into a batch; the unique index refuses a second live one."""
        moved = self.move(order_ids, OrderState.BATCHED, only_from=(OrderState.ACCEPTED,), now=now, batch_id=batch_id)
        if moved != len(order_ids):
            raise RuntimeError(f"batch {batch_id}: claimed {len(order_ids)} orders, moved {moved}")
        self._add_members(batch_id, order_ids)

    def hold(
        self,
        order_ids: Sequence[int],
        *,
        kind: HeldKind,
        looks_like: str | None,
        reason: str,
        now: datetime | None = None,
    ) -> int:
        """Set waiting orders aside for a person, who still reads what they looked like; return how many were."""
        alike = {} if looks_like is None else {"looks_like": looks_like}
        why = {"held_kind": kind, "state_reason": reason[:500], **alike}
        return self.move(order_ids, OrderState.HELD, only_from=(OrderState.ACCEPTED,), now=now, **why)

    def of_batch(self, batch_id: int, *, priority: str | None, after_id: int, limit: int) -> list[OrderRow]:
        """Return a page of a batch's orders of one priority, in order of arrival; None is none that we know."""
        same = OrderRow.priority.not_in(PRIORITIES) if priority is None else OrderRow.priority == priority
        query = select(OrderRow).options(*_PAYLOAD).where(OrderRow.batch_id == batch_id, same, OrderRow.id > after_id)
        return list(self._session.scalars(query.order_by(OrderRow.id).limit(limit)))

    def sum_of_batch(self, batch_id: int) -> tuple[int, int, datetime | None]:
        """Return how many orders a batch has, their total in fen, and when the first of them came in."""
        query = select(
            func.count(), func.coalesce(func.sum(OrderRow.total_fen), 0), func.min(OrderRow.received_at)
        ).where(OrderRow.batch_id == batch_id)
        count, total, first = self._session.execute(query).one()
        return count, int(total), first

    def members(self, batch_id: int, numbers: Sequence[str] | None = None) -> list[Member]:
        """Return the orders that are or were in a batch (of these numbers), locked for the caller's transaction.

        In two steps where numbers are given: in one, SQLite would read the whole batch for each part of them.
        """
        found: list[Member] = []
        for part in chunks(sorted(self._member_ids(batch_id, numbers)), IN_LIMIT):
            query = (
                select(OrderRow.number, OrderRow.id, OrderRow.state, OrderRow.main_order_number, BatchOrder.left_at)
                .join(BatchOrder, (BatchOrder.order_id == OrderRow.id) & (BatchOrder.batch_id == batch_id))
                .where(BatchOrder.order_id.in_(part))
                .order_by(OrderRow.id)
                .with_for_update(of=OrderRow)
            )
            found.extend(
                Member(number, order_id, OrderState(state), main, left is not None)
                for number, order_id, state, main, left in self._session.execute(query)
            )
        return found

    def _member_ids(self, batch_id: int, numbers: Sequence[str] | None) -> list[int]:
        if numbers is None:
            return list(self._session.scalars(select(BatchOrder.order_id).where(BatchOrder.batch_id == batch_id)))
        found: list[int] = []
        for part in chunks(numbers, IN_LIMIT):
            found.extend(
                id_ or 0 for id_ in self._session.scalars(select(OrderRow.id).where(OrderRow.number.in_(part)))
            )
        return found

    def move_to_batch(self, order_ids: Sequence[int], *, from_batch: int, to_batch: int, now: datetime) -> int:
        """Move orders to a repair batch; the old one keeps the record that they left."""
        moved = 0
        for part in chunks(order_ids, IN_LIMIT):
            left = update(_MEMBERS).where(_MEMBERS.c.batch_id == from_batch, _MEMBERS.c.order_id.in_(part), LIVE.query)
            self._rows(left.values(left_at=now))
            taken = update(_ORDERS).where(_ORDERS.c.id.in_(part), _ORDERS.c.batch_id == from_batch)
            moved += self._rows(taken.values(batch_id=to_batch))
        self._add_members(to_batch, order_ids)
        return moved

    def _add_members(self, batch_id: int, order_ids: Sequence[int]) -> None:
        if order_ids:
            drill = self._session.scalar(select(Batch.drill).where(Batch.id == batch_id))
            rows = [{"batch_id": batch_id, "order_id": order_id, "drill": drill} for order_id in order_ids]
            self._session.execute(insert(_MEMBERS), rows)

    def move(
        self,
        order_ids: Sequence[int],
        to: OrderState,
        may: Callable[[OrderState, OrderState], bool] = may_follow,
        /,
        *,
        only_from: Sequence[OrderState] | None = None,
        now: datetime | None = None,
        **also: Any,  # noqa: ANN401 - columns
    ) -> int:
        """Move orders to a state that may follow theirs; return how many were moved.

        Guarded: an order that somebody else has moved meanwhile stays where it is. The only way to change a state, so
        that the kept counts (:class:`StateCount`) change with it; ``may`` is another rule where a word is corrected.
        """
        allowed = [state for state in OrderState if may(state, to) and (only_from is None or state in only_from)]
        shifts: Counter[tuple[int, str]] = Counter()
        moved = 0
        for part in chunks(order_ids, IN_LIMIT):
            rows = self._session.execute(_MOVABLE, {"ids": part, "allowed": allowed}).all()
            values = {f"to_{column}": value for column, value in (("state", to), *also.items())}
            moved += self._rows(_moving("state", *also), {"ids": [row.id for row in rows], **values})
            self._note_ends(rows, to)
            take_places(self._session, [row.id for row in rows], now=now)
            shifts.update((row.incident_id, to) for row in rows)
            shifts.subtract((row.incident_id, row.state) for row in rows)
        for (incident_id, state), orders in sorted(shifts.items()):
            if state != OrderState.ACCEPTED:  # those are counted where they stand, and the door must not wait here
                shift(self._session, incident_id=incident_id, state=state, orders=orders)
        return moved

    def _note_ends(self, rows: Sequence[Any], to: OrderState) -> None:
        """Leave notes where an order comes to its end or back from it: for whoever counts its goods, for the watch."""
        ended = [row.id for row in rows if to in FINAL or row.state in FINAL]
        if ended:
            self._session.execute(insert(_NOTES), [{"order_id": order_id} for order_id in ended])
            leave_notes(self._session, ended)

    def _rows(self, statement: Update, values: Mapping[str, Any] | None = None) -> int:
        result = self._session.execute(statement, values)
        return result.rowcount if isinstance(result, CursorResult) else 0


@cache
def _moving(*columns: str) -> Update:
    """Return the statement that gives the orders ``ids`` new values, bound as ``to_<column>``."""
    bound: dict[str, Any] = {column: bindparam(f"to_{column}") for column in columns}
    return update(_ORDERS).where(_THESE).values(bound)
