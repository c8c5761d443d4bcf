"""``lifeboat watch``: how the orders of the main system are getting on, stage by stage."""

import typer

from app.cli.language import said
from app.cli.terminal import Json, lifeboat, out, say_json, table
from app.watch.stages.shown import stages_document
from app.watch.stages.stage_clock import StageNow, stages_now

app = typer.Typer(help="订单健康：各环节此刻的订单与用时。", no_args_is_help=True)


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
            say_json(stages_document(stages, now=now.astimezone(boat.settings.zone)))
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
