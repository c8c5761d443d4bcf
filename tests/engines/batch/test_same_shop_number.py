"""A shop's own number is shipped once: whatever else differs, however long ago, and wherever the first is by now."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.states import HeldKind, OrderState
from app.store.commit.order_writer import NewOrder
from app.store.tables import Client, ClientKey
from tests.deployment import Deployment
from tests.deployment.door import ONE_HUNDRED
from tests.deployment.facts import HALF_PAST, REHEARSAL, SHOP, TEN, hours, minutes, seconds
from tests.deployment.maker import published
from tests.deployment.orders import order_body, prepared

OTHER_SHOP = replace(SHOP, client_id="c2", name="分店")


def under(key: str, *, shop_number: str = "T-1", caller: Any = SHOP, **fields: Any) -> NewOrder:
    """Return an order of the shop's number under a key of its own; no two look alike otherwise."""
    phone = f"138{sum(map(ord, key)):08d}"
    return prepared(
        {**order_body(shop_number, phone=phone), **ONE_HUNDRED, "total": "101.00", **fields}, caller=caller, key=key
    )


def at_one_time(deployment: Deployment, *orders: NewOrder) -> list[str]:
    return deployment.door.take_in_turn(*orders)


def numbers_out(deployment: Deployment, now: Any, **how: Any) -> list[str]:
    return deployment.maker.numbers_in(published(deployment.maker.build(**how).run_once(now)).name)


def test_the_second_under_a_shops_number_is_held_though_all_else_differs(deployment: Deployment):
    first, second = at_one_time(deployment, under("a"), under("b", total="200.00"))
    assert numbers_out(deployment, HALF_PAST) == [first]
    row = deployment.rows.order(second)
    assert (row.state, row.held_kind, row.looks_like) == ("held", HeldKind.LOOK_ALIKE, first)
    assert row.state_reason == f"疑似重复单：与 {first} 同一外部单号"


@pytest.mark.parametrize("state", [OrderState.BATCHED, OrderState.IMPORTED, OrderState.DUPLICATE])
def test_it_is_held_however_long_ago_and_wherever_the_first_is(deployment: Deployment, state: OrderState):
    (first,) = at_one_time(deployment, under("a"))
    assert numbers_out(deployment, HALF_PAST) == [first]
    if state is not OrderState.BATCHED:
        with deployment.store.writing() as uow:
            uow.orders.move([deployment.rows.order_id(first)], state)
            uow.incidents.close(uow.incidents.get(1), by="it", now=HALF_PAST)  # also in an outage that is over
    second, other = deployment.door.take_in_turn(under("b"), deployment.door.new(), at=TEN + hours(300))
    assert numbers_out(deployment, TEN + hours(301)) == [other]
    assert deployment.rows.order(second).looks_like == first


@pytest.mark.parametrize("state", [OrderState.CANCELLED, OrderState.REJECTED])
def test_a_number_whose_order_was_closed_may_be_ordered_again(deployment: Deployment, state: OrderState):
    first, second = at_one_time(deployment, under("a"), under("b"))
    with deployment.store.writing() as uow:
        order_id = deployment.rows.order_id(first)
        if state is OrderState.REJECTED:
            uow.orders.hold([order_id], kind=HeldKind.INCOMPLETE, looks_like=None, reason="")
        uow.orders.move([order_id], state)
    assert numbers_out(deployment, HALF_PAST) == [second]


def test_the_one_received_first_is_the_first_though_it_was_drained_later(deployment: Deployment):
    late, early = under("late"), under("early")
    deployment.door.writer.write([late], [TEN + minutes(5)])
    deployment.door.writer.write([early], [TEN + minutes(1)])  # it lay in a spool
    assert numbers_out(deployment, HALF_PAST) == [early.number]
    assert deployment.rows.order(late.number).looks_like == early.number


def test_it_is_found_across_the_pages_of_one_claim(deployment: Deployment):
    first, *others, second = at_one_time(deployment, under("a"), *(deployment.door.new() for _ in range(7)), under("b"))
    assert numbers_out(deployment, HALF_PAST, chunk=3) == [first, *others]
    assert deployment.rows.order(second).looks_like == first


def test_a_first_one_that_waits_on_a_later_page_is_found(deployment: Deployment):
    late, early = under("late"), under("early")
    deployment.door.writer.write([late], [TEN + minutes(5)])
    others = deployment.door.some(7, at=TEN + minutes(6))
    deployment.door.writer.write([early], [TEN])
    deployment.notices.composed()
    assert set(numbers_out(deployment, HALF_PAST, chunk=3)) == {early.number, *others}


def test_a_window_of_zero_does_not_switch_it_off(deployment: Deployment):
    first, _ = at_one_time(deployment, under("a"), under("b"))
    assert numbers_out(deployment, HALF_PAST, look_alike_window=seconds(0)) == [first]


def test_another_shop_another_number_and_none_are_left_alone(deployment: Deployment):
    for client in (OTHER_SHOP, REHEARSAL):
        known = Client(id=client.client_id, name=client.name, scope="intake", drill=client.drill, created_at=TEN)
        key = ClientKey(id=f"k{client.client_id}", client_id=client.client_id, secret_sha256=b"x" * 32, created_at=TEN)
        with deployment.store.writing() as uow:
            uow.access.add_client(known, key)
    nameless = [prepared({**order_body(None, phone=f"1390000000{n}"), **ONE_HUNDRED}, key=f"n{n}") for n in range(2)]
    numbers = at_one_time(
        deployment, under("a"), under("b", caller=OTHER_SHOP), under("c", shop_number="T-2"), *nameless
    )
    drill = at_one_time(deployment, under("d", caller=REHEARSAL))
    deployment.maker.run(HALF_PAST)
    assert deployment.rows.states([*numbers, *drill]) == ["batched"] * 6


def test_a_released_one_is_never_held_for_its_number_again(deployment: Deployment):
    first, second = at_one_time(deployment, under("a"), under("b"))
    numbers_out(deployment, HALF_PAST)
    with deployment.store.writing() as uow:
        uow.orders.move([deployment.rows.order_id(second)], OrderState.ACCEPTED, released_at=HALF_PAST)
    (third,) = deployment.door.take_in_turn(under("c"), at=HALF_PAST)
    assert numbers_out(deployment, TEN + minutes(60)) == [second]
    assert deployment.rows.order(third).looks_like == first


def test_one_number_for_all_orders_of_a_shop_costs_no_more_with_each(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    """A shop that fills in a word of its own gives one number to everything: a person sees all but the first."""
    monkeypatch.setattr("app.store.repositories.look_alikes.MANY", 10)
    monkeypatch.setattr("app.store.repositories.look_alikes.FEW", 3)
    first, *others = at_one_time(deployment, *(under(f"k{n}", shop_number="0") for n in range(30)))
    assert numbers_out(deployment, HALF_PAST, chunk=4) == [first]
    assert {deployment.rows.order(number).state for number in others} == {"held"}
