"""``lifeboat check-file``: whether a batch's file still is what was written, before it is imported."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.batch.check_file import FileCheck, check_file
from app.bootstrap import exports_of, layouts_of
from app.cli.language import problem_sentence, said
from app.cli.terminal import Json, err, fail, lifeboat, out, say_json, table
from app.domain.problems import NotFound, NotInThisState, TooLarge
from app.files.sheet_reader import UnreadableSheet

_SHOWN = 100


def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="准备导入的批次文件（CSV 或 XLSX）。")],
    *,
    as_json: Json = False,
) -> None:
    """导入前核对：文件是否仍是我们写出的那份，哪些格被表格软件改了。"""
    with lifeboat() as boat:
        try:
            checked = check_file(boat.store, exports_of(boat.settings), layouts_of(boat.settings), file)
        except (NotFound, NotInThisState, TooLarge) as problem:
            fail(problem_sentence(problem.code, problem.detail), code=2)
        except UnreadableSheet as error:
            fail(said("{file} 无法读取：{why}", file=file.name, why=error.sentence), code=2)
    if as_json:
        changes = [asdict(change) for change in checked.changes]
        say_json({"batch": checked.batch, "identical": checked.identical, "changes": changes})
    else:
        _tell(checked)
    if not checked.identical:
        raise typer.Exit(1)


def _tell(checked: FileCheck) -> None:
    if checked.identical:
        out.print(said("与批次 {batch} 写出的内容一致，可以导入。", batch=checked.batch), markup=False)
        return
    rows = [(one.row, *_told(one.column, one.written, one.found)) for one in checked.changes[:_SHOWN]]
    title = said("与批次 {batch} 写出的内容不一致，共 {count} 处", batch=checked.batch, count=len(checked.changes))
    table(title, ("行", "列", "写出", "现在"), rows, empty="")
    if len(checked.changes) > _SHOWN:
        out.print(said("只显示前 {count} 处，其余见 --json。", count=_SHOWN))
    err.print(said("请勿导入这份文件：重新下载批次文件再导入；要打开看请用 XLSX。"), style="yellow")


def _told(column: str, written: str, found: str) -> tuple[str, str, str]:
    if column:
        return column, written or said("（空）"), found or said("（空）")
    if written:
        return said("整行"), written, said("（缺少）")
    return said("整行"), said("（没有）"), found
