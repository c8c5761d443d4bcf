"""Finds orders by what people have at hand; each question is answered from an index, however many orders there are.

The indexes by customer, shop number and ending are filled in by composing, so that the door need not keep them; what
is not composed yet is looked through as far back as one stretch.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, literal_column, select
from sqlalchemy.orm import Session

from app.store.reach import STANDARD, Reach
from app.store.repositories.overview import LINE, PAGE, OrderListRow
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import MainNumber, OrderRow
from app.store.tables.order import COMPOSED, SHOP_ANY_CASE, SHOP_KNOWN, TAIL_OF, UNCOMPOSED

_ORDERS: Table = OrderRow.__table__
_MAIN_NUMBERS: Table = MainNumber.__table__
_TAIL: ColumnElement[str] = literal_column(TAIL_OF.format(t="orders."))
_SHOP_ANY_CASE: ColumnElement[str] = literal_column(SHOP_ANY_CASE.format(t="orders."))

CUSTOMERS_ORDERS = 200


class SearchRepository:
    """Looks orders up; rows come newest first and without their sealed parts, unless it says otherwise."""

    def __init__(self, session: Session, reach: Reach = STANDARD) -> None:
        self._session = session
        self._reach = reach

    def numbered(self, numbers: Sequence[str]) -> list[OrderListRow]:
        """Return the orders with these numbers."""
        rows: list[OrderListRow] = []
        for part in chunks(numbers, IN_LIMIT):
            rows += self._session.execute(select(*LINE).where(_ORDERS.c.number.in_(part))).all()
        return sorted(rows, key=lambda row: -row.id)

    def beginning(self, prefix: str, *, limit: int = PAGE) -> list[OrderListRow]:
        """Return orders whose number begins with ``prefix``, by number."""
        n = _ORDERS.c.number
        query = select(*LINE).where(n >= prefix, n <= prefix + "Z" * 20).order_by(n).limit(limit)
        return [row for row in self._session.execute(query) if row.number.startswith(prefix)]

    def ending(self, tail: str, *, last4: str | None = None) -> list[OrderListRow]:
        """Return orders whose number ends with these six characters; of a phone that ends so, if ``last4`` is given."""
        theirs = select(*LINE).where(tail == _TAIL)
        if last4 is not None:
            theirs = theirs.where(_ORDERS.c.phone_last4 == last4)
        return self._with_fresh(theirs.where(COMPOSED.query), theirs, limit=PAGE)

    def of_buyer(self, number: str, *, last4: str) -> list[OrderListRow]:
        """Return the order with this number, if it is of a phone that ends so."""
        query = select(*LINE).where(_ORDERS.c.number == number, _ORDERS.c.phone_last4 == last4)
        return list(self._session.execute(query).all())

    def of_customer(self, phone_index: bytes, *, limit: int = CUSTOMERS_ORDERS) -> list[OrderListRow]:
        """Return a customer's newest orders."""
        theirs = select(*LINE).where(_ORDERS.c.phone_index == phone_index)
        return self._with_fresh(theirs.where(COMPOSED.query), theirs, limit=limit)

    def of_last4(self, last4: str, *, limit: int = PAGE) -> list[OrderListRow]:
        """Return the newest orders of phones that end so."""
        theirs = select(*LINE).where(_ORDERS.c.phone_last4 == last4)
        return self._with_fresh(theirs.where(COMPOSED.query), theirs, limit=limit)

    def of_shop_number(self, client_order_id: str) -> list[OrderListRow]:
        """Return the newest orders a shop calls so, in capitals or not.

        Usually the order number is derived from the shop's and looked up directly.
        """
        called_so = select(*LINE).where(func.lower(client_order_id) == _SHOP_ANY_CASE)
        return self._with_fresh(called_so.where(SHOP_KNOWN.query), called_so, limit=PAGE)

    def of_main_number(self, number: str) -> list[OrderListRow]:
        """Return the newest orders to which the main system gave this number."""
        given = select(_MAIN_NUMBERS.c.order_id).where(_MAIN_NUMBERS.c.number == number)
        query = select(*LINE).where(_ORDERS.c.id.in_(given)).order_by(_ORDERS.c.id.desc()).limit(PAGE)
        return list(self._session.execute(query).all())

    def sealed(self, order_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the sealed part of each order of a page."""
        found: dict[int, bytes] = {}
        for part in chunks(order_ids, IN_LIMIT):
            query = select(_ORDERS.c.id, _ORDERS.c.sealed).where(_ORDERS.c.id.in_(part))
            found |= {row.id: bytes(row.sealed) for row in self._session.execute(query)}
        return found

    def _with_fresh(self, known: Select[Any], wanted: Select[Any], *, limit: int) -> list[OrderListRow]:
        """Return what ``known`` finds by an index that composing fills in, and what is wanted of the rest."""
        o = _ORDERS.c
        fresh = select(o.id).where(UNCOMPOSED.query).order_by(o.id.desc()).limit(self._reach.stretch).subquery()
        new = wanted.where(o.id.in_(select(fresh.c.id)))
        newest = known.order_by(o.id.desc()).limit(limit)
        rows = [*self._session.execute(newest).all(), *self._session.execute(new).all()]
        return sorted({row.id: row for row in rows}.values(), key=lambda row: -row.id)[:limit]
