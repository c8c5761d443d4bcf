"""``lifeboat watch``: how the orders of the main system are getting on, stage by stage."""

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from pydantic import SecretStr

from app.bootstrap import Lifeboat, open_lifeboat, watch_policy
from app.cli import watch_sources
from app.cli.language import problem_sentence, said, words
from app.cli.terminal import Json, err, fail, lifeboat, load_settings, out, say_json, table
from app.cli.watch_beats import app as heartbeats
from app.cli.watch_events import app as events
from app.cli.watch_hours import hours
from app.cli.watch_promises import promises
from app.cli.watch_purge import purge
from app.cli.watch_stuck import stuck
from app.cli.watch_systemic import changes_app, systemic
from app.cli.watch_what_if import what_if
from app.domain.clock import SystemClock
from app.domain.problems import InvalidOrder
from app.domain.states import AlertState
from app.domain.times import EARLIEST
from app.domain.warehouse_hours import WEEKDAYS, WrongHours, hours_of
from app.domain.working_clock import WALL_CLOCK, HoursPeriod, WorkingClock
from app.settings import Settings
from app.watch.replay import Progress, Rung, keep_hours, replayed
from app.watch.stages.simulate import fault_of, simulated
from app.watch.stages.stage_clock import StageNow, stages_now
from app.watch.stages.take_events import RejectedEvent, ReportedEvent
from app.web.api.lifecycle import checked_event
from app.web.api.stages import stages_out

_NOTABLE = frozenset({AlertState.FIRING, AlertState.RESOLVED, "announced"})

Hours = Annotated[str, typer.Option(help="仓库每天的作业时间，例如 08:00-20:00；不写则一直计时。")]

app = typer.Typer(help="订单健康：各环节此刻的订单与用时。", no_args_is_help=True)
app.add_typer(watch_sources.app, name="source")
app.add_typer(heartbeats, name="heartbeat")
app.add_typer(changes_app, name="changes")
app.add_typer(events, name="events")
app.command()(systemic)
app.command()(stuck)
app.command()(promises)
app.command("what-if")(what_if)
app.command()(purge)
app.command()(hours)


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
    hours: Hours = "",
) -> None:
    """模拟一天的订单进度：每行一个事件，形式同 POST /v1/lifecycle-events。不读写数据库。"""
    try:
        faults = [fault_of(text) for text in fault or ()]
    except InvalidOrder as error:
        fail(problem_sentence(error.code, error.detail), code=2)
    zone = load_settings().zone
    works = _clock(hours, zone)
    for event in simulated(seed=seed, day=day.date(), zone=zone, rate=rate, faults=faults, warehouse=works):
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="录下的事件，每行一个，形式同 simulate 的输出；- 为标准输入。")],
    *,
    quiet_before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="在此之前只用来学习平时的样子，不看告警。"),
    ] = None,
    every_turn: Annotated[bool, typer.Option("--all", help="也显示观察中、恢复中的每一步。")] = False,
    hours: Hours = "",
    as_json: Json = False,
) -> None:
    """把录下的一天（或几天）按告警规则重放一遍，显示当时会响什么、告诉谁。不读写本系统的数据库。"""
    chosen = load_settings()
    quiet = quiet_before.replace(tzinfo=chosen.zone) if quiet_before else None
    _clock(hours, chosen.zone)
    with _lines_of(file) as lines, _elsewhere(chosen) as boat, _progress(chosen.zone) as progress:
        if hours:
            keep_hours(boat.store, hours, zone=chosen.zone)
        turns = replayed(
            boat.store, _recorded(lines), policy=watch_policy(chosen), quiet_before=quiet, progress=progress
        )
        told = list(_shown(turns, every_turn=every_turn, as_json=as_json, zone=chosen.zone))
    if not as_json:
        table(
            "会响的告警",
            ("时间", "级别", "规则", "环节", "种类", "动静", "告诉", "内容"),
            [_turn(one, chosen.zone) for one in told],
            empty="这些日子里没有告警会响。",
        )


def _clock(every_day: str, zone: ZoneInfo) -> WorkingClock:
    """Return the clock of a warehouse that works at the same hours every day; of none, one that always runs."""
    if not every_day:
        return WALL_CLOCK
    try:
        return WorkingClock([HoursPeriod(EARLIEST, hours_of([every_day] * WEEKDAYS, {}), zone)])
    except WrongHours as error:
        fail(problem_sentence(InvalidOrder.code, str(error)), code=2)


def _shown(turns: Iterator[Rung], *, every_turn: bool, as_json: bool, zone: ZoneInfo) -> Iterator[Rung]:
    """Yield the turns that are shown; as JSON each is printed at once."""
    for one in turns:
        if not every_turn and one.event not in _NOTABLE:
            continue
        if as_json:
            sys.stdout.write(json.dumps(rung_line(one, zone), ensure_ascii=False) + "\n")
        yield one


def rung_line(one: Rung, zone: ZoneInfo) -> dict[str, Any]:
    """Return a turn as a line of JSON has it."""
    return {
        "at": one.at.astimezone(zone).isoformat(),
        "rule": one.rule,
        "level": one.level,
        "kind": one.kind,
        "stage": one.stage,
        "event": one.event,
        "to": list(one.to),
        "text": one.text,
    }


def _turn(one: Rung, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        f"{one.at.astimezone(zone):%m-%d %H:%M}",
        words.ALERT_LEVELS[one.level],
        one.rule,
        "" if one.stage is None else str(one.stage),
        one.kind,
        words.ALERT_TURNS[one.event],
        said("、").join(words.TOLD_TO[who] for who in one.to),
        one.text,
    )


def _recorded(lines: Iterable[str]) -> Iterator[ReportedEvent]:
    """Yield the events of a file; a line that is none ends the command, which says which it is and why."""
    now = SystemClock().now()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = checked_event(number, json.loads(line), now=now)
        except ValueError:
            fail(said("第 {line} 行不是 JSON。", line=number), code=2)
        if isinstance(event, RejectedEvent):
            fail(said("第 {line} 行：{detail}", line=number, detail=event.detail), code=2)
        yield event


@contextmanager
def _lines_of(file: Path) -> Iterator[Iterable[str]]:
    if str(file) == "-":
        yield sys.stdin
        return
    try:
        packed = file.suffix == ".gz"
        with gzip.open(file, "rt", encoding="utf-8") if packed else file.open(encoding="utf-8-sig") as opened:
            yield opened
    except (OSError, EOFError) as error:
        fail(said("{file} 无法读取：{why}", file=file, why=getattr(error, "strerror", None) or error), code=2)


@contextmanager
def _elsewhere(chosen: Settings) -> Iterator[Lifeboat]:
    """Open a deployment of its own in a folder that is thrown away."""
    with TemporaryDirectory(prefix="lifeboat-replay-") as folder:
        apart = {"data_dir": Path(folder), "database_url": SecretStr("")}
        with closing(open_lifeboat(chosen.model_copy(update=apart))) as boat:
            boat.prepare_store()
            yield boat


@contextmanager
def _progress(zone: ZoneInfo) -> Iterator[Progress | None]:
    """Say on a terminal how far the replay has come."""
    if not err.is_terminal:
        yield None
        return
    with err.status("") as status:

        def tell(at: datetime, events: int) -> None:
            status.update(said("已重放到 {at:%m-%d %H:%M}，{events:,} 个事件", at=at.astimezone(zone), events=events))

        yield tell


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
