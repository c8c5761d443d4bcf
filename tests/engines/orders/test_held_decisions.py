"""What a person may decide about a held order follows from why it is held; on both engines."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.fitness import Fitness
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import HeldKind, OrderState
from app.files.layouts.layout import Column, Kind
from app.files.layouts.registry import shipped_layouts
from app.orders.decide import Released, StillHeld, mark_duplicate, release
from app.store.sealing import Keyring
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, OPS, SECRETS, TEN, minutes
from tests.deployment.maker import published

INCOMPLETE = {"recipient": None}
DESTROYED = {"recipient": {"name": "张*", "address": "文三路 1 号"}}
UNPAID = Fitness(HeldKind.UNPAID, "未付款")


def held_by_batch(deployment: Deployment, layout: str = "jushuitan", **fields: Any) -> str:
    """Let a batch hold an order by itself, and return its number."""
    (number,) = deployment.door.some(1, **fields)
    deployment.maker.build(layout=layout).run_once(HALF_PAST, by=OPS)
    assert deployment.rows.order(number).state == "held"
    return number


def twins(deployment: Deployment, count: int = 2, **fields: Any) -> list[str]:
    """Let a batch hold all but the first of some orders that look alike."""
    numbers = deployment.door.take_in_turn(*(deployment.door.new(phone="13900139000", **fields) for _ in range(count)))
    deployment.maker.run(HALF_PAST)
    return numbers


def let_go(deployment: Deployment, number: str, layout: str = "jushuitan", **how: Any) -> Released | StillHeld:
    preflight = how.pop("preflight", None) or deployment.maker.preflight(layout)
    with deployment.store.writing() as uow:
        return release(uow, number, preflight=preflight, by=OPS, now=HALF_PAST, **how)


def close(deployment: Deployment, number: str, of: str | None = None) -> str:
    with deployment.store.writing() as uow:
        return mark_duplicate(uow, number, of=of, by=OPS, now=HALF_PAST)


def sentences(deployment: Deployment, number: str) -> list[str]:
    with deployment.store.reading() as uow:
        return [str(deed.detail["sentence"]) for deed in uow.audit.of(number)]


# ---- release ---------------------------------------------------------------------------------------------------------


def test_what_the_importing_program_would_refuse_is_not_released(deployment: Deployment):
    """P15: a button that says "not a duplicate" put it into a file without recipient and price."""
    number = held_by_batch(deployment, **INCOMPLETE)
    with pytest.raises(
        NotInThisState, match=rf"订单 {number} 不能放行：不符合聚水潭导入要求，缺少：收件人、详细地址。"
    ):
        let_go(deployment, number)
    assert deployment.rows.states([number]) == ["held"]
    assert sentences(deployment, number) == []


def test_a_look_alike_that_lacks_something_is_not_released_either(deployment: Deployment):
    _, second = twins(deployment, **INCOMPLETE)
    with pytest.raises(NotInThisState, match="缺少：收件人"):
        let_go(deployment, second)


def test_it_is_released_where_the_layout_no_longer_asks_for_what_it_lacks(deployment: Deployment):
    number = held_by_batch(deployment, **INCOMPLETE)
    assert let_go(deployment, number, layout="generic") == Released(number)
    outcome = published(deployment.maker.run(TEN + minutes(60)))
    assert deployment.maker.numbers_in(outcome.name) == [number]


def test_an_order_that_cannot_be_read_is_not_released_until_it_can(deployment: Deployment):
    foreign = Keyring.from_secrets(SECRETS["secret_key"], "u" * 32)
    new = deployment.door.new()
    deployment.door.take(new._replace(sealed=foreign.seal.seal(b"{}", new.number)))
    deployment.maker.run(HALF_PAST)
    assert deployment.rows.order(new.number).held_kind == HeldKind.BROKEN
    with pytest.raises(NotInThisState, match="无法解密"):
        let_go(deployment, new.number)


def test_whatever_breaks_while_an_order_is_judged_keeps_it_and_is_named(deployment: Deployment):
    _, second = twins(deployment)

    def breaks(_row: object) -> str:
        raise ZeroDivisionError("secret")

    generic = shipped_layouts().named("generic")
    preflight = deployment.maker.preflight(
        replace(generic, columns=(*generic.columns, Column("坏", Kind.TEXT, breaks)))
    )
    fitness = preflight(deployment.rows.order(second))
    assert (fitness.kind, fitness.missing) == (HeldKind.BROKEN, ())
    assert "ZeroDivisionError" in fitness.reason
    assert "secret" not in fitness.reason
    with pytest.raises(NotInThisState, match="ZeroDivisionError"):
        let_go(deployment, second, preflight=preflight)


def test_what_only_a_person_can_tell_is_released_by_one_and_goes_out(deployment: Deployment):
    number = held_by_batch(deployment, **DESTROYED)
    assert let_go(deployment, number, reason="电话核实") == Released(number)
    assert sentences(deployment, number) == ["人工确认资料无误（电话核实），放行进入下一批次"]
    outcome = published(deployment.maker.build(layout="jushuitan").run_once(TEN + minutes(60)))
    assert deployment.maker.numbers_in(outcome.name) == [number]


def test_an_unpaid_one_is_released_on_purpose_and_the_reason_kept(deployment: Deployment):
    (number,) = deployment.door.some(1)
    with deployment.store.writing() as uow:
        uow.orders.hold([deployment.rows.order_id(number)], kind=HeldKind.UNPAID, looks_like=None, reason=UNPAID.reason)
    assert let_go(deployment, number, preflight=lambda _row: UNPAID, reason="月结客户") == Released(number)
    assert sentences(deployment, number) == ["人工确认未付款也发货（月结客户），放行进入下一批次"]


def test_one_question_is_answered_at_a_time(deployment: Deployment):
    """Who says that an order is no duplicate has not said that it may be shipped unpaid."""
    _, second = twins(deployment)
    answer = let_go(deployment, second, preflight=lambda _row: UNPAID)
    assert answer == StillHeld(second, HeldKind.UNPAID, "未付款")
    row = deployment.rows.order(second)
    assert (row.state, row.held_kind, row.state_reason, row.released_at) == ("held", "unpaid", "未付款", None)
    assert sentences(deployment, second) == ["人工确认不是重复单；另外未付款，仍待人工确认"]
    assert let_go(deployment, second, preflight=lambda _row: UNPAID) == Released(second)


# ---- mark-duplicate ----------------------------------------------------------------------------------------------------


def test_a_look_alike_is_closed_for_the_one_it_looks_like_unless_another_is_named(deployment: Deployment):
    first, second, third = twins(deployment, count=3)
    (other,) = deployment.door.some(1, at=HALF_PAST)
    assert close(deployment, second) == first
    assert close(deployment, third.lower(), f" {other.lower()} ") == other
    assert [deployment.rows.order(n).looks_like for n in (second, third)] == [first, other]
    assert deployment.rows.states([second, third]) == ["duplicate"] * 2
    assert sentences(deployment, third) == [f"人工判定为重复单（{other}）"]
    assert deployment.rows.balanced()


def test_an_order_that_is_like_no_other_is_no_duplicate_of_nothing(deployment: Deployment):
    """P15: an incomplete order was closed for good as a duplicate, of nothing, under a balanced ledger."""
    number = held_by_batch(deployment, **INCOMPLETE)
    with pytest.raises(NotInThisState, match=rf"订单 {number} 不像任何一笔订单（不符合聚水潭.+），不能标记为重复单"):
        close(deployment, number)
    assert deployment.rows.states([number]) == ["held"]
    (first,) = deployment.door.some(1)
    assert close(deployment, number, first) == first


def test_no_order_is_a_duplicate_of_itself_nor_in_a_circle(deployment: Deployment):
    first, second, third = twins(deployment, count=3)
    with deployment.store.writing() as uow:  # as an order that was drained late would be
        row = uow.held.locked(third)
        assert row is not None
        assert uow.held.amend(row, {"looks_like": second})
    for of in (second, second.lower()):
        with pytest.raises(NotInThisState, match="不能是自己的重复单"):
            close(deployment, second, of)
    close(deployment, second, third)
    with pytest.raises(NotInThisState, match="不能是自己的重复单"):
        close(deployment, third)
    assert close(deployment, third, first) == first


@pytest.mark.parametrize("state", [OrderState.CANCELLED, OrderState.REJECTED])
def test_an_order_is_not_closed_for_one_that_will_not_be_shipped_either(deployment: Deployment, state: OrderState):
    first, second, third = twins(deployment, count=3)
    close(deployment, third, second)
    with deployment.store.writing() as uow:
        uow.orders.move([deployment.rows.order_id(first)], state)
    with pytest.raises(NotInThisState, match=f"订单 {first} .+不会发货"):
        close(deployment, second)
    assert deployment.rows.states([second]) == ["held"]


def test_an_order_nobody_knows_and_a_drills_are_no_other_order(deployment: Deployment):
    _, second = twins(deployment)
    drill = deployment.door.new(drill=True)
    deployment.door.take(drill)
    for of in ("LB404", drill.number):
        with pytest.raises(NotFound, match=f"没有订单 {of}，订单 {second} 不能"):
            close(deployment, second, of)
