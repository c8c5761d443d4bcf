"""``lifeboat orders import``: orders of a spreadsheet, looked at, then given to the intake, which takes none twice."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap import Lifeboat
from app.bootstrap.order_path import open_order_path
from app.cli.language import listed, said
from app.cli.progress import progress_of
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
            typer.confirm(said("受理这 {count} 笔？", count=foreseen.new), abort=True)

        async def run(progress: Callable[[int], None]) -> Imported:
            path.commit.start()
            try:
                return await import_orders(path.intake, found.orders, record=_recorder(boat, found), progress=progress)
            finally:
                await path.commit.close()

        with progress_of(said("受理"), len(found.orders), hidden=as_json) as progress:
            done = asyncio.run(run(progress))
    wrong = (*found.wrong, *done.refused)
    if as_json:
        say_json({"accepted": done.accepted, "known": done.replayed, "left": done.left, **_wrong(wrong)})
    else:
        sentence = said(
            "受理 {accepted} 笔；此前已受理 {known} 笔；{wrong} 处有误，没有受理。",
            accepted=done.accepted,
            known=done.replayed,
            wrong=len(wrong),
        )
        out.print(sentence, markup=False)
        _show_wrong(wrong)
        if done.stopped:
            sentence = said(
                "还有 {left} 笔没有受理：{why}请稍后把同一份文件再导入一次。", left=done.left, why=done.stopped
            )
            err.print(sentence, markup=False)
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
            sentence = said(
                "数据库写不进（{reason}）：订单在本机暂存里，操作记录请恢复后再导入一次补上。",
                reason=type(error.orig or error).__name__,
            )
            err.print(sentence, markup=False)

    return lambda rows: asyncio.get_running_loop().run_in_executor(None, write, rows)


def _show(found: OrderFile, foreseen: Foreseen) -> None:
    counts: dict[str, object] = {
        "file": found.name,
        "new": foreseen.new,
        "known": foreseen.known,
        "wrong": len(found.wrong),
        "total": amount(foreseen.total_fen),
    }
    out.print(
        said(
            "{file}：可受理 {new} 笔，此前已受理 {known} 笔，{wrong} 处有误；合计 {total} 元，{unknown} 笔金额待核",
            **counts,
            unknown=foreseen.unknown_totals,
        )
        if foreseen.unknown_totals
        else said("{file}：可受理 {new} 笔，此前已受理 {known} 笔，{wrong} 处有误；合计 {total} 元", **counts),
        markup=False,
    )
    if found.unused:
        out.print(said("没有用到的列：{columns}", columns=listed(found.unused[:20])), markup=False)
    if found.without_number:
        sentence = said("{count} 笔没有店铺单号，只按内容和行号认出重复。", count=found.without_number)
        out.print(sentence, markup=False)
    _show_wrong(found.wrong)


def _show_wrong(wrong: tuple[WrongRow, ...]) -> None:
    if wrong:
        table("有误的行", ("行", "列", "原因"), wrong[:SHOWN], empty="")
    if len(wrong) > SHOWN:
        out.print(said("另有 {count} 处，用 --json 看全部。", count=len(wrong) - SHOWN))


def _wrong(wrong: tuple[WrongRow, ...]) -> dict[str, object]:
    return {"wrong": [{"row": one.row, "column": one.column, "detail": one.why} for one in wrong]}
