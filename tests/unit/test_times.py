"""Which moments can be an order's time, as a table."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain.order import Item, Order, Payment, without_wild_times
from app.domain.times import is_a_time

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
FAR_EAST, FAR_WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@pytest.mark.parametrize(
    ("moment", "is_one"),
    [
        (datetime(2000, 1, 1, tzinfo=UTC), True),
        (datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), False),
        (NOW, True),
        (NOW + timedelta(days=731), True),
        (NOW + timedelta(days=731, seconds=1), False),
        (datetime.min.replace(tzinfo=UTC), False),
        (datetime.min.replace(tzinfo=FAR_EAST), False),
        (datetime.max.replace(tzinfo=UTC), False),
        (datetime.max.replace(tzinfo=FAR_WEST), False),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_time_lies_between_the_year_2000_and_two_years_ahead(moment: datetime, *, is_one: bool):
    assert is_a_time(moment, now=NOW) is is_one


def test_an_order_keeps_the_times_that_can_be_and_loses_the_others():
    never = datetime.max.replace(tzinfo=UTC)
    order = Order(
        phone="13800138000", items=(Item(sku="A", quantity=1),), placed_at=NOW, payment=Payment(paid_at=never)
    )
    kept = without_wild_times(order, now=NOW)
    assert (kept.placed_at, kept.payment) == (NOW, Payment())
    assert without_wild_times(kept, now=NOW) is kept
