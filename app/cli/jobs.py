"""``lifeboat jobs``: what the calendar holds, when each job last ran and how that ended, and when it is due next."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer

from app.cli.language import is_english, said, words
from app.cli.terminal import Json, lifeboat, out, say_json, table
from app.store.tables import JobRun
from app.worker.timetable import Appointment, calendar

app = typer.Typer(help="定时任务：上次何时运行、结果如何、下次何时。", no_args_is_help=True)


@app.callback()
def jobs() -> None:
    """定时任务：上次何时运行、结果如何、下次何时。"""


@app.command("list")
def list_jobs(*, as_json: Json = False) -> None:
    """列出定时任务及其最近一次运行。"""
    with lifeboat() as boat:
        zone, now = boat.settings.zone, boat.clock.now()
        appointments = calendar(batch_every=boat.settings.batch_every, zone=zone)
        with boat.store.reading() as uow:
            runs = uow.jobs.last_runs([job.name for job in appointments])
        # Reckoned from the table: the scheduler is the worker's, and may be on another machine.
        due_next = {job.name: job.due.next_from(now.astimezone(zone)) for job in appointments}
        if as_json:
            say_json(
                [
                    {**_run(job.name, runs.get(job.name), zone), "next": _time(due_next[job.name], zone)}
                    for job in appointments
                ]
            )
            return
        rows = [
            (
                _called(job),
                job.name,
                *_cells(job, runs.get(job.name), zone=zone, now=now),
                _day(due_next[job.name], zone),
            )
            for job in appointments
        ]
        table("定时任务", ("任务", "名称", "上次应在", "用时", "结果", "下次"), rows, empty="没有定时任务。")
        for job in appointments:
            if (run := runs.get(job.name)) and run.detail:
                out.print(
                    said(
                        "{job}：{detail}。详见后台进程日志。",
                        job=_called(job),
                        detail=run.detail,
                    ),
                    markup=False,
                )
        if not runs:
            out.print(
                said("还没有运行过：后台进程（lifeboat serve 或 lifeboat worker）启动后，到“下次”一列的时间运行。")
            )


def _run(name: str, run: JobRun | None, zone: ZoneInfo) -> dict[str, Any]:
    """Return a run as JSON; without one there are only nulls."""
    if run is None:
        return {"name": name, **dict.fromkeys(("due", "started", "finished", "outcome"))}
    moments = {"due": run.due_at, "started": run.started_at, "finished": run.finished_at}
    return {"name": name, **{key: _time(at, zone) for key, at in moments.items()}, "outcome": run.outcome}


def _called(job: Appointment) -> str:
    """Return what people call a job; its label is Chinese."""
    return job.name if is_english() else job.label


def _cells(job: Appointment, run: JobRun | None, *, zone: ZoneInfo, now: datetime) -> tuple[str, str, str]:
    """Return a run for a person: when it was due, how long it took, and how it ended."""
    if run is None:
        return "", "", words.JOB_OUTCOMES["never"]
    due = _day(run.due_at, zone)
    if run.outcome is None or run.finished_at is None:
        return due, "", words.JOB_OUTCOMES["running" if now - run.started_at <= job.within else "cut_off"]
    took = said("{seconds:.0f} 秒", seconds=(run.finished_at - run.started_at).total_seconds())
    return due, took, words.JOB_OUTCOMES[run.outcome]


def _day(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else f"{moment.astimezone(zone):%m-%d %H:%M}"


def _time(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else moment.astimezone(zone).isoformat()
