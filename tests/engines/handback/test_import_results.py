"""What the main system says is kept once, whether it comes twice, in part or out of order, on both engines."""

import pytest
from sqlalchemy import event

from app.batch.maker import Published
from app.domain.problems import ConfirmationRequired, NotFound, NotInThisState
from app.domain.states import OrderState
from app.files.disk import Disk
from app.files.layouts.registry import shipped_layouts
from app.files.read_back import numbers_by_row
from app.handback.check_results import check_results
from app.handback.headings import shipped_headings
from app.handback.import_results import Conflict, How, Report, Unmatched, import_results
from app.handback.read_results import Rest, read_results
from app.handback.result_lines import BadLine, Result, ResultFile, ResultLine
from app.handback.verdict import ReportedResult
from app.store.tables import ImportResult
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT, minutes


def cut(deployment: Deployment) -> str:
    (outcome,) = deployment.maker.run(HALF_PAST, by=IT)
    assert isinstance(outcome, Published)
    return outcome.name


def line(number: str, result: Result, main: str | None = None, reason: str | None = None) -> ResultLine:
    return ResultLine(2, number, result, main, reason)


def upload(deployment: Deployment, batch: str, *lines: ResultLine, **more: object) -> Report:
    file = ResultFile(lines, **{"bad": (), "sha256": "a" * 64, **more})  # type: ignore[arg-type]
    return import_results(deployment.store, batch, file, by=IT, now=HALF_PAST + minutes(10))


def words(deployment: Deployment, number: str) -> list[ImportResult]:
    with deployment.store.reading() as uow:
        return uow.results.of_order(deployment.rows.order(number).id)


def test_orders_come_home(deployment: Deployment):
    first, second, third = deployment.door.some(3)
    batch = cut(deployment)
    report = upload(
        deployment,
        batch,
        line(first, "imported", "M1"),
        line(second, "duplicate", "M2"),
        line(third, "failed", None, "x"),
    )
    assert report == Report(applied=3)
    assert deployment.rows.states([first, second, third]) == ["imported", "duplicate", "batched"]
    row = deployment.rows.order(first)
    assert (row.main_order_number, row.settled_at) == ("M1", HALF_PAST + minutes(10))
    assert (deployment.rows.order(third).settled_at, deployment.rows.order(third).main_order_number) == (None, None)
    (word,) = words(deployment, third)
    assert (word.result, word.reason, word.reported_by) == ("failed", "x", "it")
    assert deployment.rows.balanced()
    with deployment.store.reading() as uow:
        assert uow.results.failed_in(1) == [deployment.rows.order(third).id]
        assert uow.results.counts(1) == {"imported": 1, "duplicate": 1, "failed": 1}
        assert uow.results.counts_of_each([1, 2]) == {1: uow.results.counts(1)}
        assert uow.results.counts_of_each([]) == {}
        (deed,) = uow.audit.of(batch, "results.import")
    assert deed.detail == {"sha256": "a" * 64, "applied": 3, "unchanged": 0, "unmatched": 0, "conflicts": 0}


def test_the_same_upload_twice_changes_nothing(deployment: Deployment):
    numbers = deployment.door.some(3)
    batch = cut(deployment)
    lines = [line(numbers[0], "imported", "M1"), line(numbers[1], "duplicate"), line(numbers[2], "failed", None, "x")]
    upload(deployment, batch, *lines)
    assert upload(deployment, batch, *reversed(lines)) == Report(unchanged=3)
    assert [len(words(deployment, number)) for number in numbers] == [1, 1, 1]


def test_an_upload_in_parts_and_out_of_order_ends_the_same(deployment: Deployment):
    numbers = deployment.door.some(2)
    batch = cut(deployment)
    upload(deployment, batch, line(numbers[1], "imported"))
    assert upload(deployment, batch, line(numbers[1], "imported", "M9"), line(numbers[0], "imported", "M8")) == Report(
        applied=2
    )
    assert [deployment.rows.order(number).main_order_number for number in numbers] == ["M8", "M9"]


def test_a_failed_order_that_came_home_after_all_is_home(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = cut(deployment)
    upload(deployment, batch, line(number, "failed"))
    assert upload(deployment, batch, line(number, "imported", "M1")) == Report(applied=1)
    assert deployment.rows.states([number]) == ["imported"]


def test_a_contradiction_is_shown_with_both_words_and_changes_nothing(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = cut(deployment)
    upload(deployment, batch, line(number, "imported", "M1"))
    for said in (line(number, "failed", None, "x"), line(number, "duplicate", "M2"), line(number, "imported", "M2")):
        report = upload(deployment, batch, said)
        now_said = ReportedResult(said.result, said.main_order_number, said.reason)
        assert report == Report(conflicts=[Conflict(2, number, ReportedResult("imported", "M1"), now_said)])
    assert (deployment.rows.states([number]), len(words(deployment, number))) == (["imported"], 1)


def test_an_order_that_a_person_cancelled_and_the_main_system_imported_is_a_contradiction(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = cut(deployment)
    with deployment.store.writing() as uow:
        uow.orders.move([uow.orders.numbered(number).id], OrderState.CANCELLED)
    report = upload(deployment, batch, line(number, "imported", "M1"))
    assert report.conflicts == [Conflict(2, number, ReportedResult("cancelled"), ReportedResult("imported", "M1"))]
    assert deployment.rows.states([number]) == ["cancelled"]


def test_rows_of_one_order_that_disagree_are_reported(deployment: Deployment):
    (number,) = deployment.door.some(1)
    batch = cut(deployment)
    report = upload(deployment, batch, line(number, "imported"), ResultLine(3, number, "failed"))
    assert report == Report(conflicts=[Conflict(3, number, ReportedResult("imported"), ReportedResult("failed"))])
    assert deployment.rows.states([number]) == ["batched"]


def test_lines_of_strangers_are_named(deployment: Deployment):
    (ours,) = deployment.door.some(1)
    batch = cut(deployment)
    (other,) = deployment.door.some(1, at=HALF_PAST)
    cut(deployment)
    never = deployment.door.new("never taken").number
    report = upload(
        deployment,
        batch,
        line(ours, "imported"),
        line(other, "imported"),
        line(never, "imported"),
        line("LB1", "failed"),
        bad=(BadLine(9, "结果", "missing_result", "结果为空"),),
    )
    assert report.applied == 1
    assert [(u.order_number, u.code) for u in report.unmatched] == [
        ("", "missing_result"),
        (other, "other_batch"),
        (never, "unknown_number"),
        ("LB1", "bad_number"),
    ]
    assert report.unmatched[0] == Unmatched(9, "", "missing_result", "结果为空", "结果")
    assert deployment.rows.states([other]) == ["batched"]


def test_an_order_taken_over_by_a_repair_batch_may_still_come_home_by_the_old_one(deployment: Deployment):
    first, second = deployment.door.some(2)
    batch = cut(deployment)
    upload(deployment, batch, line(first, "failed"), line(second, "failed"))
    repaired = deployment.maker.repair(batch, by=IT, now=HALF_PAST)
    assert isinstance(repaired, Published)
    assert upload(deployment, batch, line(first, "imported", "M1"), line(second, "failed", None, "again")) == Report(
        applied=1, unchanged=1
    )
    assert deployment.rows.states([first, second]) == ["imported", "batched"]
    assert upload(deployment, repaired.name, line(second, "failed")) == Report(applied=1)
    again = deployment.maker.repair(repaired.name, by=IT, now=HALF_PAST)
    assert isinstance(again, Published)
    assert deployment.maker.numbers_in(again.name) == [second]
    assert upload(deployment, again.name, line(second, "imported")) == Report(applied=1)
    assert upload(deployment, batch, line(second, "failed")) == Report(unchanged=1)
    assert deployment.rows.balanced()


def test_row_errors_of_an_erp_program_fail_their_orders_and_the_rest_is_home_if_said_so(deployment: Deployment):
    numbers = deployment.door.take_in_turn(
        deployment.door.new(items=[{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1}]),
        deployment.door.new(),
        deployment.door.new(),
    )
    batch = cut(deployment)
    text = "第 3 行 [商品编码]: 不能为空\n".encode()  # the second item of the first order

    def rows() -> list[str]:
        return numbers_by_row(
            deployment.maker.exports.file_of(deployment.maker.batch(batch).manifest, "csv"), "应急单号"
        )

    def read(rest: Rest = "untouched") -> ResultFile:
        raw = read_results(
            text,
            headings=shipped_headings().with_numbers(shipped_layouts().number_headings),
            numbers_by_row=rows,
            rest=rest,
        )
        return check_results(raw)

    assert import_results(deployment.store, batch, read(), by=IT, now=HALF_PAST) == Report(applied=1)
    assert deployment.rows.states(numbers) == ["batched"] * 3
    rest = read("imported")
    with pytest.raises(ConfirmationRequired) as asked:
        import_results(deployment.store, batch, rest, by=IT, now=HALF_PAST)
    assert (asked.value.would_import, "其余" in asked.value.detail) == (2, True)
    assert deployment.rows.states(numbers) == ["batched"] * 3
    done = import_results(deployment.store, batch, rest, by=IT, now=HALF_PAST, how=How(confirm=2))
    assert done == Report(applied=2, unchanged=1)
    assert deployment.rows.states(numbers) == ["batched", "imported", "imported"]
    assert words(deployment, numbers[0])[0].reason == "[商品编码]: 不能为空"


def test_a_batch_that_is_not_there_or_not_out_takes_no_results(deployment: Deployment):
    with pytest.raises(NotFound):
        upload(deployment, "B1")
    deployment.door.some(1)

    class Refusing(Disk):
        def rename(self, *_: object) -> None:
            raise OSError(28, "No space left on device")

    (outcome,) = deployment.maker.build(disk=Refusing()).run_once(HALF_PAST)
    with pytest.raises(NotInThisState):
        upload(deployment, outcome.name)


def test_thousands_of_results_are_imported_in_a_few_statements(deployment: Deployment):
    """A statement for each line would take minutes; a few for each hundred lines take seconds."""
    numbers = deployment.door.many(2000)
    batch = cut(deployment)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(deployment.engines.writer, "before_cursor_execute", note)
    try:
        report = upload(
            deployment,
            batch,
            *(line(n, "imported" if i % 10 else "failed", f"M{i}" if i % 10 else None) for i, n in enumerate(numbers)),
        )
    finally:
        event.remove(deployment.engines.writer, "before_cursor_execute", note)
    assert report == Report(applied=2000)
    assert 0 < len(asked) < len(numbers) / 10, len(asked)
    assert deployment.rows.balanced()
