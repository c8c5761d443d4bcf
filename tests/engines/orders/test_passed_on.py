"""An order that the main system may have waits until that is settled, whichever attempt came first; on both engines."""

import pytest

from app.domain.passed_on import MainMayHave, PassedOn, SentBefore
from app.domain.problems import NotFound, NotInThisState
from app.domain.states import HeldKind, OrderState
from app.orders.decide import Released, StillHeld, mark_duplicate, release
from app.orders.settle import found_in_main, not_in_main
from app.orders.timeline import time_line, whole_time_line
from app.orders.undo import undo_decision
from app.store.commit.order_writer import NewOrder
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, OPS, TEN, minutes, seconds
from tests.deployment.maker import published

SENT, UNKNOWN = PassedOn(SentBefore.YES, "504; addr=10.0.0.10:8080"), PassedOn(SentBefore.UNKNOWN, "timeout")


def attempt(order: NewOrder, said: PassedOn | None) -> NewOrder:
    return order._replace(passed_on=said)


def flag(deployment: Deployment, number: str) -> str | None:
    with deployment.store.reading() as uow:
        said = uow.passed_on.of(number)
        return said.main_may_have if said else None


def let_go(deployment: Deployment, number: str) -> Released | StillHeld:
    with deployment.store.writing() as uow:
        return release(uow, number, preflight=deployment.maker.preflight("generic"), by=OPS, now=HALF_PAST)


def test_an_order_that_was_sent_before_is_held_and_in_no_batch(deployment: Deployment):
    order = deployment.door.new()
    (stored,) = deployment.door.take(attempt(order, SENT))
    assert not stored.replayed
    (plain,) = deployment.door.some(1)
    deployment.maker.run(HALF_PAST)
    row = deployment.rows.order(order.number)
    assert (row.state, row.held_kind, row.batch_id) == (OrderState.HELD, HeldKind.MAIN_MAY_HAVE, None)
    assert deployment.rows.order(plain).state == OrderState.BATCHED
    with deployment.store.reading() as uow:
        inside, outside = whole_time_line(uow, row), time_line(uow, row, told_to="c1")
        assert uow.held.counts() == {HeldKind.MAIN_MAY_HAVE: 1}
    assert any("10.0.0.10" in event.detail for event in inside)
    assert not any("10.0.0.10" in event.detail for event in outside)  # our addresses are nobody's business outside
    assert "10.0.0.10" not in (row.state_reason or "")


@pytest.mark.parametrize("said", [[None, SENT], [SENT, None], [UNKNOWN, SENT], [SENT, UNKNOWN], [None, UNKNOWN]])
def test_whichever_attempt_comes_first_it_is_held(deployment: Deployment, said: list[PassedOn | None]):
    order = deployment.door.new()
    answers = [deployment.door.take(attempt(order, one))[0] for one in said]
    assert [one.replayed for one in answers] == [False, True]
    assert deployment.rows.order(order.number).held_kind == HeldKind.MAIN_MAY_HAVE
    with deployment.store.reading() as uow:
        noted = uow.passed_on.of(order.number)
        assert noted is not None
        assert noted.sent == ("1" if SENT in said else "unknown")
        assert noted.reason == (SENT if SENT in said else UNKNOWN).reason
        assert noted.times == sum(one is not None for one in said)


def test_both_attempts_in_one_commit(deployment: Deployment):
    order = deployment.door.new()
    first, second = deployment.door.take(attempt(order, None), attempt(order, SENT))
    assert (first.replayed, second.replayed) == (False, True)
    assert deployment.rows.order(order.number).held_kind == HeldKind.MAIN_MAY_HAVE


def test_a_conflict_says_so_too(deployment: Deployment):
    """Another body under the same key is refused; that the first body went to the main system it says all the same."""
    order = deployment.door.new(key="same")
    other = deployment.door.new(key="same", note="其他内容")
    deployment.door.take(order)
    (answer,) = deployment.door.take(attempt(other, SENT))
    assert not answer.same_body
    assert deployment.rows.order(order.number).held_kind == HeldKind.MAIN_MAY_HAVE


def test_a_released_one_is_judged_as_any_other(deployment: Deployment):
    """Nobody has looked at what it looks like: a twin of it is held as a twin."""
    first, second = (deployment.door.new(phone="13900139000") for _ in range(2))
    deployment.door.take_in_turn(first)
    published(deployment.maker.run(HALF_PAST))
    deployment.door.take_in_turn(attempt(second, SENT), at=TEN + seconds(5))
    assert isinstance(let_go(deployment, second.number), Released)
    assert flag(deployment, second.number) == MainMayHave.SETTLED_NO
    deployment.maker.run(HALF_PAST + minutes(30))
    assert deployment.rows.order(second.number).held_kind == HeldKind.LOOK_ALIKE


def test_a_new_attempt_after_a_release_is_new_evidence(deployment: Deployment):
    order = deployment.door.new()
    deployment.door.take(attempt(order, SENT))
    assert isinstance(let_go(deployment, order.number), Released)
    deployment.door.take(attempt(order, SENT))
    assert deployment.rows.order(order.number).state == OrderState.HELD
    assert flag(deployment, order.number) == MainMayHave.MAYBE


def test_one_that_is_held_for_another_doubt_is_asked_about_the_main_system_too(deployment: Deployment):
    first, second = (deployment.door.new(phone="13900139000") for _ in range(2))
    deployment.door.take_in_turn(first, second)
    deployment.maker.run(HALF_PAST)
    assert deployment.rows.order(second.number).held_kind == HeldKind.LOOK_ALIKE
    deployment.door.take(attempt(second, SENT))
    answer = let_go(deployment, second.number)
    assert isinstance(answer, StillHeld)
    assert answer.kind == HeldKind.MAIN_MAY_HAVE
    assert isinstance(let_go(deployment, second.number), Released)


def test_what_the_main_system_has_is_closed_under_its_number(deployment: Deployment):
    order = deployment.door.new()
    deployment.door.take(attempt(order, SENT))
    with deployment.store.writing() as uow:
        assert found_in_main(uow, order.number, main_number=" M-1 ", by=OPS, now=HALF_PAST) == "M-1"
    row = deployment.rows.order(order.number)
    assert (row.state, row.main_order_number) == (OrderState.DUPLICATE, "M-1")
    assert flag(deployment, order.number) == MainMayHave.YES
    deployment.door.take(attempt(order, SENT))  # the storefront still tries
    assert flag(deployment, order.number) == MainMayHave.YES
    assert deployment.rows.order(order.number).state == OrderState.DUPLICATE


@pytest.mark.parametrize("verb", ["release", "found"])
def test_a_decision_taken_back_leaves_it_open(deployment: Deployment, verb: str):
    order = deployment.door.new()
    deployment.door.take(attempt(order, SENT))
    if verb == "release":
        let_go(deployment, order.number)
    else:
        with deployment.store.writing() as uow:
            found_in_main(uow, order.number, main_number="M-1", by=OPS, now=HALF_PAST)
    with deployment.store.writing() as uow:
        undo_decision(uow, order.number, by=OPS, now=HALF_PAST)
    row = deployment.rows.order(order.number)
    assert (row.state, row.held_kind, row.main_order_number) == (OrderState.HELD, HeldKind.MAIN_MAY_HAVE, None)
    assert flag(deployment, order.number) == MainMayHave.MAYBE


def test_one_in_a_file_is_told_of_and_settled_either_way(deployment: Deployment):
    orders = [deployment.door.new() for _ in range(2)]
    deployment.door.take(*orders)
    published(deployment.maker.run(HALF_PAST))
    deployment.door.take(*(attempt(order, SENT) for order in orders))
    numbers = {order.number for order in orders}
    assert {deployment.rows.order(number).state for number in numbers} == {OrderState.BATCHED}
    with deployment.store.reading() as uow:
        assert {row.number for row in uow.passed_on.gone_on(limit=10)} == numbers
        assert uow.passed_on.gone_on_count() == len(numbers)
    with deployment.store.writing() as uow:
        not_in_main(uow, orders[0].number, by=OPS, now=HALF_PAST)
        found_in_main(uow, orders[1].number, main_number="M-2", by=OPS, now=HALF_PAST)
    with deployment.store.reading() as uow:
        assert uow.passed_on.gone_on_count() == uow.passed_on.unsettled() == 0
    assert deployment.rows.order(orders[0].number).state == OrderState.BATCHED
    assert deployment.rows.order(orders[1].number).state == OrderState.DUPLICATE


def test_what_nobody_said_cannot_be_settled(deployment: Deployment):
    (plain,) = deployment.door.some(1)
    sent = deployment.door.new()
    deployment.door.take(attempt(sent, SENT))
    with deployment.store.writing() as uow:
        for number, problem in (("LB-NONE", NotFound), (plain, NotInThisState)):
            with pytest.raises(problem):
                found_in_main(uow, number, main_number="M-1", by=OPS, now=HALF_PAST)
            with pytest.raises(problem):
                not_in_main(uow, number, by=OPS, now=HALF_PAST)
        for nothing in ("", " ", "M" * 65, "M\n1"):
            with pytest.raises(NotInThisState):
                found_in_main(uow, sent.number, main_number=nothing, by=OPS, now=HALF_PAST)
        with pytest.raises(NotInThisState, match="放行"):
            not_in_main(uow, sent.number, by=OPS, now=HALF_PAST)
        with pytest.raises(NotInThisState):
            mark_duplicate(uow, sent.number, by=OPS, now=HALF_PAST)


def test_a_drills_order_may_be_passed_on_beside_a_live_one(deployment: Deployment):
    live, drill = deployment.door.new(), deployment.door.new(drill=True)
    deployment.door.take(attempt(live, SENT), attempt(drill, SENT))
    assert {deployment.rows.order(one.number).held_kind for one in (live, drill)} == {HeldKind.MAIN_MAY_HAVE}
