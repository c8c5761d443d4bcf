"""What the console asks: pages and figures that cost the same however many orders there are.

Nothing here counts a big table. Pages go backwards by row id; a filter that no index serves looks at a bounded stretch
of rows and says where it stopped. Partial indexes are named by their literal condition, which both engines' planners
recognise and a bound value would hide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import eq, ge, le, lt
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Table, and_, func, literal, select
from sqlalchemy.orm import Session

from app.domain.states import HeldKind
from app.store.reach import STANDARD, Reach
from app.store.repositories.messages import stuck
from app.store.tables import Batch, Incident, Message, OrderRow
from app.store.tables.message import DEAD, OPEN
from app.store.tables.order import HELD, IN_BATCH, UNBATCHED

T = TypeVar("T")

OrderListRow = Row[Any]
"""A row of a list, with the columns of ``LINE`` or ``_LETTER`` as attributes."""

PAGE = 30

_ORDERS: Table = OrderRow.__table__
_MESSAGES: Table = Message.__table__
_BATCHES: Table = Batch.__table__
_INCIDENTS: Table = Incident.__table__

_HAS_TIME = _ORDERS.c.received_at.between(datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
"""Passes over rows whose time was damaged: read as the year 1, one of them would mislead a search by halves."""

LINE = [
    _ORDERS.c[name]
    for name in (
        *("id", "number", "incident_id", "client_id", "client_order_id", "phone_last4", "total_fen"),
        *("priority", "received_at", "state", "looks_like", "state_reason", "batch_id"),
    )
]
_LETTER = [
    _MESSAGES.c[name]
    for name in (
        *("id", "subject", "channel", "order_id", "batch_id", "state", "created_at", "due_at"),
        *("attempts", "last_reason", "finished_at", "merged_into"),
    )
]


@dataclass(frozen=True, slots=True)
class RowPage(Generic[T]):
    """Some rows, newest first, and where to go on.

    ``before`` is the cursor of the next page, None at the end. With ``unfinished`` the look stopped for length and
    not for want of rows: there may be more, or none.
    """

    rows: tuple[T, ...]
    before: int | None
    unfinished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders to list; None means all. Times are from ``since`` on and before ``until``, amounts in fen."""

    state: str | None = None
    priority: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    incident_id: int | None = None
    batch_id: int | None = None
    client_id: str | None = None
    held_kind: str | None = None
    """Of held orders, and only of these."""
    from_fen: int | None = None
    to_fen: int | None = None


class OverviewRepository:
    """Questions of people who look at the whole."""

    def __init__(self, session: Session, reach: Reach = STANDARD) -> None:
        self._session = session
        self._reach = reach

    # ---- figures ---------------------------------------------------------------------------------------------------

    def waiting_count(self, incident_id: int) -> int:
        """Count the orders of an incident that wait for a batch, up to :attr:`Reach.count_at_most`."""
        return self._count(
            select(literal(1)).select_from(_ORDERS).where(UNBATCHED.query, _ORDERS.c.incident_id == incident_id)
        )

    def held_count(self) -> int:
        """Count the orders that wait for a person."""
        return self._count(select(literal(1)).select_from(_ORDERS).where(HELD.query))

    def held_of_kind(self, kind: str, *, first: int) -> tuple[int, list[str]]:
        """Count the held orders of a kind, and return the numbers of the ``first`` oldest."""
        mine = (HELD.query, _ORDERS.c.held_kind == kind)
        numbers = select(_ORDERS.c.number).where(*mine).order_by(_ORDERS.c.id).limit(first)
        return self._count(select(literal(1)).select_from(_ORDERS).where(*mine)), list(self._session.scalars(numbers))

    def open_message_counts(self, now: datetime) -> tuple[int, int, int]:
        """Count the messages that are to be sent or settled; of these the stuck, and those whose time will come."""
        m = _MESSAGES.c
        still = select(literal(1)).select_from(_MESSAGES).where(OPEN.query)
        later = and_(m.state == "pending", m.due_at > now, m.last_reason.is_(None))
        return self._count(still), self._count(still.where(stuck(now))), self._count(still.where(later))

    def dead_message_count(self) -> int:
        """Count the messages that were given up."""
        return self._count(select(literal(1)).select_from(_MESSAGES).where(DEAD.query))

    def first_id_since(self, moment: datetime) -> int:
        """Return about the first row id of the orders received at ``moment`` or later, by bisection.

        Times grow with ids but for orders drained from a spool, which come late; so nothing after ``moment`` is missed
        by more than the bisection can be misled, and callers still compare the time itself.
        """
        low, high = 1, (self._session.scalar(select(func.max(_ORDERS.c.id))) or 0) + 1
        while low < high:
            middle = (low + high) // 2
            near = select(_ORDERS.c.received_at).where(_ORDERS.c.id >= middle, _HAS_TIME)
            near = near.order_by(_ORDERS.c.id).limit(1)
            received_at = self._session.scalar(near)
            if received_at is None or received_at >= moment:
                high = middle
            else:
                low = middle + 1
        return low

    def newest_order_id(self) -> int:
        """Return the newest row id of all orders, 0 if there is none."""
        return self._session.scalar(select(func.max(_ORDERS.c.id))) or 0

    # ---- orders ----------------------------------------------------------------------------------------------------

    def orders(self, wanted: OrderFilter, *, before: int | None = None, size: int = PAGE) -> RowPage[OrderListRow]:
        """Return a page of orders, newest first, without their sealed parts."""
        o = _ORDERS.c
        query, floor, indexed = select(*LINE).where(*_plain(wanted)), 1, True
        if wanted.since is not None:
            floor = self.first_id_since(wanted.since - timedelta(minutes=5))
        if wanted.until is not None and before is None:
            before = self.first_id_since(wanted.until + timedelta(minutes=5))
        if wanted.batch_id is not None:
            query = query.where(IN_BATCH.query, o.batch_id == wanted.batch_id)
        elif wanted.state == "held" or wanted.held_kind is not None:
            query = query.where(HELD.query)
        elif wanted.state == "accepted" and wanted.incident_id is not None:
            query = query.where(UNBATCHED.query)
        else:
            indexed = False
        return self._page(query, o.id, before=before, size=size, floor=None if indexed else floor)

    def newer(self, wanted: OrderFilter, *, after_id: int, at_most: int) -> int:
        """Count the orders of a filter that came after a row, up to ``at_most`` and within one stretch."""
        stretch = _ORDERS.c.id.between(after_id + 1, after_id + self._reach.stretch)
        fresh = select(literal(1)).select_from(_ORDERS).where(*_plain(wanted), stretch).limit(at_most)
        return self._session.scalar(select(func.count()).select_from(fresh.subquery())) or 0

    def order_numbers(self, order_ids: Sequence[int]) -> dict[int, str]:
        """Return the numbers of a page of orders."""
        query = select(_ORDERS.c.id, _ORDERS.c.number).where(_ORDERS.c.id.in_(order_ids))
        return dict(self._session.execute(query).all()) if order_ids else {}

    # ---- batches, messages, incidents -------------------------------------------------------------------------------

    def batch_names(self, batch_ids: Sequence[int]) -> dict[int, str]:
        """Return the names of a page of batches."""
        query = select(_BATCHES.c.id, _BATCHES.c.name).where(_BATCHES.c.id.in_(batch_ids))
        return dict(self._session.execute(query).all()) if batch_ids else {}

    def incident_names(self, incident_ids: Sequence[int]) -> dict[int, str]:
        """Return the names of a page of incidents."""
        query = select(_INCIDENTS.c.id, _INCIDENTS.c.name).where(_INCIDENTS.c.id.in_(incident_ids))
        return dict(self._session.execute(query).all()) if incident_ids else {}

    def messages(
        self, states: Sequence[str], *, before: int | None = None, size: int = PAGE, stuck_at: datetime | None = None
    ) -> RowPage[OrderListRow]:
        """Return a page of messages in one of ``states`` (all if empty), newest first; with ``stuck_at`` the stuck."""
        m = _MESSAGES.c
        query = select(*_LETTER)
        floor: int | None = 1
        if states:
            query = query.where(m.state.in_(states))
            if set(states) <= {"pending", "sending", "settling"}:
                # First the few open ones by their index, which is not in order of id; else the whole outbox is walked.
                waiting = select(m.id).where(OPEN.query).limit(self._reach.count_at_most).correlate(None)
                query, floor = query.where(m.id.in_(waiting)), None
                if stuck_at is not None:
                    query = query.where(stuck(stuck_at))
            elif set(states) == {"dead"}:
                query, floor = query.where(DEAD.query), None
        return self._page(query, m.id, before=before, size=size, floor=floor)

    # ---- how -------------------------------------------------------------------------------------------------------

    def _count(self, rows: Select[Any]) -> int:
        few = rows.limit(self._reach.count_at_most).subquery()
        return self._session.scalar(select(func.count()).select_from(few)) or 0

    def _page(
        self, query: Select[Any], row_id: ColumnElement[int], *, before: int | None, size: int, floor: int | None
    ) -> RowPage[OrderListRow]:
        """Return a page; with a ``floor`` look back one stretch at most and not below it."""
        stop = None
        if floor is not None:
            top = before if before is not None else (self._session.scalar(select(func.max(row_id))) or 0) + 1
            stop = max(top - self._reach.stretch, floor)
            query = query.where(row_id < top, row_id >= stop)
        elif before is not None:
            query = query.where(row_id < before)
        rows = self._session.execute(query.order_by(row_id.desc()).limit(size + 1)).all()
        if len(rows) > size:
            return RowPage(tuple(rows[:size]), rows[size - 1].id)
        if stop is not None and floor is not None and stop > floor:
            return RowPage(tuple(rows), stop, unfinished=True)
        return RowPage(tuple(rows), None)


def _plain(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    """Return what a filter asks of each row."""
    o = _ORDERS.c
    asked = (
        (o.incident_id, eq, wanted.incident_id),
        (o.priority, eq, wanted.priority),
        (o.client_id, eq, wanted.client_id),
        (o.state, eq, wanted.state),
        (func.coalesce(o.held_kind, HeldKind.INCOMPLETE), eq, wanted.held_kind),
        (o.received_at, ge, wanted.since),
        (o.received_at, lt, wanted.until),
        (o.total_fen, ge, wanted.from_fen),
        (o.total_fen, le, wanted.to_fen),
        (o.batch_id, eq, wanted.batch_id),
    )
    return [compare(column, value) for column, compare, value in asked if value is not None]
