"""Whatever happens to a store of orders, in whatever order, each of them is in exactly one place."""

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.order import Item
from app.domain.states import OrderState
from tests.contract.batch_fixtures import TEN, World, a_world, minutes  # noqa: F401 - a fixture
from tests.contract.dying import LEFT_OPEN, all_orders_are_out_once, dies

ACT = st.one_of(
    st.tuples(st.just("orders"), st.integers(1, 6)),
    st.tuples(st.just("twins"), st.integers(0, 2)),
    st.tuples(st.just("run"), st.just(0)),
    st.tuples(st.just("die"), st.integers(1, 20)),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("release"), st.integers(0, 30)),
    st.tuples(st.just("clock"), st.sampled_from((-60, -10, 5, 30, 120))),
)


@LEFT_OPEN
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACT, max_size=14))
def test_whatever_happens_in_whatever_order_every_order_is_in_one_place(
    acts: list[tuple[str, int]], world: World, tmp_path_factory: pytest.TempPathFactory
):
    world = world.another(tmp_path_factory.mktemp("any"))
    now, numbers = TEN, list[str]()
    for act, value in acts:
        now += minutes(1)
        match act:
            case "orders":
                numbers += world.some(value, at=now, items=(Item(sku="A", quantity=1),))
            case "twins":
                numbers += world.some(2, at=now, phone=f"1390013900{value}")
            case "run":
                world.maker(chunk=2).run_once(now)
            case "die":
                dies(
                    world,
                    value,
                    lambda store, disk, at=now: world.maker(store=store, disk=disk, chunk=2).run_once(at, forced=True),
                )
            case "cancel" | "release" if numbers:
                _decide(world, numbers[value % len(numbers)], act, now)
            case "clock":
                now += minutes(value)
        assert world.balanced()
    for _ in range(3):
        now += minutes(61)
        world.maker(chunk=2).run_once(now, forced=True)
    assert all_orders_are_out_once(world, numbers)


def _decide(world: World, number: str, act: str, now: datetime) -> None:
    with world.store.writing() as uow:
        row = uow.orders.numbered(number)
        if act == "release":
            uow.orders.move([row.id], OrderState.ACCEPTED, only_from=(OrderState.HELD,), released_at=now)
        else:
            uow.orders.move([row.id], OrderState.CANCELLED, only_from=(OrderState.ACCEPTED, OrderState.HELD))
