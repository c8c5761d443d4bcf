"""A storefront's own orders: by its own number, and in the order in which they changed."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session, defer

from app.store.statements import IN_LIMIT, chunks, insert_new, take_place_away
from app.store.tables import METADATA, OrderFeed, OrderPlace, OrderRow
from app.store.tables.order import SHOP_KNOWN, UNCOMPOSED
from app.store.tables.order_feed import PLACED, UNPLACED

_PLACES = METADATA.tables["order_place"]
_PLACE = (
    update(_PLACES)
    .where(_PLACES.c.order_id == bindparam("b_order_id"))
    .values(place=bindparam("b_place"), changed_at=bindparam("b_changed_at"))
)
_SLIM = (defer(OrderRow.sealed), defer(OrderRow.sealed_payload), defer(OrderRow.sealed_original))


class Placed(NamedTuple):
    """An order of a list, and where it stands there."""

    row: OrderRow
    changed_at: datetime
    place: int


def take_places(session: Session, order_ids: Collection[int], *, now: datetime | None) -> None:
    """Say in the caller's transaction that something of these orders has changed; it holds their rows' locks.

    Without a time they are told of all the same, only a first list since some time may leave them out.
    """
    for part in chunks(sorted(order_ids), IN_LIMIT):
        take_place_away(session, part, now=now)


class OrderFeedRepository:
    """Lists one client's orders, and places them for that."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def has_unplaced(self, client_id: str) -> bool:
        """Tell whether orders of a client are to be placed before a list of them is whole."""
        changed = select(exists(select(OrderPlace.order_id).where(UNPLACED.query, OrderPlace.client_id == client_id)))
        new = select(exists(self._new(client_id)))
        return bool(self._session.scalar(changed) or self._session.scalar(new))

    def place(self, client_id: str, *, now: datetime, limit: int) -> bool:
        """Give places to the orders of a client that have changed, the earliest first; tell whether all have one now.

        Who was listed before ``now`` and not seen changed after it at the earliest: it commits after that list was
        made, whatever time it tells. An order that somebody else is changing is left to the next list.
        """
        new = self._session.execute(self._new(client_id).order_by(OrderRow.id).limit(limit)).all()
        rows = [dict(zip(("order_id", "changed_at"), one, strict=True), client_id=client_id) for one in new]
        insert_new(self._session, OrderPlace, rows, unique=("order_id",))
        insert_new(self._session, OrderFeed, [{"client_id": client_id, "last_place": 0}], unique=("client_id",))
        feed = self._session.scalars(select(OrderFeed).where(OrderFeed.client_id == client_id).with_for_update()).one()
        query = select(OrderPlace.order_id, OrderPlace.changed_at).where(UNPLACED.query)
        query = query.where(OrderPlace.client_id == client_id).order_by(OrderPlace.changed_at, OrderPlace.order_id)
        found = self._session.execute(query.limit(limit).with_for_update(skip_locked=True)).all()
        floor = max((at for at in (feed.listed_at, feed.last_changed_at) if at is not None), default=None)
        placed = []
        for order_id, changed_at in found:
            floor = max(changed_at, floor) if floor is not None else changed_at
            feed.last_place += 1
            placed.append({"b_order_id": order_id, "b_place": feed.last_place, "b_changed_at": floor})
        if placed:
            self._session.connection().execute(_PLACE, placed)
        feed.last_changed_at = floor
        whole = len(found) < limit and len(new) < limit
        if whole:
            feed.listed_at = max(now, feed.listed_at) if feed.listed_at is not None else now
        self._session.add(feed)
        return whole

    def end(self, client_id: str) -> tuple[datetime, int] | None:
        """Return the last place that was given to an order of a client."""
        feed = self._session.get(OrderFeed, client_id)
        return (feed.last_changed_at, feed.last_place) if feed and feed.last_changed_at else None

    def page(
        self, client_id: str, *, since: datetime | None, after: tuple[datetime, int] | None, limit: int
    ) -> list[Placed]:
        """Return orders of a client that have changed since a time, or after a place; the earliest change first."""
        query = select(OrderRow, OrderPlace.changed_at, OrderPlace.place).options(*_SLIM)
        query = query.join(OrderPlace, OrderPlace.order_id == OrderRow.id)
        query = query.where(PLACED.query, OrderPlace.client_id == client_id)
        if after is not None:
            at, place = after
            query = query.where(OrderPlace.changed_at >= at)
            query = query.where(or_(OrderPlace.changed_at > at, OrderPlace.place > place))
        if since is not None:
            query = query.where(OrderPlace.changed_at >= since)
        found = self._session.execute(query.order_by(OrderPlace.changed_at, OrderPlace.place).limit(limit))
        return [Placed(row, at, place or 0) for row, at, place in found]

    def of_shop(
        self, client_id: str, client_order_id: str, *, number: str, after_id: int, limit: int
    ) -> list[OrderRow]:
        """Return the orders that a client sent under a number of its own, the earliest first.

        ``number`` is the one an order has whose shop sends no other key. Those that are not composed yet stand in an
        index of their own, which is short unless the worker is away.
        """
        mine = and_(OrderRow.client_id == client_id, OrderRow.client_order_id == client_order_id)
        found: dict[int, OrderRow] = {}
        for where in (OrderRow.number == number, SHOP_KNOWN.query, UNCOMPOSED.query):
            query = select(OrderRow).options(*_SLIM).where(where, mine, OrderRow.id > after_id)
            found.update((row.id or 0, row) for row in self._session.scalars(query.order_by(OrderRow.id).limit(limit)))
        return [found[id_] for id_ in sorted(found)][:limit]

    def changed_at(self, order_ids: Collection[int]) -> dict[int, datetime]:
        """Return when orders changed last, as far as is known."""
        query = select(OrderPlace.order_id, OrderPlace.changed_at)
        return {
            order_id: at
            for part in chunks(sorted(order_ids), IN_LIMIT)
            for order_id, at in self._session.execute(query.where(OrderPlace.order_id.in_(part)))
        }

    def _new(self, client_id: str) -> Select[tuple[int | None, datetime]]:
        """Return the orders of a client that came in and that nobody has composed or placed."""
        placed = exists().where(OrderPlace.order_id == OrderRow.id)
        return select(OrderRow.id, OrderRow.received_at).where(
            UNCOMPOSED.query, OrderRow.client_id == client_id, ~placed
        )
