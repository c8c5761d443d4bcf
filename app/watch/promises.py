"""Which promises break soon: orders that were to be shipped by a moment and still are on their way through the house.

The moment is what the shop promised its buyer (承诺发货时间), as the main system tells it. Marketplaces fine the shop
for each that it breaks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store.repositories.traits import PromisedRow
from app.store.unit_of_work import UnitOfWork

MOST_ORDERS = 1_000
LONGEST = timedelta(days=7)
SHIPPED_AFTER = 4
"""The last stage in which an order surely has not been shipped."""


@dataclass(frozen=True, slots=True)
class Promises:
    """The orders whose promise is broken or breaks within the time, the earliest first; ``cut``: there are more."""

    broken: tuple[PromisedRow, ...]
    soon: tuple[PromisedRow, ...]
    cut: bool


def promises_within(uow: UnitOfWork, lasting: timedelta, *, now: datetime) -> Promises:
    """Look which promises are broken, and which break within a time."""
    until = now + min(max(lasting, timedelta()), LONGEST)
    rows = uow.traits.promised(until=until, up_to_stage=SHIPPED_AFTER, at_most=MOST_ORDERS + 1)
    shown = rows[:MOST_ORDERS]
    return Promises(
        broken=tuple(row for row in shown if row.promised_at <= now),
        soon=tuple(row for row in shown if row.promised_at > now),
        cut=len(rows) > MOST_ORDERS,
    )
