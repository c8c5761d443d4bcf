"""A decision about a held order is taken back within seconds, by whom it concerns, while no batch has it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from app.domain.actor import Actor, Way
from app.domain.fitness import Fitness
from app.domain.problems import Forbidden, NotFound, NotInThisState, Problem
from app.domain.states import BatchState, HeldKind
from app.orders.decide import cancel, mark_duplicate, release
from app.orders.timeline import time_line
from app.orders.undo import ON_ITS_WAY, UNDO_WITHIN, Undone, undo_decision, undoable
from app.store.tables import Batch
from app.store.unit_of_work import Store, UnitOfWork
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, OPS, TEN, minutes
from tests.deployment.maker import published

MEI, LAN = Actor("mei", Way.CONSOLE), Actor("lan", Way.CONSOLE)
LAST = UNDO_WITHIN + ON_ITS_WAY
UNPAID = Fitness(HeldKind.UNPAID, "未付款")


def twins(deployment: Deployment) -> tuple[str, str]:
    """Let a batch take an order and hold the one that looks like it."""
    first, second = deployment.door.take_in_turn(*(deployment.door.new(phone="13900139000") for _ in range(2)))
    deployment.maker.run(HALF_PAST)
    assert deployment.rows.states([first, second]) == ["batched", "held"]
    return first, second


def let_go(deployment: Deployment, number: str, fitness: Fitness | None = None) -> None:
    with deployment.store.writing() as uow:
        release(uow, number, preflight=lambda _row: fitness or Fitness(), by=MEI, now=HALF_PAST)


def close(deployment: Deployment, number: str, of: str | None = None) -> None:
    with deployment.store.writing() as uow:
        mark_duplicate(uow, number, of=of, by=MEI, now=HALF_PAST)


def undo(
    deployment: Deployment, number: str, *, after: timedelta = timedelta(), by: Actor = MEI, anybody: bool = False
) -> Undone:
    with deployment.store.writing() as uow:
        return undo_decision(uow, number, by=by, now=HALF_PAST + after, anybody=anybody)


def refused(deployment: Deployment, number: str, after: timedelta = timedelta(), by: Actor = MEI) -> str:
    with pytest.raises((NotInThisState, Forbidden)) as caught:
        undo(deployment, number, after=after, by=by)
    return caught.value.detail


@pytest.mark.parametrize("decide", [let_go, close])
def test_whatever_was_decided_the_order_is_again_what_it_was(
    deployment: Deployment, decide: Callable[[Deployment, str], None]
):
    first, second = twins(deployment)
    before = deployment.rows.order(second)
    decide(deployment, second)
    assert deployment.rows.order(second) != before
    undone = undo(deployment, f" {second.lower()} ", after=LAST)
    assert undone.number == second
    assert deployment.rows.order(second) == before
    assert deployment.rows.balanced()
    with deployment.store.reading() as uow:
        last = uow.audit.of(second)[-1]
        told = [event.detail for event in time_line(uow, before)]
    assert (last.action, last.actor, last.detail["sentence"]) == (
        "order.undo_decision",
        "mei",
        f"撤销裁定“{undone.sentence}”，重新待人工确认",
    )
    assert last.detail["sentence"] in told
    (other,) = deployment.door.some(1)
    outcome = published(deployment.maker.run(TEN + minutes(60), by=OPS))
    assert (first, deployment.maker.numbers_in(outcome.name)) == (before.looks_like, [other])


def test_a_duplicate_of_another_order_is_again_like_the_one_it_was_like(deployment: Deployment):
    first, second = twins(deployment)
    (other,) = deployment.door.some(1)
    close(deployment, second, of=other)
    assert deployment.rows.order(second).looks_like == other
    undo(deployment, second)
    assert deployment.rows.order(second).looks_like == first


def test_one_doubt_answered_is_asked_again(deployment: Deployment):
    """Who said that it is no duplicate is asked next whether it ships unpaid; both answers can be taken back."""
    _, second = twins(deployment)
    before = deployment.rows.order(second)
    let_go(deployment, second, UNPAID)
    assert deployment.rows.order(second).held_kind == "unpaid"
    undo(deployment, second)
    assert deployment.rows.order(second) == before


def test_an_order_that_was_let_go_before_stays_let_go_for_that(deployment: Deployment):
    _, second = twins(deployment)
    let_go(deployment, second)
    with deployment.store.writing() as uow:
        uow.orders.hold([deployment.rows.order_id(second)], kind=HeldKind.UNPAID, looks_like=None, reason="未付款")
    before = deployment.rows.order(second)
    let_go(deployment, second, UNPAID)
    undo(deployment, second)
    assert deployment.rows.order(second) == before
    assert before.released_at == HALF_PAST


@pytest.mark.parametrize("after", [LAST + timedelta(milliseconds=1), -LAST - timedelta(milliseconds=1)])
def test_afterwards_it_is_final_also_where_a_clock_was_set_back(deployment: Deployment, after: timedelta):
    _, second = twins(deployment)
    close(deployment, second)
    assert "已超过 10 秒" in refused(deployment, second, after=after)
    assert deployment.rows.states([second]) == ["duplicate"]


def test_only_who_decided_takes_it_back_or_who_may_for_anybody(deployment: Deployment):
    _, second = twins(deployment)
    close(deployment, second)
    assert "由 mei 裁定，只有本人或管理员" in refused(deployment, second, by=LAN)
    with deployment.store.reading() as uow:
        assert undoable(uow, second, by=LAN, now=HALF_PAST) is None
        assert undoable(uow, second, by=LAN, now=HALF_PAST, anybody=True) is not None
    undo(deployment, second, by=LAN, anybody=True)
    assert deployment.rows.states([second]) == ["held"]


def test_what_was_taken_back_or_followed_by_something_else_is_no_decision_any_more(deployment: Deployment):
    first, second = twins(deployment)
    assert "没有可以撤销的裁定" in refused(deployment, second)
    close(deployment, second)
    undo(deployment, second)
    assert "没有可以撤销的裁定（当前为“待人工确认”）" in refused(deployment, second)
    let_go(deployment, second)
    with deployment.store.writing() as uow:
        cancel(uow, second, reason="顾客不要了", by=MEI, now=HALF_PAST)
    assert "没有可以撤销的裁定（当前为“已取消”）" in refused(deployment, second)
    assert "没有可以撤销的裁定" in refused(deployment, first)
    with pytest.raises(NotFound):
        undo(deployment, "LB0")


def test_it_is_offered_for_ten_seconds_and_only_while_it_would_succeed(deployment: Deployment):
    _, second = twins(deployment)
    let_go(deployment, second)

    def offered(after: timedelta) -> bool:
        with deployment.store.reading() as uow:
            found = undoable(uow, second, by=MEI, now=HALF_PAST + after)
            assert found is None or found.until == HALF_PAST + UNDO_WITHIN
            return found is not None

    assert (offered(timedelta(seconds=9)), offered(UNDO_WITHIN)) == (True, False)
    deployment.maker.run(HALF_PAST, by=OPS)
    assert not offered(timedelta(seconds=1))


# ---- somebody else is quicker ----------------------------------------------------------------------------------------


def test_what_a_batch_has_taken_is_not_taken_back(deployment: Deployment):
    _, second = twins(deployment)
    let_go(deployment, second)
    name = published(deployment.maker.run(HALF_PAST, by=OPS)).name
    assert "已被批次取走" in refused(deployment, second)
    assert deployment.maker.numbers_in(name) == [second]
    assert deployment.rows.balanced()


class Meddling(Store):
    """A store whose writing transactions begin after ``meddle`` was called."""

    def __init__(self, store: Store, meddle: Callable[[], object]) -> None:
        super().__init__(store.engines)
        self._meddle = meddle

    def writing(self) -> UnitOfWork:
        """Begin a transaction that may write, once something else was done."""
        self._meddle()
        return super().writing()


def test_a_batch_that_has_read_the_order_does_not_take_it_once_it_is_taken_back(deployment: Deployment):
    _, second = twins(deployment)
    let_go(deployment, second)
    meddled: list[Undone] = []

    def take_back() -> None:
        claiming = deployment.rows.all(select(Batch).where(Batch.state == BatchState.CLAIMING))
        if claiming and not meddled:  # it has begun and read what waits; now it is about to take it
            meddled.append(undo(deployment, second))

    deployment.maker.build(store=Meddling(deployment.store, take_back)).run_once(HALF_PAST, by=OPS)
    assert meddled
    assert deployment.rows.order(second).batch_id is None
    assert deployment.rows.states([second]) == ["held"]
    assert deployment.rows.balanced()


@pytest.mark.parametrize("turn", range(5))
def test_a_batch_and_who_takes_it_back_never_both_have_the_order(deployment: Deployment, turn: int):
    _, second = twins(deployment)
    let_go(deployment, second)
    together = Barrier(2)

    def take_back() -> bool:
        together.wait()
        try:
            undo(deployment, second)
        except Problem:
            return False
        return True

    def batch() -> None:
        together.wait()
        deployment.maker.run(HALF_PAST, by=OPS)

    with ThreadPoolExecutor(2) as threads:
        back, _ = threads.submit(take_back), threads.submit(batch)
        undone = back.result()
    row = deployment.rows.order(second)
    assert (row.state, row.batch_id is None) == (("held", True) if undone else ("batched", False)), turn
    assert deployment.rows.balanced()


def test_of_two_who_take_it_back_at_once_one_does(deployment: Deployment):
    _, second = twins(deployment)
    close(deployment, second)
    together = Barrier(2)

    def take_back(_n: int) -> bool:
        together.wait()
        try:
            undo(deployment, second)
        except Problem:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(take_back, range(2))) == [False, True]
    with deployment.store.reading() as uow:
        assert len(uow.audit.of(second, "order.undo_decision")) == 1
    assert deployment.rows.balanced()
