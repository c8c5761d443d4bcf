"""``lifeboat roster``: who is on duty, and who is to be."""

from datetime import datetime
from typing import Annotated, Any

import typer

from app.bootstrap import Lifeboat
from app.cli.language import listed, said, words
from app.cli.terminal import Json, actor, lifeboat, out, say_json, table
from app.watch import roster
from app.watch.roster import MOST_DAYS, WantedTurn
from app.web.api.roster import MOST_DAYS as MOST_SHOWN
from app.web.api.roster import RosterOut, TurnOut, roster_out

app = typer.Typer(help="值班：现在谁值班、今后谁接；排班，换班，兜底人。", no_args_is_help=True)

FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]

Name = Annotated[str, typer.Argument(help="账号名。")]
Since = Annotated[datetime, typer.Argument(formats=FORMATS, help="从何时起，本店时间，例如 2026-11-22T20:00。")]
Until = Annotated[datetime, typer.Argument(formats=FORMATS, help="到何时止。")]
Place = Annotated[int, typer.Option(min=1, max=2, help="1 第一值班；2 第二值班，第一位没有应答时找。")]


@app.command("list")
def list_roster(
    days: Annotated[int, typer.Option(min=1, max=MOST_SHOWN, help="看今后几天。")] = 14, *, as_json: Json = False
) -> None:
    """显示现在谁值班、到何时、下一位是谁，今后的班次，以及缺什么。"""
    with lifeboat() as boat:
        shown = roster_out(boat, now=boat.clock.now(), days=days)
        if as_json:
            say_json(shown.model_dump(mode="json"))
        else:
            _print(shown)


@app.command()
def add(
    name: Name,
    since: Since,
    until: Until,
    place: Place = 1,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="连续几天，每天同一时间。")] = 1,
    *,
    as_json: Json = False,
) -> None:
    """排班；与已有班次重叠则一个都不加。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        wanted = _wanted(boat, name, since, until, place)
        ids = roster.add_shift(uow, wanted, days=days, zone=boat.settings.zone, **_by(boat))
    if as_json:
        say_json({"ids": ids})
    else:
        out.print(said("已排 {count} 个班次，编号 {ids}。", count=len(ids), ids=listed(map(str, ids))), markup=False)


@app.command()
def override(
    name: Name,
    since: Since,
    until: Until,
    reason: Annotated[str, typer.Option(help="为什么换人，接班的人要看。")],
    place: Place = 1,
    *,
    as_json: Json = False,
) -> None:
    """换班：这段时间由此人值班，不论班次怎么排。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        made = roster.add_override(uow, _wanted(boat, name, since, until, place), reason=reason, **_by(boat))
    if as_json:
        say_json({"id": made})
    else:
        out.print(said("已换班，编号 {id}。", id=made), markup=False)


@app.command()
def remove(
    turn_id: Annotated[int, typer.Argument(min=1, max=2**62, help="编号，见 lifeboat roster list。")],
    *,
    is_override: Annotated[bool, typer.Option("--override", help="是换班的编号；之下的班次恢复。")] = False,
    as_json: Json = False,
) -> None:
    """删除一个班次，或取消一次换班。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        (roster.remove_override if is_override else roster.remove_shift)(uow, turn_id, **_by(boat))
    if as_json:
        say_json({"id": turn_id})
    else:
        out.print(said("已删除。"))


@app.command()
def fallback(name: Name, *, as_json: Json = False) -> None:
    """设置兜底人：没有人值班或没有人应答时找他；总有一位，只能换人。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        roster.set_fallback(uow, name, **_by(boat))
    if as_json:
        say_json({"fallback": name})
    else:
        out.print(said("兜底人现在是 {name}。", name=name), markup=False)


def _by(boat: Lifeboat) -> dict[str, Any]:
    return {"by": actor(), "now": boat.clock.now()}


def _wanted(boat: Lifeboat, name: str, since: datetime, until: datetime, place: int) -> WantedTurn:
    zone = boat.settings.zone
    starts_at, ends_at = since.replace(tzinfo=zone), until.replace(tzinfo=zone)
    return WantedTurn(name=name, starts_at=starts_at, ends_at=ends_at, place=place)


def _print(shown: RosterOut) -> None:
    now = shown.now
    people = {"first": now.first or "—", "second": now.second or "—", "fallback": now.fallback or "—"}
    out.print(said("现在：第一值班 {first}，第二值班 {second}，兜底人 {fallback}。", **people), markup=False)
    if now.until is not None:
        until = f"{now.until:%m-%d %H:%M}"
        out.print(said("到 {until}，之后 {next}。", until=until, next=now.next or said("没有人")), markup=False)
    rows = [_cells(one) for one in shown.items]
    table("值班", ("编号", "第几值班", "谁", "自", "至", "来自", "原因"), rows, empty="值班表是空的。")
    for lack in shown.lacks:
        out.print(lack.detail, style="yellow", markup=False)


def _cells(one: TurnOut) -> tuple[object, ...]:
    who = one.who or said("没有人")
    times = (f"{one.since:%m-%d %H:%M}", f"{one.until:%m-%d %H:%M}")
    return one.id, words.DUTY_PLACES[str(one.place)], who, *times, words.DUTY_SOURCES[one.by], one.reason
