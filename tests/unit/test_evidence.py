"""Whose a row is: the strongest number decides, a doubt goes to a person, and no order of rows changes anything."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.evidence import (
    MOST_OF_ONE_CUSTOMER,
    NEAR,
    Belongs,
    Doubtful,
    Likeness,
    Nobodys,
    Resembling,
    are_alike,
    owner_of,
    resembling,
)
from app.domain.witness import Evidence

TEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ORDERS = st.frozensets(st.integers(1, 6), max_size=4)
CANDIDATES = st.dictionaries(st.sampled_from([Evidence.OUR_NUMBER, Evidence.MAIN_NUMBER, Evidence.SHOP_NUMBER]), ORDERS)


@pytest.mark.parametrize(
    ("candidates", "closed", "found"),
    [
        ({}, set(), Nobodys()),
        ({Evidence.OUR_NUMBER: set()}, set(), Nobodys()),
        ({Evidence.OUR_NUMBER: {1}}, set(), Belongs(1, Evidence.OUR_NUMBER)),
        ({Evidence.SHOP_NUMBER: {1}, Evidence.PAYMENT_NUMBER: {1, 2}}, set(), Belongs(1, Evidence.SHOP_NUMBER)),
        ({Evidence.SHOP_NUMBER: {1, 2}}, set(), Doubtful(frozenset({1, 2}), Evidence.SHOP_NUMBER)),
        ({Evidence.SHOP_NUMBER: {1, 2}}, {2}, Belongs(1, Evidence.SHOP_NUMBER)),
        ({Evidence.SHOP_NUMBER: {1, 2}}, {1, 2}, Doubtful(frozenset({1, 2}), Evidence.SHOP_NUMBER)),
        ({Evidence.SHOP_NUMBER: {1}}, {1}, Belongs(1, Evidence.SHOP_NUMBER)),
        (
            {Evidence.OUR_NUMBER: {1}, Evidence.SHOP_NUMBER: {2}},
            set(),
            Doubtful(frozenset({1, 2}), Evidence.OUR_NUMBER),
        ),
        ({Evidence.OUR_NUMBER: {1}, Evidence.SHOP_NUMBER: {1, 2}}, set(), Belongs(1, Evidence.OUR_NUMBER)),
    ],
)
def test_the_strongest_number_decides_unless_a_weaker_one_contradicts_it(
    candidates: dict[Evidence, set[int]], closed: set[int], found: object
):
    assert owner_of(candidates, closed=closed) == found


@given(CANDIDATES, ORDERS)
def test_a_row_belongs_only_to_an_order_that_shares_a_number_with_it(
    candidates: dict[Evidence, frozenset[int]], closed: frozenset[int]
):
    everybody = frozenset[int]().union(*candidates.values())
    match owner_of(candidates, closed=closed):
        case Belongs(order, by):
            assert order in candidates[by]
            assert all(order in orders for rung, orders in candidates.items() if orders and rung > by)
        case Doubtful(orders, by):
            assert 1 < len(orders) <= len(everybody)
            assert orders <= everybody
            assert candidates[by] & orders
        case Nobodys():
            assert not everybody


def like(goods: dict[str, int] | None, yuan: int | None, *, late: timedelta = timedelta()) -> Likeness:
    return Likeness(goods, yuan, TEN + late)


@pytest.mark.parametrize(
    ("mine", "theirs", "alike"),
    [
        (like({"A": 1}, 100), like({"A": 1}, 100), True),
        (like({"A": 1}, 100), like({"A": 2}, 100), False),
        (like({"A": 1}, 100), like({"A": 1, "B": 1}, 100), False),
        (like({"A": 1}, 100), like({"A": 1}, 99), False),
        (like({"A": 1}, 100), like({"SKU-9": 1}, 100), True),  # another coding says nothing of the goods
        (like({"A": 1}, 100), like({"SKU-9": 1}, None), False),
        (like(None, None), like({"A": 1}, None), False),
        (like({"A": 1}, None), like({"A": 1}, 100), True),
        (like(None, 100), like(None, 100), True),
        (like({"A": 1}, 100), like({"A": 1}, 100, late=NEAR), True),
        (like({"A": 1}, 100), like({"A": 1}, 100, late=NEAR + timedelta(seconds=1)), False),
        (Likeness({"A": 1}, 100, None), like({"A": 1}, 100, late=10 * NEAR), True),
    ],
)
def test_two_orders_of_one_customer_are_alike_where_nothing_known_differs(
    mine: Likeness, theirs: Likeness, *, alike: bool
):
    assert are_alike(mine, theirs) is alike
    assert are_alike(theirs, mine) is alike


SOME = st.lists(
    st.builds(like, st.sampled_from([None, {"A": 1}, {"A": 2}, {"B": 1}]), st.sampled_from([None, 1, 2])), max_size=6
)


@given(SOME, SOME)
def test_whoever_resembles_somebody_is_in_one_group_and_in_one_alone(mine: list[Likeness], theirs: list[Likeness]):
    groups = resembling(mine, theirs)
    for places, some in ((0, mine), (1, theirs)):
        named = [at for group in groups for at in group[places]]
        assert len(named) == len(set(named))
        other = theirs if some is mine else mine
        assert set(named) == {at for at, one in enumerate(some) if any(are_alike(one, them) for them in other)}
    where = {at: n for n, group in enumerate(groups) for at in group.mine}
    there = {at: n for n, group in enumerate(groups) for at in group.theirs}
    assert all(
        where[m] == there[t] for m, one in enumerate(mine) for t, them in enumerate(theirs) if are_alike(one, them)
    )


@given(SOME, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_group(theirs: list[Likeness], chance: Random):
    mine = [like({"A": 1}, 1), like({"A": 2}, 1), like(None, 2)]
    places = list(range(len(theirs)))
    chance.shuffle(places)
    turned = resembling(mine, [theirs[at] for at in places])
    as_before = sorted((group.mine, tuple(sorted(places[at] for at in group.theirs))) for group in turned)
    assert as_before == sorted((group.mine, tuple(sorted(group.theirs))) for group in resembling(mine, theirs))


def test_a_phone_of_very_many_orders_is_one_group_for_a_person():
    many = [like({"A": n}, n) for n in range(MOST_OF_ONE_CUSTOMER + 1)]
    assert resembling(many, many[:1]) == [Resembling(tuple(range(len(many))), (0,))]
    assert resembling(many, []) == []
