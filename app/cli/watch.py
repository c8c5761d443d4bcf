"""``lifeboat watch``: how the orders of the main system are getting on, stage by stage."""

import json
import sys
from datetime import datetime
from typing import Annotated

import typer

from app.cli.language import problem_sentence, said
from app.cli.terminal import Json, fail, lifeboat, load_settings, out, say_json, table
from app.cli.watch_beats import app as heartbeats
from app.cli.watch_systemic import changes_app, systemic
from app.domain.problems import InvalidOrder
from app.watch.stages.simulate import fault_of, simulated
from app.watch.stages.stage_clock import StageNow, stages_now
from app.web.api.stages import stages_out

app = typer.Typer(help="订单健康：各环节此刻的订单与用时。", no_args_is_help=True)
app.add_typer(heartbeats, name="heartbeat")
app.add_typer(changes_app, name="changes")
app.command()(systemic)


@app.callback()
def watch() -> None:
    """订单健康：各环节此刻的订单与用时。"""


@app.command()
def status(*, as_json: Json = False) -> None:
    """显示五个环节：在其中的订单、用时、最久的一笔。"""
    with lifeboat() as boat:
        now = boat.clock.now()
        with boat.store.reading() as uow:
            stages = stages_now(uow, now=now)
        if as_json:
            say_json(stages_out(stages, now=now.astimezone(boat.settings.zone)).model_dump(mode="json"))
            return
        rows = [_cells(one) for one in stages] if any(one.figures.n or one.figures.inferred for one in stages) else []
        table(
            "订单健康",
            ("环节", "在其中", "超限", "平均（分钟）", "已完成平均", "一半在", "95% 在", "最久", "限时"),
            rows,
            empty="还没有订单进度：请主系统用 lifecycle 密钥上报 POST /v1/lifecycle-events。",
        )
        if any(one.figures.n and one.figures.is_thin for one in stages):
            out.print(said("订单少于 10 笔的环节只供参考。"), style="yellow")


@app.command()
def simulate(
    *,
    seed: Annotated[int, typer.Option(help="随机种子；同样的参数得到同样的一天。")] = 1,
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="哪一天。")] = datetime(2026, 11, 11),  # noqa: DTZ001 - a day
    rate: Annotated[float, typer.Option(min=0.01, max=1000, help="最忙时每分钟几单。")] = 2.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="故障，可多次，例如 stop:3@10:00-10:50、slow:4x6@9:00-12:00。"),
    ] = None,
) -> None:
    """模拟一天的订单进度：每行一个事件，形式同 POST /v1/lifecycle-events。不读写数据库。"""
    try:
        faults = [fault_of(text) for text in fault or ()]
    except InvalidOrder as error:
        fail(problem_sentence(error.code, error.detail), code=2)
    for event in simulated(seed=seed, day=day.date(), zone=load_settings().zone, rate=rate, faults=faults):
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")


def _cells(one: StageNow) -> tuple[str, ...]:
    figures = one.figures
    longer = f"> {figures.oldest:,.0f}" if figures.oldest is not None else "—"
    return (
        f"{one.stage.number} {one.stage.word}",
        f"{figures.inside:,}",
        f"{figures.over:,}",
        f"{figures.flow_mean:,.1f}",
        "—" if figures.done_mean is None else f"{figures.done_mean:,.1f}",
        longer if figures.p50 is None else f"{figures.p50:,.1f}",
        longer if figures.p95 is None else f"{figures.p95:,.1f}",
        "—" if figures.oldest is None else f"{figures.oldest:,.0f}",
        f"{one.stage.limit.total_seconds() / 60:,.0f}",
    )
