"""``lifeboat settle``: asks the main system about the orders that it may have, now and not at the next look."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from app.bootstrap import Lifeboat
from app.bootstrap.main_system import MainSystems
from app.cli.language import said
from app.cli.terminal import Json, fail, lifeboat, out, say_json
from app.orders.look_up import LookUps, Settled


def settle(
    *,
    now: Annotated[bool, typer.Option("--now", help="正在等待下次查询的、须人看的，也都现在再查一次。")] = False,
    as_json: Json = False,
) -> None:
    """向主系统查询“可能已有”的订单并结案。平时由后台进程自动进行。还有未定的订单时以 1 结束，没有配置时以 2 结束。"""
    with lifeboat() as boat:
        done = asyncio.run(_settle(boat, hurry=now))
        if as_json:
            say_json(asdict(done))
        else:
            out.print(
                said(
                    "主系统已有 {found} 笔，没有 {not_found} 笔，尚无定论 {unanswered} 笔；还有 {waiting} 笔等待查询。",
                    **asdict(done),
                )
            )
        if done.unanswered or done.waiting:
            raise typer.Exit(1)


async def _settle(boat: Lifeboat, *, hurry: bool) -> Settled:
    systems = MainSystems(boat)
    try:
        if not systems.known:
            fail("\n".join([said("没有可用的主系统接口，写法见 docs/main-system.zh-CN.md。"), *systems.wrong]), code=2)
        return await LookUps(boat.store, boat.keyring, boat.clock, systems.main_of).run_once(hurry=hurry)
    finally:
        await systems.aclose()
