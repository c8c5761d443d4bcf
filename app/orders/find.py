"""Finds orders by what people have at hand: the order number or its beginning, or the shop's own number.

A telephone number is not looked up here: it is turned into its keyed mark first, so that no address holds it.
"""

from collections.abc import Sequence

from app.domain.order_number import derive
from app.store.repositories.overview import OrderListRow
from app.store.sealing import Keyring
from app.store.unit_of_work import UnitOfWork

SHORTEST_PREFIX = 3
"""Characters of a number's beginning below which too many orders would be meant."""


def find_orders(uow: UnitOfWork, keyring: Keyring, text: str, *, prefix: str) -> Sequence[OrderListRow]:
    """Return the orders that ``text`` may mean, the surest reading first; ``prefix`` is that of our order numbers."""
    upper = text.upper()
    if found := uow.overview.orders_numbered([upper]):
        return found
    derived = [derive(keyring.number, client, text, prefix=prefix) for client in uow.access.client_names()]
    if found := uow.overview.orders_numbered(derived):  # the shop's number was the idempotency key, as it usually is
        return found
    may_begin_so = len(upper) >= SHORTEST_PREFIX and upper.isascii() and upper.isalnum()
    if may_begin_so and (found := uow.overview.orders_beginning(upper)):
        return found
    return uow.overview.orders_of_shop_number(text)
