"""What every ERP wants of an order: sums that agree to the fen, amounts whose digits are exact, nothing cut off."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.main_system import OrderNames, OrderToSend
from app.domain.money import MAX_FEN
from app.domain.order import Item, Order, Payment, Recipient
from app.main_system.order_fields import Unwritable, amount, fitting, without_blanks, written_order
from tests.contract.main_systems import NOW

LINES = st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 999)), min_size=1, max_size=20)


@given(st.integers(0, MAX_FEN))
def test_an_amount_in_json_has_the_digits_of_the_exact_decimal(fen: int):
    assert Decimal(json.dumps(amount(fen))) == Decimal(fen) / 100


@given(LINES, st.integers(0, 10**6), st.data())
def test_lines_less_their_shares_and_freight_are_the_total(
    lines: list[tuple[int, int]], freight: int, data: st.DataObject
):
    whole = sum(price * quantity for price, quantity in lines)
    discount = data.draw(st.integers(0, whole + freight))
    order = Order(
        phone="13800138000",
        items=tuple(
            Item(sku=f"S{n}", quantity=quantity, unit_price=price) for n, (price, quantity) in enumerate(lines)
        ),
        freight=freight,
        discount=discount,
        recipient=Recipient(name="张三", address="文三路 1 号"),
        payment=Payment(status="paid"),
    )
    sent = OrderToSend(names=OrderNames("LB1"), order=order, received_at=NOW)
    written = written_order(sent, shops={"*": "1"}, may_discount=True)
    assert sum(line.amount - line.share for line in written.lines) + freight == written.total
    assert written.lines == written_order(sent, shops={"*": "1"}, may_discount=True).lines
    assert len({line.id for line in written.lines}) == len(lines)


def test_a_channel_without_a_shop_is_not_sent_anywhere():
    order = Order(phone="13800138000", items=(Item(sku="A", quantity=1),))
    sent = OrderToSend(names=OrderNames("LB1", channel="抖音"), order=order, received_at=NOW)
    with pytest.raises(Unwritable) as unwritable:
        written_order(sent, shops={"天猫": "1"}, may_discount=False)
    assert "[shops]" in unwritable.value.refusal.words


def test_what_is_too_long_is_refused_and_not_cut():
    assert fitting("文" * 200, 200, "recipient.address") == "文" * 200
    with pytest.raises(Unwritable):
        fitting("文" * 201, 200, "recipient.address")


def test_zero_and_false_say_something_and_blanks_do_not():
    assert without_blanks({"a": 0, "b": False, "c": "", "d": None, "e": [], "f": "x"}) == {"a": 0, "b": False, "f": "x"}
