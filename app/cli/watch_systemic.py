"""``lifeboat watch systemic`` and ``watch changes``: what stuck orders share, since when, and what happened then."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.language import said, words
from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table
from app.watch.systemic.changes import take_changes
from app.watch.systemic.changes_sheet_reader import LARGEST_BYTES
from app.watch.systemic.dependencies import SHOWN, figures_of
from app.watch.systemic.look import look_for_cause
from app.watch.systemic.read_changes import read_changes_apart
from app.web.api.systemic import systemic_out

changes_app = typer.Typer(help="变更：谁在何时改了什么，出事时对照。", no_args_is_help=True)


@changes_app.callback()
def changes() -> None:
    """变更：谁在何时改了什么，出事时对照。"""


@changes_app.command("import")
def import_changes(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV 或 XLSX：时间、谁、改了什么、之前、之后、编号。")
    ],
    *,
    as_json: Json = False,
) -> None:
    """从 CSV 或 XLSX 导入变更；整份导入或一项不导，重复的只记一次。"""
    with lifeboat() as boat:
        with file.open("rb") as opened:
            told = read_changes_apart(opened.read(LARGEST_BYTES + 1), zone=boat.settings.zone)
        with boat.store.writing() as uow:
            taken = take_changes(uow, told, source="file", by=actor(), now=boat.clock.now(), as_list=True)
    if as_json:
        say_json({"added": taken.added, "known": taken.known})
    else:
        out.print(said("导入 {added} 项变更，另有 {known} 项此前已登记。", added=taken.added, known=taken.known))


def systemic(*, as_json: Json = False) -> None:
    """系统性排查：滞留订单有没有共同点、从何时起、当时发生了什么。"""
    with lifeboat() as boat:
        now, zone = boat.clock.now(), boat.settings.zone
        with boat.store.reading() as uow:
            found = look_for_cause(uow, now=now, zone=zone)
            dependencies = figures_of(uow.dependencies.windows(now - SHOWN, now), now=now)
        if as_json:
            say_json(systemic_out(found, dependencies, now=now, zone=zone).model_dump(mode="json"))
            return
        judgement = found.judgement
        verdict = words.VERDICTS[judgement.verdict]
        out.print(said("滞留 {stuck} 笔：{verdict}", stuck=judgement.stuck, verdict=verdict), markup=False)
        if judgement.concentrations:
            table(
                "滞留订单的共同点",
                ("哪一项", "值", "占滞留", "占正常", "突出"),
                [
                    (
                        words.DIMENSIONS[one.dimension],
                        one.value,
                        f"{one.share:.0%}",
                        "—" if one.healthy_share is None else f"{one.healthy_share:.0%}",
                        said("是") if one.stands_out else "",
                    )
                    for one in judgement.concentrations
                ],
                empty="",
            )
        if found.began_at:
            out.print(said("从 {at} 起。", at=local(boat, found.began_at)))
            table(
                "时间线",
                ("时间", "种类", "发生了什么", "依据", "最可能"),
                [
                    (
                        local(boat, one.at),
                        words.HAPPENINGS[one.kind],
                        one.text,
                        one.evidence,
                        said("是") if one.likeliest else "",
                    )
                    for one in found.time_line
                ],
                empty="前两小时到后半小时内，没有登记的变更、失败的任务或异常的依赖。",
            )
        if found.likeliest:
            out.print(said("“最可能”只是线索：它是开始之前两小时内最近的一件事，不一定就是原因。"), style="yellow")
