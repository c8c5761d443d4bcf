"""``lifeboat import-results``: what the main system said of a batch."""

import mimetypes
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.bootstrap import exports_of, headings_of, layouts_of, result_words_of
from app.cli.language import listed, said, words
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
    counts = {
        "applied": report.applied,
        "unchanged": report.unchanged,
        "unmatched": len(report.unmatched),
        "contradictions": len(report.conflicts),
    }
    out.print(
        said(
            "试运行，什么都没有改动；实际导入会是：生效 {applied} 笔，未变 {unchanged} 笔，"
            "对不上 {unmatched} 行，矛盾 {contradictions} 笔。",
            **counts,
        )
        if report.dry_run
        else said("生效 {applied} 笔，未变 {unchanged} 笔，对不上 {unmatched} 行，矛盾 {contradictions} 笔。", **counts)
    )
    for unmatched in report.unmatched[:_SHOWN]:
        where = words.row_of(unmatched.sheet, unmatched.row)
        out.print(f"  {where} {unmatched.order_number} {unmatched.reason}", markup=False)
    for conflict in report.conflicts[:_SHOWN]:
        sentence = said(
            "  {where} {order}：已知 {known}，又称 {other}，未采纳",
            where=words.row_of(conflict.sheet, conflict.row),
            order=conflict.order_number,
            known=words.said(conflict.known.result),
            other=words.said(conflict.said.result),
        )
        out.print(sentence, markup=False)
    for warning in report.warnings[:_SHOWN]:
        sentence = said("  注意：{order} {reason}", order=warning.order_number, reason=warning.reason)
        out.print(sentence, style="yellow", markup=False)
    for unread in report.unread:
        out.print(said("  没有读：{what}", what=unread), style="yellow", markup=False)
    if report.unused_columns:
        out.print(said("  没有用到的列：{columns}", columns=listed(report.unused_columns)), markup=False)
    if report.ignored:
        out.print(said("  无需处理的行：{count} 行", count=len(report.ignored)), markup=False)
    if report.unmatched or report.conflicts:
        out.print(said("对不上与矛盾的行没有改动任何订单，请核对后重新上传。"), style="yellow")
    if report.conflicts and not report.dry_run:
        out.print(said("矛盾的在等人裁定：lifeboat results contradictions"), style="yellow")
