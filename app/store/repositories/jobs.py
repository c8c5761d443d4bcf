"""Runs of the calendar's jobs, and the heartbeats of whatever must never fall silent."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.store.statements import insert_new
from app.store.tables import Heartbeat, Instance, JobRun

WORKER = "worker"
"""The heartbeat of the workers: whichever was last heard of."""

KEPT_RUNS = 7 * 48
"""Runs of a job that are kept: a week of half hours."""


_PLAN = "job:"
"""Before a job's name in the name of the fact that says when it is due next."""


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job of the calendar as a worker that leads last wrote it down: when it is due next, and when it is cut off."""

    name: str
    label: str
    next_at: datetime
    within: timedelta


class JobRepository:
    """Writes down runs and heartbeats, and reads them back."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, name: str, *, due: datetime, now: datetime) -> int:
        """Write down that a job begins; return the row id of the run."""
        run = JobRun(name=name, due_at=due, started_at=now)
        self._session.add(run)
        self._session.flush()
        return run.id or 0

    def end(self, run_id: int, *, outcome: str, detail: str, now: datetime) -> None:
        """Write down how a run ended: ``ok`` or ``failed``."""
        values = {"finished_at": now, "outcome": outcome, "detail": detail[:200] or None}
        self._session.execute(update(JobRun).where(JobRun.id == run_id).values(**values))

    def forget_old(self) -> int:
        """Forget all but the newest runs of each job, also of one the calendar has no longer; return how many."""
        forgotten = 0
        for name in self._session.scalars(select(JobRun.name).distinct()).all():
            newest = select(JobRun.id).where(JobRun.name == name).order_by(JobRun.id.desc()).limit(KEPT_RUNS)
            oldest = self._session.scalar(select(func.min(newest.subquery().c.id)))
            old = delete(JobRun).where(JobRun.name == name, JobRun.id < oldest)
            forgotten += self._session.execute(old).rowcount
        return forgotten

    def last_runs(self, names: Sequence[str]) -> dict[str, JobRun]:
        """Return the newest run of each of these jobs."""
        newest = select(func.max(JobRun.id)).where(JobRun.name.in_(names)).group_by(JobRun.name)
        return {run.name: run for run in self._session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}

    def newest(self, *, limit: int) -> list[JobRun]:
        """Return the newest runs of all jobs, newest first."""
        return list(self._session.scalars(select(JobRun).order_by(JobRun.id.desc()).limit(limit)))

    def keep_plans(self, jobs: Sequence[PlannedJob]) -> None:
        """Write down what the calendar holds, for processes that have none; what it holds no longer is forgotten."""
        mine = Instance.name.startswith(_PLAN)
        names = [f"{_PLAN}{job.name}" for job in jobs]
        self._session.execute(delete(Instance).where(mine, Instance.name.not_in(names)))
        for place, job in enumerate(jobs):
            told = [place, job.label[:20], job.next_at.isoformat(), int(job.within.total_seconds())]
            self._session.merge(Instance(name=f"{_PLAN}{job.name}", value=json.dumps(told, ensure_ascii=False)))

    def plans(self) -> list[PlannedJob]:
        """Return what the calendar held when a job last began, in its order."""
        rows = self._session.scalars(select(Instance).where(Instance.name.startswith(_PLAN)))
        found = [(json.loads(row.value), row.name.removeprefix(_PLAN)) for row in rows]
        return [
            PlannedJob(name, label, datetime.fromisoformat(next_at), timedelta(seconds=within))
            for (_, label, next_at, within), name in sorted(found)
        ]

    def beat(self, name: str, *, now: datetime, holder: str) -> None:
        """Write down that ``name`` is alive; two workers that are the first to say so do not meet."""
        values = {"at": now, "holder": holder[:64]}
        insert_new(self._session, Heartbeat, [{"name": name, **values}], unique=("name",))
        self._session.execute(update(Heartbeat).where(Heartbeat.name == name).values(**values))

    def heartbeat(self, name: str) -> Heartbeat | None:
        """Return when ``name`` was last heard of."""
        return self._session.get(Heartbeat, name)
