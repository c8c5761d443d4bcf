"""``lifeboat switch``: one storefront stands in with us while the others stay on the main system."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from app.bootstrap import Lifeboat
from app.cli.language import said
from app.cli.terminal import Json, actor, fail, lifeboat, local, moment, out, say_json, table
from app.domain.switch import EVERYTHING, WORDS
from app.reconcile.switches import switch_off, switch_on
from app.store.repositories.leases import LEADER
from app.store.tables import Switched

FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class SwitchTurn(StrEnum):
    """Which way a storefront is switched."""

    ON = "on"
    OFF = "off"


class MapForm(StrEnum):
    """For which proxy a map is printed."""

    NGINX = "nginx"
    HAPROXY = "haproxy"


def switch(
    channel: Annotated[str, typer.Argument(help="渠道名，与代理配置里的一致；all 为全部；list 列出已切换的。")],
    turn: Annotated[SwitchTurn | None, typer.Argument(help="on 切到 Lifeboat，off 切回主系统。")] = None,
    *,
    reason: Annotated[str, typer.Option(help="为什么切换，接班的人要看。")] = "",
    until: Annotated[
        datetime | None, typer.Option(formats=FORMATS, help="到何时自动切回，本店时间，例如 2026-11-22T20:00。")
    ] = None,
    as_map: Annotated[
        MapForm | None, typer.Option("--map", help="只打印代理要载入的映射，用于切换目录不在代理那台机器上时。")
    ] = None,
    as_json: Json = False,
) -> None:
    """把一个渠道切到 Lifeboat 或切回，其余渠道照旧走主系统。文件由后台进程几秒内写好。"""
    listing = channel in WORDS
    if listing == (turn is not None):
        fail(said("用法：lifeboat switch 渠道 on|off --reason 原因，或 lifeboat switch list。"), code=2)
    with lifeboat() as boat:
        if turn is None:
            _list(boat, as_map, as_json=as_json)
            return
        now, by = boat.clock.now(), actor()
        with boat.store.writing() as uow:
            if turn is SwitchTurn.ON:
                ends = until.replace(tzinfo=boat.settings.zone) if until else None
                row = switch_on(uow, channel, reason=reason, until=ends, by=by, now=now)
            else:
                row = switch_off(uow, channel, reason=reason, by=by, now=now)
            leader = uow.leases.get(LEADER)
        if as_json:
            say_json(_item(boat, row) | {"on": turn is SwitchTurn.ON})
            return
        if turn is SwitchTurn.OFF:
            out.print(said("{channel} 已切回主系统。", channel=channel), markup=False)
        elif row.until is not None:
            out.print(
                said("{channel} 已切到 Lifeboat，到 {until} 自动切回。", channel=channel, until=local(boat, row.until)),
                markup=False,
            )
        else:
            out.print(said("{channel} 已切到 Lifeboat，直到有人切回。", channel=channel), markup=False)
        if leader is None or leader.until < now:
            out.print(said("后台进程没有在工作：文件要等它恢复才会跟上。"))
        if boat.settings.switch_dir is None:
            out.print(said("没有配置 LIFEBOAT_SWITCH_DIR，请让代理载入以下映射："))
            out.print(_map(boat, as_map or MapForm.NGINX), markup=False, end="")


def _list(boat: Lifeboat, as_map: MapForm | None, *, as_json: bool) -> None:
    if as_map is not None:
        out.print(_map(boat, as_map), markup=False, end="")
        return
    with boat.store.reading() as uow:
        rows = uow.switched.now(boat.clock.now())
    if as_json:
        say_json({"items": [_item(boat, row) for row in rows], "next": None})
        return
    table(
        "已切换的渠道",
        ("渠道", "自", "至", "谁", "原因"),
        [(row.channel, local(boat, row.since), local(boat, row.until), row.by, row.reason) for row in rows],
        empty="没有切换任何渠道。",
    )


def _map(boat: Lifeboat, form: MapForm) -> str:
    """Return what a proxy elsewhere loads: a line for each storefront that is switched."""
    end, every = (";", "default") if form is MapForm.NGINX else ("", EVERYTHING)
    with boat.store.reading() as uow:
        rows = uow.switched.now(boat.clock.now())
    return "".join(
        [
            f"# lifeboat switch list --map {form}\n",
            *(f"{every if row.channel == EVERYTHING else row.channel} 1{end}\n" for row in rows),
        ]
    )


def _item(boat: Lifeboat, row: Switched) -> dict[str, Any]:
    return {
        "channel": row.channel,
        "since": moment(boat, row.since),
        "until": moment(boat, row.until),
        "by": row.by,
        "reason": row.reason,
    }
