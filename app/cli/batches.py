"""``lifeboat export`` and ``repair``: making a batch now."""

from typing import Annotated, Any

import typer

from app.batch.maker import Emptied, MakeOutcome, NotBegun, Nothing, Postponed, Published, Underway
from app.bootstrap import batch_maker, situation_of
from app.cli.language import listed, said, words
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
    sentence = (
        said(
            "批次 {batch} 没有待补录的订单。已有补录批次：{repairs}，请导入它并传回结果。",
            batch=batch,
            repairs=listed(repairs),
        )
        if repairs
        else said("批次 {batch} 没有待补录的订单。还没有补录批次。", batch=batch)
    )
    out.print(sentence, markup=False)


def _show(outcomes: list[MakeOutcome], folder: str, *, as_json: bool) -> None:
    """Show what came out, then what did not; the exit code is 1 if somebody must look at something."""
    published = [outcome for outcome in outcomes if isinstance(outcome, Published)]
    failures = _said(outcomes)
    if as_json:
        say_json(published[-1].manifest if published else {"batch": None})
    elif not published and not any(isinstance(outcome, Postponed | NotBegun | Underway) for outcome in outcomes):
        out.print(said("没有待进批次的订单。"))
    for outcome in published if not as_json else ():
        out.print(_told(outcome.manifest, folder), markup=False)
    if failures:
        fail("\n".join(failures))


def _told(manifest: dict[str, Any], folder: str) -> str:
    """Return what a person is told of a batch that came out: how much is in it, what is not paid, where its file is."""
    due = words.due_sentence(manifest["payments"])
    lines = [
        said(
            "批次 {batch}：订单 {orders:,} 笔，{rows:,} 行，合计 ¥{total}，待人工确认 {held:,} 笔",
            batch=manifest["batch"],
            orders=manifest["orders"],
            rows=manifest["rows"],
            total=amount(fen_of_yuan(manifest["total"])),
            held=manifest["held"],
        ),
        *([said("其中{due}，发货前请核对。", due=due)] if due else []),
        said("文件：{path}", path=f"{folder}/{manifest['incident']}/{manifest['files'][0]['name']}"),
    ]
    return "\n".join(lines)


def _said(outcomes: list[MakeOutcome]) -> list[str]:
    """Say what came to nothing for good reasons; return what somebody must look at."""
    failures: list[str] = []
    for outcome in outcomes:
        match outcome:
            case Postponed(name, _, reason, advice):
                failures.append(
                    said("批次 {batch} 暂时无法写出，后台会自动重试；{advice}。", batch=name, advice=advice)
                    if advice == reason
                    else said(
                        "批次 {batch} 暂时无法写出（{reason}），后台会自动重试；{advice}。",
                        batch=name,
                        reason=reason,
                        advice=advice,
                    )
                )
            case NotBegun(reason):
                failures.append(said("{reason}。批次未能开始，订单未受影响；改正后自动生成。", reason=reason))
            case Underway(name):
                err.print(said("批次 {batch} 正由后台生成。", batch=name))
            case Emptied(name, held):
                err.print(said("批次 {batch} 没有可写出的订单，{held} 笔待人工确认。", batch=name, held=held))
            case Published():
                continue
    return failures
