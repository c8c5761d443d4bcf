"""Orders that an upload does not name change only where they are counted, by the text itself or by a person."""

import pytest

from app.domain.problems import ConfirmationRequired, InvalidResults
from app.files.layouts.registry import shipped_layouts
from app.files.read_back import numbers_by_row
from app.handback.check_results import check_results
from app.handback.headings import shipped_headings
from app.handback.import_results import How, Report, import_results
from app.handback.read_results import read_results
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, IT
from tests.deployment.maker import published
from tests.unit.workbooks import package, sheet_xml


def cut_batch(deployment: Deployment) -> str:
    return published(deployment.maker.run(HALF_PAST, by=IT)).name


def upload(
    deployment: Deployment, batch: str, text: str | bytes, *, confirm: int | None = None, dry_run: bool = False
) -> Report:
    """Upload a text or a workbook of which the rest is said to be imported."""
    file = deployment.maker.exports.file_of(deployment.maker.batch(batch).manifest, "csv")
    raw = read_results(
        text.encode() if isinstance(text, str) else text,
        headings=shipped_headings().with_numbers(shipped_layouts().number_headings),
        numbers_by_row=lambda: numbers_by_row(file, "应急单号"),
        rest="imported",
    )
    how = How(confirm, dry_run)
    return import_results(deployment.store, batch, check_results(raw), by=IT, now=HALF_PAST, how=how)


def asked(deployment: Deployment, batch: str, text: str | bytes, *, confirm: int | None = None) -> ConfirmationRequired:
    with pytest.raises(ConfirmationRequired) as caught:
        upload(deployment, batch, text, confirm=confirm)
    assert "其余" in caught.value.detail
    return caught.value


def refused(deployment: Deployment, batch: str, text: str, *, confirm: int | None = None) -> str:
    with pytest.raises(InvalidResults) as caught:
        upload(deployment, batch, text, confirm=confirm)
    return caught.value.detail


def test_a_text_that_counts_what_it_does_not_name_is_taken_at_its_word(deployment: Deployment):
    numbers = deployment.door.some(3)
    batch = cut_batch(deployment)
    report = upload(deployment, batch, "导入完成：成功 2 条，失败 1 条\n第 3 行 缺货\n")
    assert report.applied == 3
    assert deployment.rows.states(numbers) == ["imported", "batched", "imported"]
    assert deployment.rows.balanced()


def test_counts_of_rows_are_as_good_as_counts_of_orders(deployment: Deployment):
    two = [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1}]
    numbers = deployment.door.take_in_turn(deployment.door.new(items=two), deployment.door.new(items=two))
    batch = cut_batch(deployment)
    assert upload(deployment, batch, "共 4 行，成功 2 行，失败 2 行\n第 2-3 行 缺货\n").applied == 2
    assert deployment.rows.states(numbers) == ["batched", "imported"]


@pytest.mark.parametrize(
    "text",
    ["", "第 2 行 缺货\n", "成功 3 条，失败 1 条\n第 2 行 缺货\n", "成功 2 条\n第 2 行 缺货\n", "全部导入成功\n", "失败 1 条\n第 2 行 缺货\n"],
)  # fmt: skip
def test_without_counts_that_agree_a_person_is_asked_and_nothing_changes(deployment: Deployment, text: str):
    numbers = deployment.door.some(3)
    batch = cut_batch(deployment)
    left = 2 if "第" in text else 3
    assert asked(deployment, batch, text).would_import == left
    assert asked(deployment, batch, text, confirm=left + 1).would_import == left
    assert deployment.rows.states(numbers) == ["batched"] * 3
    with deployment.store.reading() as uow:
        assert not uow.audit.of(batch, "results.import")
    assert upload(deployment, batch, text, confirm=left).applied == 3
    assert deployment.rows.states(numbers).count("imported") == left


def test_more_failures_than_are_listed_cannot_be_confirmed_away(deployment: Deployment):
    numbers = deployment.door.some(4)
    batch = cut_batch(deployment)
    text = "成功 1 条，失败 3 条\n第 2 行 缺货\n"
    assert "失败 3 条" in refused(deployment, batch, text, confirm=3)
    assert deployment.rows.states(numbers) == ["batched"] * 4


def test_a_number_of_another_batch_may_stand_for_one_of_the_rest(deployment: Deployment):
    numbers = deployment.door.some(2)
    batch = cut_batch(deployment)
    (other,) = deployment.door.some(1, at=HALF_PAST)
    cut_batch(deployment)
    text = f"应急单号,结果\n{other},失败\n"
    assert other in refused(deployment, batch, text, confirm=2)
    assert deployment.rows.states([*numbers, other]) == ["batched"] * 3


def test_what_was_called_failed_before_is_imported_only_if_the_text_counts_it(deployment: Deployment):
    numbers = deployment.door.some(3)
    batch = cut_batch(deployment)
    upload(deployment, batch, f"应急单号,结果\n{numbers[0]},失败\n", confirm=2)
    assert deployment.rows.states(numbers) == ["batched", "imported", "imported"]
    assert upload(deployment, batch, "没有错误\n") == upload(deployment, batch, "没有错误\n")
    assert deployment.rows.states(numbers)[0] == "batched"
    upload(deployment, batch, "导入成功 3 条，失败 0 条\n")
    assert deployment.rows.states(numbers) == ["imported"] * 3


def test_a_table_of_the_failed_alone_asks_too(deployment: Deployment):
    numbers = deployment.door.some(3)
    batch = cut_batch(deployment)
    table = f"应急单号,结果,原因\n{numbers[1]},失败,缺货\n"
    assert asked(deployment, batch, table).would_import == 2
    assert upload(deployment, batch, table, confirm=2).applied == 3
    assert deployment.rows.states(numbers) == ["imported", "batched", "imported"]


def test_a_dry_run_tells_and_keeps_nothing(deployment: Deployment):
    numbers = deployment.door.some(3)
    batch = cut_batch(deployment)
    told = upload(deployment, batch, "第 2 行 缺货\n", dry_run=True)
    assert (told.applied, told.would_import, told.dry_run) == (1, 2, True)
    assert [warning.code for warning in told.warnings] == ["confirmation_required"]
    assert upload(deployment, batch, "第 2 行 缺货\n", confirm=2, dry_run=True).applied == 3
    assert deployment.rows.states(numbers) == ["batched"] * 3
    with deployment.store.reading() as uow:
        assert not uow.results.of_order(deployment.rows.order(numbers[0]).id)
        assert not uow.audit.of(batch, "results.import")
    assert deployment.rows.balanced()


def test_whoever_confirms_the_rest_of_a_workbook_is_told_which_sheets_were_read(deployment: Deployment):
    numbers = deployment.door.some(4)
    sheets = {"商品错误": sheet_xml(["第 2 行 商品编码不存在"]), "地址错误": sheet_xml(["第 4 行 省份不能为空"])}
    batch, data = cut_batch(deployment), package(sheets)
    question = asked(deployment, batch, data)
    assert (question.would_import, "已读工作表 商品错误、地址错误" in question.detail) == (2, True)
    assert upload(deployment, batch, data, confirm=2).applied == 4
    assert deployment.rows.states(numbers) == ["batched", "imported", "batched", "imported"]
