"""Finds of some waiting orders those to whose shop number an earlier order of the same client belongs already.

There is no window: a shop's own number means one purchase, and the first may be in a file or in the main system since
long. The one received first is the first; what a person was told of, held or closed for, never stands against it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from app.domain.states import OrderState
from app.store.repositories.look_alikes import ShopOrder
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork

_UNDECIDED = frozenset({OrderState.ACCEPTED, OrderState.HELD})
"""Of these the earlier one goes out; one that is further is the first, whenever it came."""


class ShopTwins:
    """The orders under the shop numbers of one page of waiting orders."""

    def __init__(self, known: Iterable[ShopOrder] = ()) -> None:
        self._under: dict[tuple[str, str, bool], dict[int, ShopOrder]] = defaultdict(dict)
        for one in known:
            self._under[one.client_id, one.client_order_id, one.drill][one.id] = one

    @classmethod
    def of_page(cls, uow: UnitOfWork, rows: Sequence[OrderRow]) -> "ShopTwins":
        """Read what is known of the shop numbers of ``rows``, in one question."""
        named = [row for row in rows if row.client_order_id]
        asking = {(row.client_id, row.client_order_id or "") for row in named if row.released_at is None}
        if not asking:
            return cls()
        return cls([*uow.look_alikes.of_shop_numbers(asking), *map(_waiting, named)])

    def first_of(self, row: OrderRow) -> str | None:
        """Return the number of the order that this one repeats."""
        others = self._under.get((row.client_id, row.client_order_id or "", row.drill), {}).values()
        standing = [one for one in others if _stands_against(one, row)]
        return min(standing, key=lambda one: (one.received_at, one.id)).number if standing else None


def _waiting(row: OrderRow) -> ShopOrder:
    return ShopOrder(
        *(row.client_id, row.client_order_id or "", row.drill, row.id or 0, row.number),
        *(row.received_at, OrderState(row.state), row.looks_like),
    )


def _stands_against(one: ShopOrder, row: OrderRow) -> bool:
    if row.number in {one.number, one.looks_like}:
        return False
    return one.state not in _UNDECIDED or (one.received_at, one.id) < (row.received_at, row.id or 0)
