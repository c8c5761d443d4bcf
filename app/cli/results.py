"""``lifeboat import-results``: what the main system said of a batch."""

import mimetypes
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.bootstrap import exports_of, headings_of, layouts_of, result_words_of
from app.cli.language import words
from app.cli.terminal import Json, actor, lifeboat, out, say_json
from app.handback.import_results import How, Report
from app.handback.upload import Upload, take_results
from app.web.api.results import ReportOut

Rest = Literal["untouched", "imported"]
_SHOWN = 50
"""Lines of a kind that are shown; all of them are in the JSON."""


def import_file(
    batch: Annotated[str, typer.Argument(help="批次编号。")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV、XLSX 或 JSON。")],
    rest: Annotated[Rest, typer.Option(help="没有提到的订单（ERP 只列出错误行时）是否视为已导入。")] = "untouched",
    confirm: Annotated[int | None, typer.Option(min=0, help="核实后确认：其余这么多笔已导入。")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说明会怎样，什么都不改。")] = False,
    as_json: Json = False,
) -> None:
    """导入主系统的处理结果；可重复、可部分、可乱序。有没读懂、对不上或矛盾的行时，以 1 结束。"""
    content_type = mimetypes.guess_type(file.name)[0] or ""
    with lifeboat() as boat:
        report = take_results(
            boat.store,
            exports_of(boat.settings),
            layouts_of(boat.settings),
            batch,
            Upload(file.read_bytes(), content_type, rest, How(confirm, dry_run), result_words_of(boat.settings)),
            headings=headings_of(boat.settings),
            by=actor(),
            now=boat.clock.now(),
        )
    if as_json:
        say_json(ReportOut.model_validate(report).model_dump())
    else:
        _show(report)
    if report.conflicts or report.unmatched:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    out.print(
        ("试运行，什么都没有改动；实际导入会是：" if report.dry_run else "")
        + f"生效 {report.applied} 笔，未变 {report.unchanged} 笔，"
        f"对不上 {len(report.unmatched)} 行，矛盾 {len(report.conflicts)} 笔。"
    )
    for unmatched in report.unmatched[:_SHOWN]:
        where = words.row_of(unmatched.sheet, unmatched.row)
        out.print(f"  {where} {unmatched.order_number} {unmatched.reason}", markup=False)
    for conflict in report.conflicts[:_SHOWN]:
        known, said = words.said(conflict.known.result), words.said(conflict.said.result)
        where = words.row_of(conflict.sheet, conflict.row)
        out.print(f"  {where} {conflict.order_number}：已知 {known}，又称 {said}，未采纳", markup=False)
    for warning in report.warnings[:_SHOWN]:
        out.print(f"  注意：{warning.order_number} {warning.reason}", style="yellow", markup=False)
    for sentence in report.unread:
        out.print(f"  没有读：{sentence}", style="yellow", markup=False)
    if report.unused_columns:
        out.print(f"  没有用到的列：{'、'.join(report.unused_columns)}", markup=False)
    if report.ignored:
        out.print(f"  无需处理的行：{len(report.ignored)} 行", markup=False)
    if report.unmatched or report.conflicts:
        out.print("对不上与矛盾的行没有改动任何订单，请核对后重新上传。", style="yellow")
    if report.conflicts and not report.dry_run:
        out.print("矛盾的在等人裁定：lifeboat results contradictions", style="yellow")
