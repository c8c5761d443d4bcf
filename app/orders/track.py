"""Tells a buyer how his order stands, for its number (or the last six of it) and the last four of his phone."""

import hmac

from app.domain.states import OrderState
from app.orders.find import in_one_piece
from app.store.repositories.overview import OrderListRow
from app.store.repositories.searches import TAIL_LENGTH
from app.store.unit_of_work import UnitOfWork


def track_order(uow: UnitOfWork, number: str, last4: str) -> OrderListRow | None:
    """Return the buyer's order, None where number and digits do not belong together, or there is no such number.

    Orders of a drill belong to nobody. Of several with the same tail and the same digits it is the newest.
    """
    code = in_one_piece(number)
    rows = uow.searches.ending(code) if len(code) == TAIL_LENGTH else uow.searches.numbered([code])
    ours = [row for row in rows if hmac.compare_digest(row.phone_last4.encode(), last4.encode()) and not row.drill]
    return ours[0] if ours else None


def status_of(row: OrderListRow) -> str:
    """Return what a page calls the order's state: a state, or ``unknown`` where the row holds none that we know."""
    return row.state if row.state in set(OrderState) else "unknown"
