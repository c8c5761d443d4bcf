"""``lifeboat import-results``: what the main system said of a batch."""

import mimetypes
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.bootstrap import exports_of, headings_of, layouts_of
from app.cli.terminal import Json, actor, lifeboat, out, say_json
from app.handback.upload import Upload, take_results
from app.web.api.results import ReportOut

Rest = Literal["untouched", "imported"]


def import_file(
    batch: Annotated[str, typer.Argument(help="批次编号。")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV、XLSX 或 JSON。")],
    rest: Annotated[Rest, typer.Option(help="ERP 只列出错误行时，其余行是否视为成功。")] = "untouched",
    *,
    as_json: Json = False,
) -> None:
    """导入主系统的处理结果；可重复、可部分、可乱序。"""
    content_type = mimetypes.guess_type(file.name)[0] or ""
    with lifeboat() as boat:
        report = take_results(
            boat.store,
            exports_of(boat.settings),
            layouts_of(boat.settings),
            batch,
            Upload(file.read_bytes(), content_type, rest),
            headings=headings_of(boat.settings),
            by=actor(),
            now=boat.clock.now(),
        )
    if as_json:
        say_json(ReportOut.model_validate(report).model_dump())
    else:
        out.print(
            f"生效 {report.applied} 笔，未变 {report.unchanged} 笔，"
            f"对不上 {len(report.unmatched)} 行，矛盾 {len(report.conflicts)} 笔。"
        )
        for unmatched in report.unmatched[:50]:
            out.print(f"  第 {unmatched.row} 行 {unmatched.order_number} {unmatched.reason}", markup=False)
        for conflict in report.conflicts[:50]:
            out.print(
                f"  第 {conflict.row} 行 {conflict.order_number}："
                f"已知 {conflict.known.result}，又称 {conflict.said.result}，未采纳",
                markup=False,
            )
        if report.unmatched or report.conflicts:
            out.print("对不上与矛盾的行没有改动任何订单，请核对后重新上传。", style="yellow")
    if report.conflicts:
        raise typer.Exit(1)
