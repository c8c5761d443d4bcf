"""``lifeboat replay``: orders of published batches go home by the main system's API instead of by file."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer

from app.bootstrap import Lifeboat
from app.bootstrap.main_system import MainSystems
from app.cli.language import said, words
from app.cli.progress import progress_of
from app.cli.terminal import Json, actor, fail, lifeboat, out, say_json, table
from app.domain.replay import ReplayCounts, ReplayState
from app.handback.replay.decide import abort_replay, pause_replay, plan_replay, run_replay
from app.handback.replay.run import Replayer
from app.store.tables import Replay

app = typer.Typer(help="用主系统的接口把已出批次的订单逐笔送回；先查后发，可暂停、继续、中止。", no_args_is_help=True)

Reason = Annotated[str, typer.Option(help="原因，写入记录。")]

MOST_SHOWN = 50
LOOK_AGAIN_AFTER = 1.0


@app.command()
def plan(
    incident: Annotated[str | None, typer.Argument(metavar="[INCIDENT]", help="哪次事件；不写则为最近一次。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """列入已发布批次里主系统还没有结果的订单；此时什么都不发送。"""
    with lifeboat() as boat:
        with boat.store.writing() as uow:
            found = uow.incidents.named(incident) if incident else uow.incidents.latest()
            if found is None:
                fail(said("没有事件 {name}。", name=incident or ""), code=2)
            if found.drill:
                fail(said("演练的订单不能送进主系统。"), code=2)
            _, orders = plan_replay(uow, found.id or 0, by=actor(), now=boat.clock.now())
        if as_json:
            say_json({"incident": found.name, "orders": orders, **asdict(ReplayCounts(left=orders))})
        else:
            out.print(
                said("已列入 {orders} 笔。请勿再手工导入这些批次的文件；开始发送：lifeboat replay run。", orders=orders)
            )


@app.command()
def run(*, as_json: Json = False) -> None:
    """开始或继续：先单独送一笔并查回核对，再逐笔送完。可随时按 Ctrl-C 离开，后台进程会接着送。"""
    with lifeboat() as boat:
        asyncio.run(_drive(boat, hidden=as_json))
        _report(boat, as_json=as_json)


@app.command()
def pause(reason: Reason = "", *, as_json: Json = False) -> None:
    """暂停：不再发送；已发出的等继续后查明。"""
    with lifeboat() as boat:
        with boat.store.writing() as uow:
            pause_replay(uow, reason=reason, by=actor(), now=boat.clock.now())
        _report(boat, as_json=as_json, ends=False)


@app.command()
def resume(*, as_json: Json = False) -> None:
    """继续暂停的重放，由后台进程接着送；要看进度请用 run。"""
    with lifeboat() as boat:
        with boat.store.writing() as uow:
            run_replay(uow, by=actor(), now=boat.clock.now())
        _report(boat, as_json=as_json, ends=False)


@app.command()
def abort(reason: Reason, *, as_json: Json = False) -> None:
    """中止：未发送的改用文件导入，结果未知的留给人核对。"""
    with lifeboat() as boat:
        with boat.store.writing() as uow:
            abort_replay(uow, reason=reason, by=actor(), now=boat.clock.now())
        _report(boat, as_json=as_json, ends=False)


@app.command()
def status(*, as_json: Json = False) -> None:
    """最近一次重放到了哪里，哪些须人核对。"""
    with lifeboat() as boat:
        _report(boat, as_json=as_json)


async def _drive(boat: Lifeboat, *, hidden: bool) -> None:
    """Start it, and send until it ends or is paused, or show how far another process has come with it."""
    systems = MainSystems(boat)
    try:
        if not systems.known:
            fail("\n".join([said("没有可用的主系统接口，写法见 docs/main-system.zh-CN.md。"), *systems.wrong]), code=2)
        with boat.store.writing() as uow:
            run_replay(uow, by=actor(), now=boat.clock.now())
        replayer = Replayer(boat.store, boat.keyring, boat.clock, systems.main_of, holder=boat.holder)
        counts = _counts(replayer)
        with progress_of(said("重放"), sum(asdict(counts).values()), hidden=hidden) as advance:
            try:
                await _to_the_end(boat, replayer, advance)
            finally:
                replayer.let_go()
    finally:
        await systems.aclose()


async def _to_the_end(boat: Lifeboat, replayer: Replayer, advance: Callable[[int], None]) -> None:
    before = 0
    while True:
        sent = await replayer.run_once()
        counts = _counts(replayer)
        done = sum(asdict(counts).values()) - counts.left - counts.unknown
        advance(done - before)
        before = done
        with boat.store.reading() as uow:
            newest = uow.replays.newest()
        if newest is None or newest.state != ReplayState.RUNNING:
            return
        if not sent:
            await asyncio.sleep(LOOK_AGAIN_AFTER)


def _counts(replayer: Replayer) -> ReplayCounts:
    return replayer.counts() or ReplayCounts()


def _report(boat: Lifeboat, *, as_json: bool, ends: bool = True) -> None:
    with boat.store.reading() as uow:
        newest = uow.replays.newest()
        if newest is None:
            fail(said("还没有重放，请先计划：lifeboat replay plan。"), code=2)
        counts = uow.replays.counts(newest.id or 0)
        people = [(number, row.words) for row, number in uow.replays.for_people(newest.id or 0, limit=MOST_SHOWN)]
    if as_json:
        waiting = [{"order_number": number, "detail": detail} for number, detail in people]
        state = {"state": newest.state, "reason": newest.reason or None}
        say_json({**asdict(counts), **state, "items": waiting, "next": None})
    else:
        _print(newest, counts, people)
    if ends and (newest.state != ReplayState.DONE or counts.unknown or counts.refused):
        raise typer.Exit(1)


def _print(newest: Replay, counts: ReplayCounts, people: list[tuple[str, str]]) -> None:
    out.print(
        said(
            "重放{state}：已创建 {created}，本来就有 {exists}，被拒收 {refused}，"
            "未知 {unknown}，未发送 {left}，另行了结 {gone}。",
            state=words.REPLAY_STATES[newest.state],
            **asdict(counts),
        )
    )
    if newest.reason:
        out.print(newest.reason, style="yellow", markup=False)
    if people:
        table("须人核对", ("应急单号", "说明"), people, empty="")
