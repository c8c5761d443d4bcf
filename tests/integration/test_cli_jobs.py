"""``lifeboat jobs list``: what the calendar holds, and how the worker of a silent scheduler ends."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from app.bootstrap import Lifeboat
from app.cli import worker
from app.worker.main import CalendarSilent
from tests.deployment.facts import TEN, hours, minutes, seconds
from tests.integration.conftest import Run


def test_a_new_deployments_jobs_have_not_run_and_say_when_they_will(run: Run):
    listed = json.loads(run("jobs", "list", "--json").stdout)
    assert [job["name"] for job in listed] == ["batch", "audit", "job_runs", "purge"]
    assert all(set(job) == {"name", "due", "started", "finished", "outcome", "next"} for job in listed)
    assert all(job["due"] is job["started"] is job["finished"] is job["outcome"] is None for job in listed)
    assert all(job["next"].endswith(":00+08:00") for job in listed)
    said = run("jobs", "list").stdout
    assert "尚未运行" in said
    assert "还没有运行过：后台进程" in said


def test_a_jobs_last_run_is_shown_on_the_merchants_clock(run: Run, boat: Lifeboat):
    with boat.store.writing() as uow:
        for name, outcome, detail in (("batch", "ok", ""), ("audit", "failed", "ValueError")):
            run_id = uow.jobs.begin(name, due=TEN, now=TEN + seconds(1))
            uow.jobs.end(run_id, outcome=outcome, detail=detail, now=TEN + minutes(1))
        long_ago = TEN - hours(24 * 365 * 10)
        uow.jobs.begin("job_runs", due=long_ago, now=long_ago)  # its worker was killed
    batch, audit, job_runs, _purge = json.loads(run("jobs", "list", "--json").stdout)
    assert (batch["outcome"], audit["outcome"], job_runs["outcome"]) == ("ok", "failed", None)
    assert [batch[key] for key in ("due", "started", "finished")] == [
        "2026-11-22T10:00:00+08:00",
        "2026-11-22T10:00:01+08:00",
        "2026-11-22T10:01:00+08:00",
    ]
    said = run("jobs", "list").stdout
    assert "出批次" in said
    assert "审计入链：ValueError。" in said
    assert "失败" in said
    assert "被中断" in said
    assert "11-22 10:00" in said
    assert "59 秒" in said
    assert "还没有运行过" not in said


def test_the_next_half_hour_follows_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIFEBOAT_BATCH_EVERY_MINUTES", "1440")
    batch, *_ = json.loads(run("jobs", "list", "--json").stdout)
    assert batch["next"].endswith("T00:00:00+08:00")


def test_a_worker_whose_scheduler_fell_silent_ends_so_that_another_is_started(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    async def silent(_boat: Lifeboat, _stop: asyncio.Event, **_: Callable[[], None]) -> None:
        raise CalendarSilent

    monkeypatch.setattr(worker, "work", silent)
    monkeypatch.setattr(worker.os, "nice", lambda _: None)  # it would hold for the tests that follow
    run("worker", code=worker.TRY_AGAIN)


def test_a_thread_that_hangs_does_not_keep_a_worker_that_gave_up():
    hangs = "import threading; from app.cli import worker; worker.end_in_any_case(0.1); threading.Event().wait(60)"
    assert subprocess.run([sys.executable, "-c", hangs], check=False, timeout=60).returncode == worker.TRY_AGAIN
