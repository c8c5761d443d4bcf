"""A word that contradicts what is known waits for a person, once, and is settled by one decision."""

import pytest

from app.domain.problems import NotFound, NotInThisState
from app.domain.states import OrderState
from app.handback.import_results import Report, import_results
from app.handback.result_lines import Result, ResultFile, ResultLine
from app.orders.contradictions import Decision, settle_contradiction
from app.orders.correct import correct
from app.orders.timeline import time_line
from app.store.repositories.contradictions import ContradictionRow
from app.store.spool.file import SpoolCounts
from app.watch.rule import Situation, WatchPolicy
from app.watch.rules.contradictions_open import CONTRADICTIONS_OPEN
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, OPS, minutes
from tests.deployment.maker import published

LATER = HALF_PAST + minutes(60)


def line(number: str, result: Result, main: str | None = None, reason: str | None = None, row: int = 2) -> ResultLine:
    return ResultLine(row, number, result, main, reason)


def hear(deployment: Deployment, batch: str, *lines: ResultLine, at: float = 10) -> Report:
    file = ResultFile(lines, (), "a" * 64)
    return import_results(deployment.store, batch, file, by=IT, now=HALF_PAST + minutes(at))


def waiting(deployment: Deployment, *, everything: bool = False) -> list[ContradictionRow]:
    with deployment.store.reading() as uow:
        return uow.contradictions.page(everything=everything, after=None, limit=100)


def settle(deployment: Deployment, number: int, decision: Decision) -> None:
    with deployment.store.writing() as uow:
        settle_contradiction(uow, number, decision, reason="已核实", by=OPS, now=LATER)


def home(deployment: Deployment) -> tuple[str, str]:
    """Return an order that is imported as M1, and its batch."""
    (number,) = deployment.door.some(1)
    batch = published(deployment.maker.run(HALF_PAST, by=IT)).name
    hear(deployment, batch, line(number, "imported", "M1"))
    return number, batch


def test_a_contradiction_waits_once_however_often_it_is_uploaded(deployment: Deployment):
    number, batch = home(deployment)
    for at in (20, 30):
        assert len(hear(deployment, batch, line(number, "imported", "M2", "重导"), at=at).conflicts) == 1
    (one,) = waiting(deployment)
    assert (one.order_number, one.batch) == (number, batch)
    row = one.row
    assert (row.known, row.known_main, row.said, row.said_main) == ("imported", "M1", "imported", "M2")
    assert (row.reason, row.reported_by, row.reported_at) == ("重导", "it", HALF_PAST + minutes(20))
    hear(deployment, batch, line(number, "failed", None, "x"))
    assert [one.row.said for one in waiting(deployment)] == ["imported", "failed"]
    with deployment.store.reading() as uow:
        assert uow.contradictions.open_count() == 2


def test_open_contradictions_are_told_until_they_are_settled(deployment: Deployment):
    number, batch = home(deployment)
    situation = Situation(
        store=deployment.store,
        now=LATER,
        policy=WatchPolicy(
            batch_every=minutes(30), coupons_wanted=False, coupon_low_at=0, sms_per_day=1, sms_per_client_per_day=1
        ),
        folders=(),
        spool=SpoolCounts,
    )
    assert list(CONTRADICTIONS_OPEN.find(situation)) == []
    hear(deployment, batch, line(number, "imported", "M2"))
    (trouble,) = CONTRADICTIONS_OPEN.find(situation)
    assert (trouble.code, "1 条" in trouble.text) == ("contradictions_open", True)
    settle(deployment, waiting(deployment)[0].row.id, "keep")
    assert list(CONTRADICTIONS_OPEN.find(situation)) == []


def test_to_keep_leaves_the_order_and_the_same_word_does_not_come_back(deployment: Deployment):
    number, batch = home(deployment)
    hear(deployment, batch, line(number, "imported", "M2"))
    settle(deployment, waiting(deployment)[0].row.id, "keep")
    row = deployment.rows.order(number)
    assert (row.state, row.main_order_number, waiting(deployment)) == ("imported", "M1", [])
    assert len(hear(deployment, batch, line(number, "imported", "M2")).conflicts) == 1
    assert waiting(deployment) == []
    (settled,) = waiting(deployment, everything=True)
    assert (settled.row.settlement, settled.row.settled_by, settled.row.settled_at) == ("kept", "ops", LATER)


def test_to_take_corrects_the_order(deployment: Deployment):
    number, batch = home(deployment)
    hear(deployment, batch, line(number, "imported", "M2"))
    settle(deployment, waiting(deployment)[0].row.id, "take")
    row = deployment.rows.order(number)
    assert (row.state, row.main_order_number) == ("imported", "M2")
    assert [one.row.settlement for one in waiting(deployment, everything=True)] == ["corrected"]
    with deployment.store.reading() as uow:
        assert [event.event for event in time_line(uow, row)][-2:] == ["correct", "settle_contradiction"]
        assert len(uow.audit.of(number, "order.settle_contradiction")) == 1


def test_to_take_a_failure_brings_the_order_into_a_repair_batch(deployment: Deployment):
    number, batch = home(deployment)
    hear(deployment, batch, line(number, "failed", None, "缺货"))
    settle(deployment, waiting(deployment)[0].row.id, "take")
    assert deployment.rows.states([number]) == ["batched"]
    repaired = published([deployment.maker.repair(batch, by=IT, now=LATER)])
    assert deployment.maker.numbers_in(repaired.name) == [number]
    assert deployment.rows.balanced()


def test_an_upload_that_contradicts_itself_asks_for_both_and_is_settled_by_one(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = published(deployment.maker.run(HALF_PAST, by=IT)).name
    hear(deployment, batch, line(number, "imported", "M1"), line(number, "failed", None, "缺货", row=3))
    first, second = waiting(deployment)
    assert [(one.row.known, one.row.said) for one in (first, second)] == [
        ("batched", "imported"),
        ("batched", "failed"),
    ]
    settle(deployment, first.row.id, "take")
    assert deployment.rows.states([number]) == ["imported"]
    assert [one.row.settlement for one in waiting(deployment, everything=True)] == ["corrected", "kept"]


def test_the_other_half_may_be_taken_too(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = published(deployment.maker.run(HALF_PAST, by=IT)).name
    hear(deployment, batch, line(number, "imported", "M1"), line(number, "failed", None, "缺货", row=3))
    settle(deployment, waiting(deployment)[1].row.id, "take")
    assert deployment.rows.states([number]) == ["batched"]
    with deployment.store.reading() as uow:
        assert uow.results.failed_in(1) == [deployment.rows.order(number).id]
    assert waiting(deployment) == []


def test_to_correct_an_order_to_what_was_said_settles_it(deployment: Deployment):
    number, batch = home(deployment)
    hear(deployment, batch, line(number, "imported", "M2"))
    hear(deployment, batch, line(number, "imported", "M3"))
    with deployment.store.writing() as uow:
        correct(uow, number, to=OrderState.IMPORTED, main="M2", reason="核实", by=OPS, now=LATER)
    assert [one.row.said_main for one in waiting(deployment)] == ["M3"]


def test_a_contradiction_is_settled_once(deployment: Deployment):
    number, batch = home(deployment)
    hear(deployment, batch, line(number, "imported", "M2"))
    row_id = waiting(deployment)[0].row.id
    settle(deployment, row_id, "keep")
    with pytest.raises(NotInThisState):
        settle(deployment, row_id, "take")
    with pytest.raises(NotFound):
        settle(deployment, 999, "take")
    assert deployment.rows.order(number).main_order_number == "M1"


def test_what_is_known_may_come_again_in_any_order(deployment: Deployment):
    """A batch was imported twice, and the two answers come in either order: one import, one number."""
    first, second = deployment.door.some(2)
    batch = published(deployment.maker.run(HALF_PAST, by=IT)).name
    there = [line(number, "duplicate", f"M-{number}") for number in (first, second)]
    done = [line(number, "imported", f"M-{number}") for number in (first, second)]
    hear(deployment, batch, there[0], done[1])
    report = hear(deployment, batch, done[0], there[1])
    assert (report.applied, report.unchanged, report.conflicts) == (1, 1, [])
    assert deployment.rows.states([first, second]) == ["imported", "imported"]
    assert deployment.rows.balanced()
    assert waiting(deployment) == []


def test_split_and_merged_orders_are_kept_as_such_and_pointed_out(deployment: Deployment):
    first, second, third = deployment.door.some(3)
    batch = published(deployment.maker.run(HALF_PAST, by=IT)).name
    report = hear(
        deployment,
        batch,
        line(first, "imported", "JST-1"),
        line(first, "imported", "JST-2", row=3),
        line(second, "imported", "JST-9", row=4),
        line(third, "imported", "JST-9", row=5),
    )
    assert report.applied == 3
    assert [(w.order_number, w.code) for w in report.warnings] == [
        (first, "split"),
        (second, "merged"),
        (third, "merged"),
    ]
    with deployment.store.reading() as uow:
        assert uow.results.main_numbers([deployment.rows.order(first).id]) == {
            deployment.rows.order(first).id: ["JST-1", "JST-2"]
        }
    again = hear(deployment, batch, line(first, "imported", "JST-2"))
    assert (again.unchanged, again.conflicts) == (1, [])


def test_a_merged_order_is_pointed_out_once_and_not_with_each_word_of_it(deployment: Deployment):
    first, second = deployment.door.some(2)
    batch = published(deployment.maker.run(HALF_PAST, by=IT)).name
    there = hear(deployment, batch, line(first, "duplicate", "M1"), line(second, "duplicate", "M1", row=3))
    assert [w.code for w in there.warnings] == ["merged", "merged"]
    done = hear(deployment, batch, line(first, "imported", "M1"), line(second, "imported", "M1", row=3))
    assert (done.applied, done.warnings, done.conflicts) == (2, [], [])


def test_a_true_number_completes_an_import_without_one(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = published(deployment.maker.run(HALF_PAST, by=IT)).name
    hear(deployment, batch, line(number, "imported"))
    assert hear(deployment, batch, line(number, "imported", "M1")) == Report(applied=1)
    row = deployment.rows.order(number)
    assert (row.state, row.main_order_number) == ("imported", "M1")
