"""Orders found by what a person reads out or types: a number or a part of it, the shop's number, digits of the phone.

Each question is served by an index. Those that composing fills in, so that the door need not keep them, are joined by a
look through the newest orders, which are not composed yet.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Table, bindparam, select, text
from sqlalchemy.orm import Session

from app.store.reach import STANDARD, Reach
from app.store.repositories.overview import ORDER_LINE, PAGE, OrderListRow
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import OrderRow
from app.store.tables.order import COMPOSED, HOME, SHOP_KNOWN, TAIL, UNCOMPOSED

TAIL_LENGTH = 6
"""Characters at the end of a number that people read out, and that a text message shows."""

_ORDERS: Table = OrderRow.__table__
_HAS_TAIL = text(f"{TAIL.query.text} = :tail").bindparams(bindparam("tail", ""))


class SearchRepository:
    """Questions of people who look for an order."""

    def __init__(self, session: Session, reach: Reach = STANDARD) -> None:
        self._session = session
        self._reach = reach

    def numbered(self, numbers: Sequence[str]) -> list[OrderListRow]:
        """Return the orders with these numbers."""
        rows: list[OrderListRow] = []
        for part in chunks(numbers, IN_LIMIT):
            rows += self._session.execute(select(*ORDER_LINE).where(_ORDERS.c.number.in_(part))).all()
        return sorted(rows, key=lambda row: -row.id)

    def beginning(self, prefix: str, *, limit: int = PAGE) -> list[OrderListRow]:
        """Return orders whose number begins with ``prefix``, by number."""
        n = _ORDERS.c.number
        query = select(*ORDER_LINE).where(n >= prefix, n <= prefix + "Z" * 20).order_by(n).limit(limit)
        return [row for row in self._session.execute(query) if row.number.startswith(prefix)]

    def ending(self, tail: str, *, limit: int = PAGE) -> list[OrderListRow]:
        """Return the newest orders whose number ends with these :data:`TAIL_LENGTH` characters."""
        o = _ORDERS.c
        theirs = select(*ORDER_LINE).where(_HAS_TAIL.bindparams(tail=tail))
        return self._with_fresh(theirs.where(COMPOSED.query).order_by(o.id.desc()).limit(limit), theirs, limit=limit)

    def of_customer(self, phone_index: bytes, *, limit: int = 200) -> list[OrderListRow]:
        """Return a customer's newest orders, those not composed yet included as far back as one stretch."""
        o = _ORDERS.c
        theirs = select(*ORDER_LINE).where(o.phone_index == phone_index)
        return self._with_fresh(theirs.where(COMPOSED.query).order_by(o.id.desc()).limit(limit), theirs, limit=limit)

    def of_last4(self, digits: str, *, limit: int = PAGE) -> list[OrderListRow]:
        """Return the newest orders whose phone ends with these four digits."""
        o = _ORDERS.c
        theirs = select(*ORDER_LINE).where(o.phone_last4 == digits)
        return self._with_fresh(theirs.where(COMPOSED.query).order_by(o.id.desc()).limit(limit), theirs, limit=limit)

    def of_shop_numbers(self, numbers: Sequence[str]) -> list[OrderListRow]:
        """Return newest orders a shop calls so, those not composed yet as far back as one stretch.

        Usually the order number is derived from the shop's and looked up directly.
        """
        called_so = select(*ORDER_LINE).where(_ORDERS.c.client_order_id.in_(numbers))
        known = called_so.where(SHOP_KNOWN.query).order_by(_ORDERS.c.id.desc()).limit(PAGE)
        return self._with_fresh(known, called_so, limit=PAGE)

    def of_main_number(self, number: str) -> list[OrderListRow]:
        """Return the orders that the main system calls so."""
        called_so = select(*ORDER_LINE).where(HOME.query, _ORDERS.c.main_order_number == number)
        return list(self._session.execute(called_so.limit(PAGE)).all())

    def _with_fresh(self, known: Select[Any], wanted: Select[Any], *, limit: int) -> list[OrderListRow]:
        """Return what ``known`` finds by an index that composing fills in, and what is wanted of the rest."""
        o = _ORDERS.c
        fresh = select(o.id).where(UNCOMPOSED.query).order_by(o.id.desc()).limit(self._reach.stretch).subquery()
        new = wanted.where(o.id.in_(select(fresh.c.id)))
        rows = [*self._session.execute(known).all(), *self._session.execute(new).all()]
        return sorted(rows, key=lambda row: -row.id)[:limit]
