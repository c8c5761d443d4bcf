"""A buyer learns where an order stands from both halves, and from one half nothing."""

import pytest

from app.domain.states import OrderState
from app.orders.track import asked, track
from tests.deployment import Deployment
from tests.deployment.facts import TEN
from tests.deployment.orders import new_order


@pytest.mark.parametrize("composed", [False, True])
def test_both_halves_find_an_order_and_one_half_nothing(deployment: Deployment, composed: bool):  # noqa: FBT001 - a case
    mine, other = new_order("1", phone="13912345678"), new_order("2", phone="13800001111")
    deployment.door.take(mine, other)
    if composed:
        with deployment.store.writing() as uow:
            uow.orders.claim_uncomposed(limit=10, now=TEN)
    number = mine.number
    grouped = f"{number[:4]} {number[4:8].lower()}-{number[8:]}"
    for typed, last4, found in (
        (number, "5678", True),
        (grouped, " 5678 ", True),
        (number[-6:].lower(), "5678", True),
        (number, "1111", False),
        (number[-6:], "1111", False),
        (other.number, "5678", False),
        (number[:-1], "5678", False),
        (number[-7:], "5678", False),
        ("ZZZZZZ", "5678", False),
    ):
        wanted = asked(typed, last4)
        assert wanted
        with deployment.store.reading() as uow:
            answer = track(uow, wanted)
        assert (answer is not None) is found, (typed, last4)
        assert answer is None or (answer.state, answer.received_at) == (OrderState.ACCEPTED, TEN)


@pytest.mark.parametrize(
    ("number", "last4"),
    [
        ("", ""),
        ("V2MRZL", ""),
        ("", "5678"),
        ("V2MRZ", "5678"),
        ("V2MRZL", "567"),
        ("V2MRZL", "56789"),
        ("V2MR%_", "5678"),
    ],
)
def test_what_can_be_no_order_is_not_looked_up(number: str, last4: str):
    assert asked(number, last4) is None


def test_misses_count_for_the_end_of_a_number_however_much_of_it_was_typed():
    whole, end = asked("LB8SRYJXV2MRZL", "5678"), asked("v2mr zl", "5678")
    assert whole
    assert end
    assert whole.tail == end.tail == "V2MRZL"
