"""Finds a client's orders under one number of the shop's, whatever has become of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.domain.states import OrderState
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import METADATA
from app.store.tables.order import SHOP_DECIDED, SHOP_KNOWN

_ORDERS = METADATA.tables["orders"]
_CLOSED = (OrderState.CANCELLED, OrderState.REJECTED)
_LINE = [
    _ORDERS.c[name]
    for name in ("client_id", "client_order_id", "drill", "id", "number", "received_at", "state", "looks_like")
]

MANY = 1000
"""Rows of one answer; more means that a shop has one number for very many orders, and each is asked for alone."""

FEW = 20
"""Orders looked at of such a number."""


class ShopOrder(NamedTuple):
    """An order under a shop's number; ``looks_like`` is the one that it was held or closed for."""

    client_id: str
    client_order_id: str
    drill: bool
    id: int
    number: str
    received_at: datetime
    state: OrderState
    looks_like: str | None


class LookAlikeRepository:
    """Questions about orders that may be one purchase."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_shop_numbers(self, wanted: Collection[tuple[str, str]]) -> list[ShopOrder]:
        """Return orders that nobody has closed under these (client id, the shop's own number).

        All that were ever decided about are found by one index; of those that still wait, the composed ones by another.
        """
        found: dict[int, ShopOrder] = {}
        for part in chunks(sorted(wanted), IN_LIMIT):
            clients, numbers = sorted({client for client, _ in part}), sorted({number for _, number in part})
            query = _under(clients, numbers, limit=MANY)
            rows: Sequence[Any] = self._session.execute(query).all()
            if len(rows) >= MANY:
                rows = [row for c, n in part for row in self._session.execute(_under([c], [n], limit=FEW)).all()]
            found.update((row.id, ShopOrder(*row)) for row in rows)
        asked = set(wanted)
        return [one for one in found.values() if (one.client_id, one.client_order_id) in asked]


def _under(clients: Sequence[str], numbers: Sequence[str], *, limit: int) -> Select[Any]:
    o = _ORDERS.c
    decided = select(*_LINE).where(
        SHOP_DECIDED.query, o.client_id.in_(clients), o.client_order_id.in_(numbers), o.state.not_in(_CLOSED)
    )
    composed = select(*_LINE).where(SHOP_KNOWN.query, o.client_order_id.in_(numbers))
    either = decided.limit(limit).subquery().select().union_all(composed.limit(limit).subquery().select()).subquery()
    return select(either).where(either.c.client_id.in_(clients), either.c.state.not_in(_CLOSED))
