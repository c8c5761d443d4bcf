"""Runs of the calendar's jobs and heartbeats as rows, on both engines."""

from sqlalchemy import func, select

from app.store.repositories.jobs import KEPT_RUNS, PlannedJob
from app.store.tables import Heartbeat, JobRun
from tests.deployment import Deployment
from tests.deployment.facts import TEN, minutes


def _run(deployment: Deployment, name: str, *, outcome: str | None = "ok", detail: str = "") -> None:
    with deployment.store.writing() as uow:
        run_id = uow.jobs.begin(name, due=TEN, now=TEN)
        if outcome is not None:
            uow.jobs.end(run_id, outcome=outcome, detail=detail, now=TEN + minutes(1))


def test_the_last_run_of_each_job_is_shown_with_how_it_ended(deployment: Deployment):
    _run(deployment, "batch")
    _run(deployment, "batch", outcome="failed", detail="x" * 300)
    _run(deployment, "audit", outcome=None)
    _run(deployment, "no longer there")
    with deployment.store.reading() as uow:
        runs = uow.jobs.last_runs(["batch", "audit", "never"])
    assert set(runs) == {"batch", "audit"}
    assert (runs["batch"].outcome, runs["batch"].detail) == ("failed", "x" * 200)
    assert (runs["audit"].outcome, runs["audit"].finished_at) == (None, None)


def test_old_runs_are_forgotten_job_by_job(deployment: Deployment):
    with deployment.store.writing() as uow:
        for _ in range(KEPT_RUNS + 5):
            uow.jobs.begin("batch", due=TEN, now=TEN)
        uow.jobs.begin("audit", due=TEN, now=TEN)
    with deployment.store.writing() as uow:
        assert uow.jobs.forget_old() == 5
        assert uow.jobs.forget_old() == 0
    kept = deployment.rows.all(select(func.min(JobRun.id)).where(JobRun.name == "batch"))  # type: ignore[arg-type]
    assert kept == [6]
    assert deployment.rows.count(JobRun) == KEPT_RUNS + 1


def test_a_heartbeat_is_one_row_however_many_beat(deployment: Deployment):
    for n, holder in enumerate(["a", "b" * 70]):
        with deployment.store.writing() as uow:
            uow.jobs.beat("worker", now=TEN + minutes(n), holder=holder)
    with deployment.store.reading() as uow:
        beat = uow.jobs.heartbeat("worker")
        assert uow.jobs.heartbeat("another") is None
    assert beat is not None
    assert (beat.at, beat.holder, deployment.rows.count(Heartbeat)) == (TEN + minutes(1), "b" * 64, 1)


def test_what_the_calendar_holds_is_kept_in_its_order_and_forgotten_when_it_holds_it_no_longer(deployment: Deployment):
    def plan(name: str, after: int) -> PlannedJob:
        return PlannedJob(name, f"任务 {name}", TEN + minutes(after), minutes(2))

    with deployment.store.writing() as uow:
        uow.access.keep_fact("seal_key", "mark")
        uow.jobs.keep_plans([plan("batch", 30), plan("audit", 5), plan("old", 1)])
    with deployment.store.writing() as uow:
        uow.jobs.keep_plans([plan("batch", 60), plan("audit", 10)])
    with deployment.store.reading() as uow:
        assert uow.jobs.plans() == [plan("batch", 60), plan("audit", 10)]
        assert uow.access.fact("seal_key") == "mark"
