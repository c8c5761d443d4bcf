"""``lifeboat orders import``: orders of a spreadsheet, looked at, then given to the intake, which takes none twice."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.bootstrap import Lifeboat
from app.bootstrap.order_path import open_order_path
from app.cli.terminal import Json, actor, amount, err, lifeboat, out, say_json, table
from app.intake.import_orders import Foreseen, Imported, foresee, import_orders
from app.intake.order_file import OrderFile, WrongRow, read_orders_apart
from app.intake.taken import record_by_file
from app.store.database.engine import StoreAway

SPOOL_SLOT = 1000
"""The number of the command's own spool file, above those of all web processes, which bring home what is in it."""

SHOWN = 50
"""Wrong rows that are printed for a person; ``--json`` has them all."""


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV 或 XLSX，表头中英文都认。")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会导入什么，什么都不改。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="在终端里不再询问。")] = False,
    as_json: Json = False,
) -> None:
    """从 CSV 或 XLSX 受理订单；同一份文件再导入一次不会多出订单，中断后重来即可。有误的行逐行列出，并以 1 结束。"""
    with lifeboat() as boat:
        found = read_orders_apart(file.read_bytes(), file.name)
        path = open_order_path(boat, slot=SPOOL_SLOT)
        with boat.store.reading() as uow:
            foreseen = foresee(uow, path.intake, found)
        asks = out.is_terminal and not (yes or as_json)
        if not as_json and (dry_run or asks):
            _show(found, foreseen)
        if dry_run:
            if as_json:
                say_json({"would_accept": foreseen.new, "known": foreseen.known, **_wrong(found.wrong)})
            raise typer.Exit(1 if found.wrong else 0)
        if asks and found.orders:
            typer.confirm(f"受理这 {foreseen.new} 笔？", abort=True)

        async def run(progress: Callable[[int], None]) -> Imported:
            path.commit.start()
            try:
                return await import_orders(path.intake, found.orders, record=_recorder(boat, found), progress=progress)
            finally:
                await path.commit.close()

        with _progress(len(found.orders), hidden=as_json) as progress:
            done = asyncio.run(run(progress))
    wrong = (*found.wrong, *done.refused)
    if as_json:
        say_json({"accepted": done.accepted, "known": done.replayed, "left": done.left, **_wrong(wrong)})
    else:
        out.print(
            f"受理 {done.accepted} 笔；此前已受理 {done.replayed} 笔；{len(wrong)} 处有误，没有受理。", markup=False
        )
        _show_wrong(wrong)
        if done.stopped:
            err.print(f"还有 {done.left} 笔没有受理：{done.stopped}请稍后把同一份文件再导入一次。", markup=False)
    if wrong or done.stopped:
        raise typer.Exit(1)


def _recorder(boat: Lifeboat, found: OrderFile) -> Callable[[Mapping[str, int]], "asyncio.Future[None]"]:
    """Return what writes down who imported orders; one that is on disk is not refused because that fails."""
    by = actor()

    def write(rows: Mapping[str, int]) -> None:
        try:
            with boat.store.writing() as uow:
                record_by_file(uow, rows, file=found.name, by=by, now=boat.clock.now())
        except StoreAway as error:
            reason = type(error.orig or error).__name__
            err.print(f"数据库写不进（{reason}）：订单在本机暂存里，操作记录请恢复后再导入一次补上。", markup=False)

    return lambda rows: asyncio.get_running_loop().run_in_executor(None, write, rows)


@contextmanager
def _progress(total: int, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("受理"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=hidden or not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.advance(task, done)


def _show(found: OrderFile, foreseen: Foreseen) -> None:
    out.print(
        f"{found.name}：可受理 {foreseen.new} 笔，此前已受理 {foreseen.known} 笔，{len(found.wrong)} 处有误；"
        f"合计 {amount(foreseen.total_fen)} 元"
        + (f"，{foreseen.unknown_totals} 笔金额待核" if foreseen.unknown_totals else ""),
        markup=False,
    )
    if found.unused:
        out.print(f"没有用到的列：{'、'.join(found.unused[:20])}", markup=False)
    if found.without_number:
        out.print(f"{found.without_number} 笔没有店铺单号，只按内容和行号认出重复。", markup=False)
    _show_wrong(found.wrong)


def _show_wrong(wrong: tuple[WrongRow, ...]) -> None:
    if wrong:
        table("有误的行", ("行", "列", "原因"), wrong[:SHOWN], empty="")
    if len(wrong) > SHOWN:
        out.print(f"另有 {len(wrong) - SHOWN} 处，用 --json 看全部。")


def _wrong(wrong: tuple[WrongRow, ...]) -> dict[str, object]:
    return {"wrong": [{"row": one.row, "column": one.column, "detail": one.why} for one in wrong]}
