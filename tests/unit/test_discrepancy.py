"""What is said of one order, given what was found of it in the main system's list and in the statement."""

from dataclasses import replace

import pytest

from app.domain.discrepancy import Discrepancy, against_the_list, against_the_statement
from app.domain.goods import Fate
from app.domain.witness import Evidence, MainOrder, MainOrderState, Moved, Movement, OurOrder
from app.words.compare import DISCREPANCIES, DISCREPANCY_OWNERS, RUNGS

HOME = OurOrder(
    number="LB1", state="imported", fate=Fate.HOME, exported=True, total_fen=100, goods={"A": 2}, payment="paid"
)
IN_FILE = replace(HOME, state="batched", fate=Fate.OPEN)
WAITING = replace(IN_FILE, state="accepted", exported=False)
CLOSED = replace(HOME, state="cancelled", fate=Fate.CLOSED)
THERE = MainOrder(number="M1", state=MainOrderState.LIVE, amount_fen=100, goods={"A": 2})
HALF = replace(THERE, amount_fen=50, goods={"A": 1})
PAID = Movement(number="42", kind=Moved.PAYMENT, amount_fen=100)
BACK = Movement(number="42", kind=Moved.REFUND, amount_fen=100)


def in_list(order: OurOrder, *found: MainOrder, has_money: bool = False, perhaps: bool = False) -> list[Discrepancy]:
    return list(against_the_list(order, found, has_money=has_money, perhaps=perhaps))


@pytest.mark.parametrize(
    ("order", "found", "said"),
    [
        (HOME, [THERE], []),
        (IN_FILE, [THERE], []),
        (WAITING, [THERE], [Discrepancy.ALREADY_THERE]),
        (HOME, [], [Discrepancy.LOST]),
        (IN_FILE, [], [Discrepancy.NOT_HOME]),
        (WAITING, [], [Discrepancy.NOT_EXPORTED]),
        (CLOSED, [], []),
        (CLOSED, [THERE], [Discrepancy.CLOSED_BUT_THERE]),
        (CLOSED, [replace(THERE, state=MainOrderState.CANCELLED)], []),
        (HOME, [replace(THERE, state=MainOrderState.CANCELLED)], [Discrepancy.CANCELLED_THERE]),
        (HOME, [replace(THERE, state=MainOrderState.PASSED_ON)], [Discrepancy.PASSED_ON_THERE]),
        (HOME, [replace(THERE, state=MainOrderState.CANCELLED), replace(THERE, number="M2")], []),
        (HOME, [THERE, replace(THERE, number="M2")], [Discrepancy.DOUBLED]),
        (HOME, [HALF, replace(HALF, number="M2")], []),  # one order in two parcels
        (HOME, [replace(HALF, goods=None), replace(HALF, number="M2", goods=None)], []),
        (HOME, [replace(THERE, amount_fen=None, goods=None), replace(THERE, number="M2")], [Discrepancy.DOUBLED]),
        (
            HOME,
            [
                replace(THERE, state=MainOrderState.PASSED_ON),
                THERE,
                replace(THERE, number="M2", amount_fen=0, goods={}),
            ],
            [],
        ),
        (HOME, [replace(THERE, amount_fen=99)], [Discrepancy.AMOUNT_DIFFERS]),
        (HOME, [replace(THERE, amount_fen=None)], []),
        (replace(HOME, total_fen=None), [replace(THERE, amount_fen=99)], []),
        (HOME, [replace(THERE, goods={"A": 1})], [Discrepancy.GOODS_DIFFER]),
        (HOME, [replace(THERE, goods={"OTHER": 1})], []),
        (HOME, [replace(THERE, goods=None)], []),
        (HOME, [replace(THERE, state=MainOrderState.UNPAID)], [Discrepancy.UNPAID_THERE]),
        (replace(HOME, payment="cod"), [replace(THERE, state=MainOrderState.UNPAID)], []),
        (HOME, [replace(THERE, state=MainOrderState.UNCLEAR)], [Discrepancy.UNCLEAR_STATE]),
        (HOME, [replace(THERE, refund_fen=1)], [Discrepancy.REFUNDED_THERE]),
    ],
)
def test_an_order_is_held_against_the_list(order: OurOrder, found: list[MainOrder], said: list[Discrepancy]):
    assert in_list(order, *found) == said


def test_money_without_an_order_there_is_told_before_where_the_order_stands():
    for order in (HOME, IN_FILE, WAITING):
        assert in_list(order, has_money=True) == [Discrepancy.PAID_NOWHERE]
    assert in_list(CLOSED, has_money=True) == []


def test_an_order_that_a_doubtful_row_may_be_is_not_called_missing():
    assert in_list(HOME, perhaps=True) == []
    assert in_list(HOME, THERE, perhaps=True) == []


def test_lists_without_numbers_of_their_own_can_have_an_order_twice():
    rows = [replace(THERE, number="", places=((f"f{n}", n),)) for n in (1, 2)]  # type: ignore[arg-type]
    assert in_list(HOME, *rows) == [Discrepancy.DOUBLED]
    assert in_list(HOME, rows[0]) == []


@pytest.mark.parametrize(
    ("order", "moved", "said"),
    [
        (HOME, [PAID], []),
        (HOME, [], [Discrepancy.NOT_PAID]),
        (replace(HOME, payment="cod"), [], []),
        (replace(HOME, payment=None), [], []),
        (replace(HOME, payment="unpaid"), [], []),
        (replace(HOME, payment="unpaid"), [PAID], [Discrepancy.PAID_MEANWHILE]),
        (HOME, [replace(PAID, amount_fen=99)], [Discrepancy.PAYMENT_DIFFERS]),
        (HOME, [replace(PAID, amount_fen=None)], []),
        (replace(HOME, total_fen=None), [PAID], []),
        (HOME, [PAID, replace(PAID, number="43")], [Discrepancy.DOUBLE_PAYMENT]),
        (HOME, [PAID, BACK], [Discrepancy.REFUNDED]),
        (HOME, [replace(BACK, kind=Moved.REVOKED)], [Discrepancy.REFUNDED]),
        (CLOSED, [PAID], [Discrepancy.REFUND_DUE]),
        (CLOSED, [PAID, BACK], [Discrepancy.REFUNDED]),
        (CLOSED, [], []),
    ],
)
def test_an_order_is_held_against_the_statement(order: OurOrder, moved: list[Movement], said: list[Discrepancy]):
    assert list(against_the_statement(order, moved, covered=True)) == said


def test_a_day_that_is_not_in_the_statement_says_nothing_of_its_orders():
    assert list(against_the_statement(HOME, [], covered=False)) == []


def test_every_discrepancy_has_its_word_its_next_step_and_its_owner():
    assert set(DISCREPANCIES) == set(Discrepancy)
    assert {told.owner for told in DISCREPANCIES.values()} <= DISCREPANCY_OWNERS.keys()
    assert all(told.next.endswith(("。", "）")) for told in DISCREPANCIES.values())
    assert set(RUNGS) == {rung.name.lower() for rung in Evidence}
    assert DISCREPANCIES["of a later release"].word == "of a later release"
