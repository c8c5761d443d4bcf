"""A final word can be corrected by a named person, with a reason, and the books stay balanced."""

import pytest

from app.domain.problems import NotFound, NotInThisState
from app.domain.states import OrderState as S
from app.handback.import_results import import_results
from app.handback.result_lines import Result, ResultFile, ResultLine
from app.orders import decide
from app.orders.correct import correct, may_correct
from app.orders.timeline import main_numbers_of, time_line
from app.reconcile.incidents import close_incident
from app.store.ledger import ledger_of
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, OPS, minutes
from tests.deployment.maker import published

LATER = HALF_PAST + minutes(60)


def cut(deployment: Deployment) -> str:
    return published(deployment.maker.run(HALF_PAST, by=IT)).name


def hear(deployment: Deployment, batch: str, number: str, result: Result, *mains: str, reason: str | None = None):
    line = ResultLine(2, number, result, mains[0] if mains else None, reason, mains[1:])
    return import_results(deployment.store, batch, ResultFile((line,), (), "a" * 64), by=IT, now=HALF_PAST)


def put(deployment: Deployment, number: str, to: S, main: str | None = None, reason: str = "导错了") -> None:
    with deployment.store.writing() as uow:
        correct(uow, number, to=to, main=main, reason=reason, by=OPS, now=LATER)


def refused(deployment: Deployment, number: str, to: S, main: str | None = None, reason: str = "x") -> str:
    with pytest.raises(NotInThisState) as caught:
        put(deployment, number, to, main, reason)
    return caught.value.detail


def numbers_in_main(deployment: Deployment, number: str) -> list[str]:
    with deployment.store.reading() as uow:
        return main_numbers_of(uow, uow.orders.numbered(number))


def ledger_agrees(deployment: Deployment) -> None:
    """The counts kept when orders moved are those that are found row by row."""
    with deployment.store.reading() as uow:
        incident = uow.incidents.get(1)
        kept = dict(uow.ledger._kept(1))  # noqa: SLF001 - what a large incident is reckoned from
        full = uow.ledger.of(incident, full=True)
    for state in set(S) - {S.ACCEPTED}:
        assert kept.get(state, 0) == getattr(full, state.value), state
    assert full.balanced


@pytest.mark.parametrize("before", ["imported", "duplicate"])
@pytest.mark.parametrize("to", [S.IMPORTED, S.DUPLICATE, S.REJECTED, S.CANCELLED, S.BATCHED])
def test_a_final_word_becomes_any_other(deployment: Deployment, before: Result, to: S):
    (number,) = deployment.door.some(1)
    hear(deployment, cut(deployment), number, before, "M1")
    if to == before:
        assert "没有要更正的" in refused(deployment, number, to)
        return
    put(deployment, number, to)
    row = deployment.rows.order(number)
    home = to in (S.IMPORTED, S.DUPLICATE)
    assert (row.state, row.main_order_number) == (to, "M1" if home else None)
    assert row.settled_at == (None if to is S.BATCHED else LATER)
    assert row.state_reason == ("导错了" if to in (S.REJECTED, S.CANCELLED) else None)
    assert numbers_in_main(deployment, number) == (["M1"] if home else [])
    ledger_agrees(deployment)


def test_a_correction_is_recorded_and_on_the_time_line(deployment: Deployment):
    (number,) = deployment.door.some(1)
    hear(deployment, cut(deployment), number, "imported", "M1")
    put(deployment, number, S.DUPLICATE, "M7", reason="客服已手工建单")
    with deployment.store.reading() as uow:
        (deed,) = uow.audit.of(number, "order.correct")
        events = time_line(uow, uow.orders.numbered(number))
    assert (deed.actor, deed.detail["from"], deed.detail["to"], deed.detail["reason"]) == (
        "ops",
        "imported",
        "duplicate",
        "客服已手工建单",
    )
    assert events[-1].event == "correct"
    assert events[-1].detail == "人工更正：已导入主系统 M1 → 重复单 M7，原因：客服已手工建单"
    assert numbers_in_main(deployment, number) == ["M7"]


def test_the_number_alone_can_be_corrected(deployment: Deployment):
    (number,) = deployment.door.some(1)
    hear(deployment, cut(deployment), number, "imported", "M1", "M2")
    assert numbers_in_main(deployment, number) == ["M1", "M2"]
    put(deployment, number, S.IMPORTED, "M9")
    assert (numbers_in_main(deployment, number), deployment.rows.states([number])) == (["M9"], ["imported"])
    assert "没有要更正的" in refused(deployment, number, S.IMPORTED, "M9")


def test_what_a_person_closed_can_turn_out_to_be_imported(deployment: Deployment):
    first, second = deployment.door.some(2)
    cut(deployment)
    with deployment.store.writing() as uow:
        decide.cancel(uow, first, reason="顾客取消", by=OPS, now=HALF_PAST)
        decide.reject(uow, second, reason="导不进", by=OPS, now=HALF_PAST)
    put(deployment, first, S.IMPORTED, "M1")
    put(deployment, second, S.IMPORTED, "M2")
    assert deployment.rows.states([first, second]) == ["imported", "imported"]
    assert deployment.rows.order(first).state_reason is None
    ledger_agrees(deployment)


def test_an_order_without_a_final_word_has_nothing_to_correct(deployment: Deployment):
    (number,) = deployment.door.some(1)
    assert "还没有可更正的结果" in refused(deployment, number, S.IMPORTED)
    cut(deployment)
    assert "没有要更正的" in refused(deployment, number, S.BATCHED)
    with pytest.raises(NotFound):
        put(deployment, "LB000000000001H", S.IMPORTED)


def test_a_correction_needs_a_reason_and_a_number_only_where_there_can_be_one(deployment: Deployment):
    (number,) = deployment.door.some(1)
    hear(deployment, cut(deployment), number, "imported", "M1")
    assert "原因" in refused(deployment, number, S.REJECTED, reason="  ")
    assert "主系统单号" in refused(deployment, number, S.REJECTED, "M1")
    assert deployment.rows.states([number]) == ["imported"]


def test_an_order_goes_back_only_into_a_batch_that_it_is_in(deployment: Deployment):
    (number,) = deployment.door.some(1)
    with deployment.store.writing() as uow:
        decide.cancel(uow, number, reason="顾客取消", by=OPS, now=HALF_PAST)
    assert "不在任何已发布的批次" in refused(deployment, number, S.BATCHED)


def test_an_order_put_back_can_fail_and_be_repaired_and_a_second_upload_does_not_undo_it(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = cut(deployment)
    hear(deployment, batch, number, "imported", "M1")
    put(deployment, number, S.BATCHED)
    assert len(hear(deployment, batch, number, "imported", "M1").conflicts) == 1
    assert deployment.rows.states([number]) == ["batched"]
    assert hear(deployment, batch, number, "failed", reason="缺货").applied == 1
    repaired = published([deployment.maker.repair(batch, by=IT, now=LATER)])
    assert hear(deployment, repaired.name, number, "imported", "M2").applied == 1
    assert (numbers_in_main(deployment, number), deployment.rows.states([number])) == (["M2"], ["imported"])
    ledger_agrees(deployment)


def test_an_incident_that_is_closed_can_still_be_corrected(deployment: Deployment):
    (number,) = deployment.door.some(1)
    hear(deployment, cut(deployment), number, "imported", "M1")
    close_incident(
        deployment.store, None, drill=False, spool_dir=deployment.folder / "spool", force=False, by=OPS, now=LATER
    )
    with deployment.store.reading() as uow:
        incident = uow.incidents.get(1)
    assert incident.closed_at is not None
    assert may_correct(incident)
    put(deployment, number, S.DUPLICATE)
    assert ledger_of(deployment.store, spool_dir=deployment.folder / "spool", incident=incident.name).balanced
