"""定时任务: what the calendar holds, when each job last ran and how that ended, and when it is due next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app import words
from app.store.repositories.jobs import PlannedJob
from app.store.tables import JobRun
from app.web.console.page import ConsolePage
from app.web.console.routing import route

NEWEST = 30
LATE = timedelta(minutes=2)
"""After its time a job that has not begun is missing; a busy machine may be a minute late."""


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job, its newest run, and how that ended."""

    job: PlannedJob
    run: JobRun | None
    outcome: str
    late: bool


class JobsPage(ConsolePage):
    """The calendar as the worker that leads wrote it down."""

    path = "/jobs"
    title = "定时任务"
    entry = "settings"

    @route("", name="jobs")
    async def index(self, request: Request) -> Response:
        """List the jobs and their newest runs."""
        return self.render(request, "jobs.html", **await run_in_threadpool(self._look))

    def _look(self) -> dict[str, Any]:
        now = self.boat.clock.now()
        with self.boat.store.reading() as uow:
            plans = uow.jobs.plans()
            last = uow.jobs.last_runs([job.name for job in plans])
            newest = uow.jobs.newest(limit=NEWEST)
        within = {job.name: job.within for job in plans}
        labels = {job.name: job.label for job in plans}
        jobs = [
            ShownJob(
                job,
                last.get(job.name),
                words.JOB_OUTCOMES[outcome_of(last.get(job.name), within=job.within, now=now)],
                late=now - job.next_at > LATE,
            )
            for job in plans
        ]
        runs = [
            (labels.get(run.name, run.name), run, outcome_of(run, within=within.get(run.name, timedelta()), now=now))
            for run in newest
        ]
        return {"jobs": jobs, "runs": runs}


def outcome_of(run: JobRun | None, *, within: timedelta, now: datetime) -> str:
    """Return the code of how a run ended: one without an end is running, or was cut off with its process."""
    if run is None:
        return "never"
    return run.outcome or ("running" if now - run.started_at <= within else "cut_off")
