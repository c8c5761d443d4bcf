"""``lifeboat watch what-if``: how many alerts the last days would have rung with other lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.bootstrap import watch_policy
from app.bootstrap.what_if import judge_here
from app.cli.language import said, words
from app.cli.terminal import Json, err, fail, lifeboat, local, out, say_json, table
from app.domain.health_lines import HealthLines, WrongLines, health_lines, texts_in, texts_of
from app.watch.what_if.judge import MOST_DAYS, HearsHours, WhatIf
from app.web.api.what_if import what_if_out


def what_if(
    *,
    turn: Annotated[
        list[str] | None, typer.Option("--set", help="一项阈值，写成 名称=数值，可多次，例如 slow_times=2。")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="看最近几天。")] = MOST_DAYS,
    as_json: Json = False,
) -> None:
    """试算：换成这些阈值，最近几天会响多少次告警，与现在的阈值对照。只读，不改任何东西。"""
    with lifeboat() as boat:
        in_force = watch_policy(boat.live).lines
        wanted = _lines(in_force, turn or [])
        with _progress(boat.settings.zone) as progress:
            found = judge_here(boat, wanted, days=days, progress=progress)
        if as_json:
            shown = what_if_out(found, wanted=wanted, in_force=in_force, zone=boat.settings.zone)
            say_json(shown.model_dump(mode="json"))
            return
        table(
            "试算的告警",
            ("从", "到", "级别", "规则", "环节", "种类", "内容"),
            [
                (
                    local(boat, one.begins),
                    local(boat, one.ends),
                    words.ALERT_LEVELS[one.level],
                    one.rule,
                    "" if one.stage is None else str(one.stage),
                    one.kind,
                    one.text,
                )
                for one in found.wanted.episodes
            ],
            empty="按这些阈值，这些天里没有告警会响。",
        )
        _sum_up(found)


def _sum_up(found: WhatIf) -> None:
    out.print(
        said(
            "按这些阈值会响 {wanted} 次（不单独通知的 {more} 次），按现在的阈值 {in_force} 次（另有 {untold} 次）。",
            wanted=found.wanted.rung,
            more=found.wanted.untold,
            in_force=found.in_force.rung,
            untold=found.in_force.untold,
        )
    )
    for doubt in found.doubts:
        out.print(words.WHAT_IF_DOUBTS[doubt], style="yellow")


def _lines(in_force: HealthLines, turned: list[str]) -> HealthLines:
    """Return the lines in force with some of them turned; what cannot be used ends the command."""
    try:
        return health_lines({**texts_of(in_force), **texts_in(turned)})
    except WrongLines as error:
        fail(said("阈值不能用：{why}", why=error), code=2)


@contextmanager
def _progress(zone: ZoneInfo) -> Iterator[HearsHours | None]:
    """Say on a terminal how far it has come."""
    if not err.is_terminal:
        yield None
        return
    with err.status("") as status:
        yield lambda at: status.update(said("已算到 {at:%m-%d %H:%M}", at=at.astimezone(zone)))
