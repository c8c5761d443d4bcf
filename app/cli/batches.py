"""``lifeboat export`` and ``repair``: making a batch now."""

from typing import Annotated

import typer

from app.batch.maker import Emptied, MakeOutcome, NotBegun, Nothing, Postponed, Published, Underway
from app.bootstrap import batch_maker, situation_of
from app.cli.language import words
from app.cli.terminal import Json, actor, amount, err, fail, lifeboat, out, say_json
from app.domain.money import fen_of_yuan
from app.watch.patrol import look
from app.watch.rules.orders_broken import ORDERS_BROKEN


def export(*, as_json: Json = False) -> None:
    """立即把待进批次的订单生成批次文件（不等半点）。"""
    with lifeboat() as boat:
        outcomes = batch_maker(boat).run_once(boat.clock.now(), by=actor())
        folder = boat.settings.export_dir
        for found in look([ORDERS_BROKEN], situation_of(boat)):
            for trouble in found.troubles or ():
                err.print(trouble.text, style="yellow", markup=False)
    _show(outcomes, str(folder), as_json=as_json)


def repair(batch: Annotated[str, typer.Argument(help="批次编号。")], *, as_json: Json = False) -> None:
    """把某批次中导入失败的订单单独生成补录批次。"""
    with lifeboat() as boat:
        outcome = batch_maker(boat).repair(batch, by=actor(), now=boat.clock.now())
        folder = boat.settings.export_dir
        if isinstance(outcome, Nothing):
            with boat.store.reading() as uow:
                known = uow.batches.named(batch)
                repairs = uow.batches.repairs_of([known.id]).get(known.id, []) if known and known.id else []
            _say_nothing(batch, repairs, as_json=as_json)
            return
    _show([outcome], str(folder), as_json=as_json)


def _say_nothing(batch: str, repairs: list[str], *, as_json: bool) -> None:
    """Tell that nothing of a batch is to be repaired, and which batches have repaired it before."""
    if as_json:
        say_json({"batch": None, "repairs": repairs})
        return
    before = f"已有补录批次：{'、'.join(repairs)}，请导入它并传回结果。" if repairs else "还没有补录批次。"
    out.print(f"批次 {batch} 没有待补录的订单。{before}", markup=False)


def _show(outcomes: list[MakeOutcome], folder: str, *, as_json: bool) -> None:
    """Show what came out, then what did not; the exit code is 1 if somebody must look at something."""
    published = [outcome for outcome in outcomes if isinstance(outcome, Published)]
    failures = _said(outcomes)
    if as_json:
        say_json(published[-1].manifest if published else {"batch": None})
    elif not published and not any(isinstance(outcome, Postponed | NotBegun | Underway) for outcome in outcomes):
        out.print("没有待进批次的订单。")
    for outcome in published if not as_json else ():
        m = outcome.manifest
        due, total = words.due_sentence(m["payments"]), amount(fen_of_yuan(m["total"]))
        out.print(
            f"批次 {m['batch']}：订单 {m['orders']:,} 笔，{m['rows']:,} 行，"
            f"合计 ¥{total}，待人工确认 {m['held']:,} 笔\n"
            + (f"其中{due}，发货前请核对。\n" if due else "")
            + f"文件：{folder}/{m['incident']}/{m['files'][0]['name']}",
            markup=False,
        )
    if failures:
        fail("\n".join(failures))


def _said(outcomes: list[MakeOutcome]) -> list[str]:
    """Say what came to nothing for good reasons; return what somebody must look at."""
    failures: list[str] = []
    for outcome in outcomes:
        match outcome:
            case Postponed(name, _, reason, advice):
                why = "" if advice == reason else f"（{reason}）"
                failures.append(f"批次 {name} 暂时无法写出{why}，后台会自动重试；{advice}。")
            case NotBegun(reason):
                failures.append(f"{reason}。批次未能开始，订单未受影响；改正后自动生成。")
            case Underway(name):
                err.print(f"批次 {name} 正由后台生成。")
            case Emptied(name, held):
                err.print(f"批次 {name} 没有可写出的订单，{held} 笔待人工确认。")
            case Published():
                continue
    return failures
