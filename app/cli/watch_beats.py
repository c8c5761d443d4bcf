"""``lifeboat watch heartbeat``: which jobs owe us a sign of life, and how each stands."""

from typing import Annotated

import typer

from app.cli.language import said, words
from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table
from app.watch.systemic.heartbeats import remove_heartbeat, set_heartbeat, time_of
from app.web.api.heartbeats import beat_out, beats_of

app = typer.Typer(help="心跳：别处的定时任务成功后来报到，到时不来自动告警。", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="心跳名称，例如 nightly-export。")]


@app.command("list")
def list_heartbeats(*, as_json: Json = False) -> None:
    """列出心跳：谁失联、谁晚了、上次成功。"""
    with lifeboat() as boat:
        page = beats_of(boat)
        if as_json:
            say_json(page.model_dump(mode="json"))
            return
        table(
            "心跳",
            ("名称", "状态", "周期（分钟）", "宽限（分钟）", "上次成功", "应在", "连续失败"),
            [
                (
                    one.name,
                    words.BEATS[one.state].text,
                    f"{one.every:,.0f}",
                    f"{one.grace:,.0f}",
                    local(boat, one.last_ok),
                    local(boat, one.due),
                    one.failures,
                )
                for one in page.items
            ],
            empty="还没有登记心跳。",
        )


@app.command("set")
def set_one(
    name: Name,
    every: Annotated[str, typer.Option(help="多久一次，例如 30m、2h、1d。")],
    grace: Annotated[str, typer.Option(help="可以晚多久；也是一次运行最长多久。")],
    failures: Annotated[int, typer.Option(min=1, max=200, help="连续失败几次告警。")] = 1,
    *,
    as_json: Json = False,
) -> None:
    """登记一个心跳，或改它的周期与宽限；听到过的报到保留。"""
    with lifeboat() as boat:
        now = boat.clock.now()
        with boat.store.writing() as uow:
            row = set_heartbeat(
                uow,
                name,
                every=time_of(every),
                grace=time_of(grace),
                most_failures=failures,
                by=actor(),
                now=now,
            )
            shown = beat_out(row, now=now, zone=boat.settings.zone)
        if as_json:
            say_json(shown.model_dump(mode="json"))
        else:
            out.print(said("已登记。任务成功后请求：POST /v1/heartbeats/{name}", name=name), markup=False)


@app.command()
def remove(name: Name, *, as_json: Json = False) -> None:
    """移除一个心跳；它的告警随后恢复。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        remove_heartbeat(uow, name, by=actor(), now=boat.clock.now())
    if as_json:
        say_json({"removed": name})
    else:
        out.print(said("已移除心跳 {name}。", name=name), markup=False)
