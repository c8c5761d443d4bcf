"""What an order takes from the stock, by SKU, and what has become of it."""

from collections import Counter
from enum import StrEnum

from app.domain.order import Order
from app.domain.states import FINAL, OrderState

Lines = dict[str, int]
"""Pieces by SKU."""


class Fate(StrEnum):
    """How an order counts against the stock."""

    OPEN = "open"
    """It is on its way, or held."""
    HOME = "home"
    """The main system has it."""
    CLOSED = "closed"
    """Nobody will ship it."""


def fate_of(state: str, *, in_batch: bool) -> Fate:
    """Return how an order in a state counts.

    A duplicate that was in a file is one the main system has already; one that was not, a person has called the
    repetition of another order, whose goods are counted there. A state of a later release counts as open.
    """
    if state not in FINAL:
        return Fate.OPEN
    if state == OrderState.IMPORTED or (state == OrderState.DUPLICATE and in_batch):
        return Fate.HOME
    return Fate.CLOSED


def lines_of(order: Order) -> Lines:
    """Return what an order asks for: two lines of one SKU are one."""
    found: Counter[str] = Counter()
    for item in order.items:
        found[item.sku] += item.quantity
    return dict(found)


WARN_AT_PERCENT = 90
"""Of the stock: what is sold within the next minutes may be gone already where the list was made."""


def runs_short(*, sold: int, stock: int) -> bool:
    """Tell whether a SKU is sold out or nearly so; one without any stock is, once it is sold."""
    return sold > 0 and sold * 100 >= stock * WARN_AT_PERCENT
