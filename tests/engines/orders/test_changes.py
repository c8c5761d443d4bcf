"""A storefront's change takes effect at once until a batch has the order, afterwards it is noted: never neither."""

import threading
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app.domain.actor import Actor, Way
from app.domain.order_change import ChangeKind, ChangeState, Wish
from app.domain.problems import ChangeConflict, InvalidOrder, NotFound, NotInThisState
from app.domain.states import HeldKind, OrderState
from app.handback.import_results import import_results
from app.handback.result_lines import ResultFile, ResultLine
from app.orders.change import AnsweredChange, ask, settle_change
from app.orders.decide import cancel, reject
from app.store.sealed_wish import open_wish
from app.store.tables import OrderChange
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, KEYS, OPS, SHOP, TEN, minutes
from tests.deployment.maker import published
from tests.engines.dying import LEFT_OPEN, dies

CLIENT = Actor("client:旗舰店", Way.HTTP, "10.0.0.9")
UNPAID: dict[str, Any] = {"payment": {"status": "unpaid"}}
CANCEL = Wish(kind=ChangeKind.CANCEL, reason="顾客不要了")
PAID = Wish(kind=ChangeKind.PAID, amount_fen=10_000, transaction_id="4200777", paid_at=TEN + minutes(5))


def asks(
    deployment: Deployment, number: str, wish: Wish, *, client: str = SHOP.client_id, at: datetime = HALF_PAST
) -> AnsweredChange:
    preflight = deployment.maker.preflight()
    with deployment.store.writing() as uow:
        return ask(uow, KEYS, number, wish, client_id=client, preflight=preflight, by=CLIENT, now=at)


def changes(deployment: Deployment, number: str) -> list[OrderChange]:
    with deployment.store.reading() as uow:
        return uow.changes.of_order(deployment.rows.order_id(number))


def payment_of(deployment: Deployment, number: str) -> Any:
    row = deployment.rows.order(number)
    return KEYS.open_order(row.sealed, row.number).payment


def failed(deployment: Deployment, batch: str, *numbers: str) -> None:
    lines = tuple(ResultLine(n + 2, number, "failed") for n, number in enumerate(numbers))
    import_results(deployment.store, batch, ResultFile(lines, (), "0" * 64), by=IT, now=HALF_PAST)


def test_an_order_that_no_batch_has_is_cancelled_at_once_and_stays_out_of_files(deployment: Deployment):
    first, second = deployment.door.some(2)
    asked = asks(deployment, first, CANCEL)
    assert (asked.number, asked.change.effect, asked.replayed) == (first, "applied", False)
    assert deployment.rows.states([first, second]) == ["cancelled", "accepted"]
    assert deployment.rows.order(first).state_reason == "渠道取消"
    (kept,) = changes(deployment, first)
    assert "顾客" not in str(kept.model_dump()) + repr(deployment.rows.order(first).model_dump())  # it rests sealed
    assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST)).name) == [second]
    assert deployment.rows.balanced()


def test_a_held_order_is_cancelled_at_once(deployment: Deployment):
    (number,) = deployment.door.some(1)
    with deployment.store.writing() as uow:
        uow.orders.hold([deployment.rows.order_id(number)], kind=HeldKind.LOOK_ALIKE, looks_like=None, reason="x")
    assert asks(deployment, number, CANCEL).change.effect == "applied"
    assert deployment.rows.states([number]) == ["cancelled"]


def test_a_payment_goes_into_the_file_and_what_was_accepted_stays_beside_it(deployment: Deployment):
    (number,) = deployment.door.some(1, **UNPAID)
    assert asks(deployment, number, PAID).change.effect == "applied"
    assert (payment_of(deployment, number).status, payment_of(deployment, number).transaction_id) == ("paid", "4200777")
    row = deployment.rows.order(number)
    assert KEYS.open_order(row.sealed_original or b"", number).payment == replace(
        payment_of(deployment, number), status="unpaid", paid_at=None, transaction_id=None
    )
    header, order = deployment.maker.csv_of(published(deployment.maker.run(HALF_PAST)).name)
    said = dict(zip(header, order, strict=True))
    assert (said["付款状态"], said["支付单号"], said["付款时间"]) == ("已付款", "4200777", "2026-11-22 10:05:00")


def test_an_order_that_was_held_for_its_payment_goes_out_with_the_next_batch(deployment: Deployment):
    (number,) = deployment.door.some(1, **UNPAID)
    with deployment.store.writing() as uow:
        uow.orders.hold([deployment.rows.order_id(number)], kind=HeldKind.UNPAID, looks_like=None, reason="未付款")
    asks(deployment, number, PAID)
    assert deployment.rows.states([number]) == ["accepted"]
    assert deployment.maker.numbers_in(published(deployment.maker.run(HALF_PAST + minutes(30))).name) == [number]


def test_an_order_that_is_held_for_something_else_stays_held_and_is_paid(deployment: Deployment):
    (number,) = deployment.door.some(1, **UNPAID)
    with deployment.store.writing() as uow:
        uow.orders.hold([deployment.rows.order_id(number)], kind=HeldKind.LOOK_ALIKE, looks_like=None, reason="x")
    asks(deployment, number, PAID)
    assert deployment.rows.states([number]) == ["held"]
    assert payment_of(deployment, number).status == "paid"


@pytest.mark.parametrize("wish", [CANCEL, PAID], ids=["cancel", "paid"])
def test_once_a_file_has_the_order_the_change_is_noted_and_the_order_left_alone(deployment: Deployment, wish: Wish):
    (number,) = deployment.door.some(1, **UNPAID)
    batch = published(deployment.maker.run(HALF_PAST)).name
    before = deployment.rows.order(number)
    asked = asks(deployment, number, wish)
    after = deployment.rows.order(number)
    assert asked.change.effect == asked.change.state == "noted"
    assert (after.state, after.sealed) == ("batched", before.sealed)
    with deployment.store.reading() as uow:
        (waits,) = uow.changes.page(after=None, limit=10)
    assert (waits.order_number, waits.batch, waits.row.asked_by) == (number, batch, CLIENT.name)


def test_what_the_main_system_has_is_noted_also_where_no_file_brought_it(deployment: Deployment):
    (number,) = deployment.door.some(1)
    with deployment.store.writing() as uow:
        uow.orders.move(
            [deployment.rows.order_id(number)], OrderState.HELD, held_kind=HeldKind.LOOK_ALIKE, state_reason="x"
        )
        uow.orders.move([deployment.rows.order_id(number)], OrderState.DUPLICATE, main_order_number="SO-1")
    assert asks(deployment, number, CANCEL).change.effect == "noted"


def test_a_retry_is_answered_the_same_whatever_has_happened_since(deployment: Deployment):
    (number,) = deployment.door.some(1)
    first = asks(deployment, number, CANCEL)
    again = asks(deployment, number, CANCEL, at=HALF_PAST + minutes(90))
    assert again.replayed
    assert (again.change.effect, again.change.asked_at) == (first.change.effect, first.change.asked_at)
    assert len(changes(deployment, number)) == 1


def test_a_noted_change_that_was_settled_is_answered_as_at_first(deployment: Deployment):
    (number,) = deployment.door.some(1)
    deployment.maker.run(HALF_PAST)
    change = asks(deployment, number, CANCEL).change
    with deployment.store.writing() as uow:
        settle_change(uow, change.id or 0, done=True, reason="", by=OPS, now=HALF_PAST)
    assert asks(deployment, number, CANCEL).change.effect == "noted"


def test_of_two_that_ask_at_once_one_is_a_replay(deployment: Deployment):
    (number,) = deployment.door.some(1)
    both = threading.Barrier(2)
    answers: list[AnsweredChange] = []

    def one() -> None:
        both.wait()
        answers.append(asks(deployment, number, CANCEL))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.replayed for answer in answers) == [False, True]
    assert len(changes(deployment, number)) == 1
    assert deployment.rows.balanced()


@pytest.mark.parametrize(
    ("wish", "other"),
    [
        (CANCEL, replace(CANCEL, reason="地址错了")),
        (PAID, replace(PAID, transaction_id="4200778")),
        (PAID, replace(PAID, amount_fen=None)),
        (PAID, replace(PAID, paid_at=TEN)),
    ],
)
def test_the_same_change_told_otherwise_is_refused(deployment: Deployment, wish: Wish, other: Wish):
    (number,) = deployment.door.some(1, **UNPAID)
    asks(deployment, number, wish)
    with pytest.raises(ChangeConflict):
        asks(deployment, number, other)
    (kept,) = changes(deployment, number)
    assert open_wish(KEYS, kept, number) == wish


def test_another_storefronts_order_is_unknown(deployment: Deployment):
    (number,) = deployment.door.some(1)
    with pytest.raises(NotFound):
        asks(deployment, number, CANCEL, client="c2")
    assert deployment.rows.states([number]) == ["accepted"]


def test_an_order_that_a_person_has_closed_is_not_changed_any_more(deployment: Deployment):
    rejected, cancelled = deployment.door.some(2, **UNPAID)
    with deployment.store.writing() as uow:
        uow.orders.hold([deployment.rows.order_id(rejected)], kind=HeldKind.UNPAID, looks_like=None, reason="x")
        reject(uow, rejected, reason="不做", by=IT, now=TEN)
        cancel(uow, cancelled, reason="不要", by=IT, now=TEN)
    for number, wish in ((rejected, CANCEL), (rejected, PAID), (cancelled, PAID)):
        with pytest.raises(NotInThisState):
            asks(deployment, number, wish)
    assert asks(deployment, cancelled, CANCEL).change.effect == "applied"


@pytest.mark.parametrize(
    ("payment", "refused"),
    [
        ({"status": "cod"}, NotInThisState),
        ({"status": "paid", "transaction_id": "9"}, NotInThisState),
        ({"status": "paid", "transaction_id": "4200777"}, None),
        ({"status": "paid"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_what_is_paid_on_delivery_or_was_paid_otherwise_is_refused(
    deployment: Deployment, payment: object, refused: type[Exception] | None
):
    (number,) = deployment.door.some(1, payment=payment)
    if refused is None:
        assert asks(deployment, number, PAID).change.effect == "applied"
        assert payment_of(deployment, number).status == "paid"
        return
    with pytest.raises(refused):
        asks(deployment, number, PAID)
    assert changes(deployment, number) == []


def test_an_order_that_was_paid_already_needs_no_note(deployment: Deployment):
    (number,) = deployment.door.some(1, payment={"status": "paid", "transaction_id": "4200777"})
    deployment.maker.run(HALF_PAST)
    assert asks(deployment, number, PAID).change.effect == "applied"


def test_a_payment_of_another_sum_is_refused(deployment: Deployment):
    (number,) = deployment.door.some(1, **UNPAID)
    with pytest.raises(InvalidOrder) as refused:
        asks(deployment, number, replace(PAID, amount_fen=9_999))
    assert [error.pointer for error in refused.value.errors] == ["/amount"]


def test_a_payment_of_an_order_that_nobody_can_read_waits_for_a_person(deployment: Deployment):
    (number,) = deployment.door.some(1)
    with deployment.store.writing() as uow:
        uow.changes.reseal(uow.orders.numbered(number), b"rubbish")
    asked = asks(deployment, number, PAID)
    assert (asked.change.effect, asked.change.batch_id) == ("noted", None)


def test_every_step_is_in_the_audit_and_on_the_orders_way(deployment: Deployment):
    (number,) = deployment.door.some(1)
    deployment.maker.run(HALF_PAST)
    change = asks(deployment, number, CANCEL).change
    with deployment.store.writing() as uow:
        settle_change(uow, change.id or 0, done=False, reason="已发货", by=OPS, now=HALF_PAST)
    with deployment.store.reading() as uow:
        deeds = [(deed.action, deed.actor, deed.way) for deed in uow.audit.of(number)]
    assert deeds == [
        ("order.client_cancel", CLIENT.name, "http"),
        ("order.settle_change", OPS.name, "console"),
    ]


def test_a_cancellation_that_was_followed_ends_an_order_that_is_not_home(deployment: Deployment):
    (number,) = deployment.door.some(1)
    deployment.maker.run(HALF_PAST)
    change = asks(deployment, number, CANCEL).change
    with deployment.store.writing() as uow:
        settle_change(uow, change.id or 0, done=True, reason="", by=OPS, now=HALF_PAST)
    assert deployment.rows.states([number]) == ["cancelled"]
    assert deployment.rows.balanced()
    with deployment.store.writing() as uow, pytest.raises(NotInThisState):
        settle_change(uow, change.id or 0, done=True, reason="", by=OPS, now=HALF_PAST)


def test_an_imported_order_stays_imported_when_it_is_cancelled_there(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = published(deployment.maker.run(HALF_PAST)).name
    line = ResultLine(2, number, "imported", "SO-1")
    import_results(deployment.store, batch, ResultFile((line,), (), "0" * 64), by=IT, now=HALF_PAST)
    change = asks(deployment, number, CANCEL).change
    assert change.effect == "noted"
    with deployment.store.writing() as uow:
        settle_change(uow, change.id or 0, done=True, reason="", by=OPS, now=HALF_PAST)
    assert deployment.rows.states([number]) == ["imported"]


def test_a_refusal_needs_a_reason(deployment: Deployment):
    (number,) = deployment.door.some(1)
    deployment.maker.run(HALF_PAST)
    change = asks(deployment, number, CANCEL).change
    with deployment.store.writing() as uow, pytest.raises(NotInThisState):
        settle_change(uow, change.id or 0, done=False, reason="  ", by=OPS, now=HALF_PAST)
    with deployment.store.writing() as uow, pytest.raises(NotFound):
        settle_change(uow, 999, done=True, reason="", by=OPS, now=HALF_PAST)


# ---- repairs -----------------------------------------------------------------------------------------------------------


def test_a_repair_brings_what_was_paid_and_leaves_out_what_was_cancelled(deployment: Deployment):
    gone, paid, other = deployment.door.some(3, **UNPAID)
    batch = published(deployment.maker.run(HALF_PAST)).name
    failed(deployment, batch, gone, paid, other)
    asks(deployment, gone, CANCEL)
    asks(deployment, paid, PAID)
    (repair,) = [deployment.maker.repair(batch, by=IT, now=HALF_PAST)]
    header, *rows = deployment.maker.csv_of(published([repair]).name)  # type: ignore[list-item]
    said = {row[0]: row[header.index("付款状态")] for row in rows}
    assert said == {paid: "已付款", other: "未付款"}
    assert deployment.rows.states([gone, paid, other]) == ["cancelled", "batched", "batched"]
    assert [one.state for number in (gone, paid) for one in changes(deployment, number)] == ["applied", "applied"]
    assert deployment.rows.balanced()


def test_a_repair_of_nothing_but_cancelled_orders_is_none(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = published(deployment.maker.run(HALF_PAST)).name
    failed(deployment, batch, number)
    asks(deployment, number, CANCEL)
    deployment.maker.repair(batch, by=IT, now=HALF_PAST)
    assert deployment.rows.states([number]) == ["cancelled"]
    with deployment.store.reading() as uow:
        assert uow.batches.all_unfinished() == []
        assert len(uow.batches.page()) == 1


@LEFT_OPEN
def test_what_a_repair_was_to_bring_waits_again_where_the_first_file_was_imported_after_all(deployment: Deployment):
    (number,) = deployment.door.some(1, **UNPAID)
    batch = published(deployment.maker.run(HALF_PAST)).name
    failed(deployment, batch, number)
    asks(deployment, number, PAID)
    assert dies(
        deployment,
        2,
        lambda store, disk: deployment.maker.build(store=store, disk=disk).repair(batch, by=IT, now=HALF_PAST),
    )
    assert changes(deployment, number)[0].state == ChangeState.APPLIED
    line = ResultLine(2, number, "imported", "SO-1")
    import_results(deployment.store, batch, ResultFile((line,), (), "1" * 64), by=IT, now=HALF_PAST)
    deployment.maker.run(HALF_PAST + minutes(5))
    (change,) = changes(deployment, number)
    assert (change.state, change.batch_id) == ("noted", deployment.maker.batch(batch).id)
