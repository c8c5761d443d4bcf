"""What follows for an order from what the main system said of it, as tables."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from app.domain import main_system, way_home
from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    CreatedInMain,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    FoundInMain,
    MainThrottled,
    MainUnknown,
    OrderRefused,
    SameNumber,
)
from app.domain.order import Item, Order
from app.domain.way_home import (
    RESTS,
    AskFirst,
    ComesHome,
    PersonDecides,
    SendNow,
    StaysRefused,
    StopEverybody,
    WaitThenGoOn,
    after_create,
    after_find,
    difference,
    rest_after,
)

ORDER = Order(
    phone="13800138000",
    items=(Item(sku="A", quantity=1, unit_price=100), Item(sku="A", quantity=2, unit_price=100)),
    freight=500,
)
"""Its total is 800 fen, by its prices."""

SAME = FoundInMain(main_numbers=("M1",), total_fen=800, goods=(("A", 3),))
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("outcome", "follows"),
    [
        (CreatedInMain("M1"), ComesHome(("M1",), was_there=False)),
        (ExistsInMain(), AskFirst(timedelta())),
        (ExistsInMain(SAME), ComesHome(("M1",), was_there=True)),
        (OrderRefused("商品编码不存在", "items.0.sku"), StaysRefused("商品编码不存在", "items.0.sku")),
        (AccessRefused("ip", "110 IP"), StopEverybody("ip", "110 IP")),
        (MainThrottled(MINUTE, "199"), WaitThenGoOn(MINUTE)),
        (MainUnknown("timeout"), AskFirst(RESTS[0])),
        (MainUnknown("no_reference", helps=False), AskFirst(RESTS[0])),
    ],
)
def test_what_follows_from_sending(outcome: CreateOutcome, follows: object):
    assert after_create(outcome, ORDER) == follows


def test_every_outcome_of_sending_is_in_the_table():
    told = {type(case[0]) for mark in test_what_follows_from_sending.pytestmark for case in mark.args[1]}
    assert told == set(get_args(CreateOutcome))


def looked(outcome: FindOutcome, **said: Any) -> object:
    given: dict[str, Any] = {"asked": 1, "absent": 1, "may_be_there": True, "same_number": SameNumber.UPDATES}
    return after_find(outcome, ORDER, **(given | said))


def test_an_order_that_was_never_sent_is_sent_after_one_look():
    assert looked(AbsentFromMain(), may_be_there=False, same_number=SameNumber.DOUBLES) == SendNow()


def test_an_order_that_may_be_there_is_believed_absent_after_three_looks_with_growing_rests():
    assert looked(AbsentFromMain(), asked=1, absent=1) == AskFirst(RESTS[1])
    assert looked(AbsentFromMain(), asked=2, absent=2) == AskFirst(RESTS[2])
    assert looked(AbsentFromMain(), asked=3, absent=3) == SendNow()
    assert list(RESTS) == sorted(RESTS)
    assert rest_after(99) == RESTS[-1]


@pytest.mark.parametrize("same_number", SameNumber)
def test_where_sending_again_doubles_a_person_decides(same_number: SameNumber):
    follows = looked(AbsentFromMain(), asked=3, absent=3, same_number=same_number)
    assert isinstance(follows, PersonDecides if same_number is SameNumber.DOUBLES else SendNow)


@pytest.mark.parametrize(
    ("outcome", "follows"),
    [
        (ExistsInMain(SAME), ComesHome(("M1",), was_there=True)),
        (AccessRefused("key"), StopEverybody("key")),
        (MainThrottled(MINUTE), WaitThenGoOn(MINUTE)),
        (MainUnknown("timeout"), AskFirst(RESTS[1])),
        (MainUnknown("no_reference", "没有店铺单号", helps=False), PersonDecides("没有店铺单号")),
    ],
)
def test_what_follows_from_a_look(outcome: FindOutcome, follows: object):
    assert looked(outcome, absent=0) == follows


@pytest.mark.parametrize("outcome", [ExistsInMain(), MainUnknown("x", helps=False)])
def test_what_asking_again_cannot_tell_is_a_persons(outcome: FindOutcome):
    assert isinstance(looked(outcome), PersonDecides)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (FoundInMain(total_fen=801), "8.01"),
        (FoundInMain(goods=(("A", 2),)), "商品"),
        (FoundInMain(goods=(("A", 3), ("B", 1))), "商品"),
        (FoundInMain(is_void=True), "作废"),
        (FoundInMain(by="shop"), "店铺单号相同"),
        (FoundInMain(by="shop", total_fen=1), "金额"),
    ],
)
def test_what_differs_there_is_never_overwritten_and_goes_to_a_person(found: FoundInMain, word: str):
    for follows in (after_create(ExistsInMain(found), ORDER), looked(ExistsInMain(found))):
        assert isinstance(follows, PersonDecides)
        assert word in follows.reason


@pytest.mark.parametrize(
    "found",
    [
        FoundInMain(),
        FoundInMain(total_fen=800),
        FoundInMain(goods=(("A", 1), ("A", 2))),
        FoundInMain(by="shop", total_fen=800),
        FoundInMain(by="shop", goods=(("A", 3),)),
    ],
)
def test_what_agrees_or_is_not_told_is_home(found: FoundInMain):
    assert isinstance(looked(ExistsInMain(found)), ComesHome)


def test_an_unknown_total_of_ours_is_compared_with_nothing():
    order = Order(phone="13800138000", items=(Item(sku="A", quantity=3),))
    assert difference(order, FoundInMain(total_fen=1)) == ""


def test_both_modules_are_documented_as_closed():
    assert {one.__name__ for one in get_args(main_system.FindOutcome)} - {
        one.__name__ for one in get_args(main_system.CreateOutcome)
    } == {"AbsentFromMain"}
    assert set(get_args(way_home.AfterFind)) - set(get_args(way_home.AfterCreate)) == {SendNow}
