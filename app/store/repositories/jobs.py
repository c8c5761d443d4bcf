"""Runs of the calendar's jobs, and the heartbeats of whatever must never fall silent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.store.statements import insert_new
from app.store.tables import Heartbeat, JobRun

KEPT_RUNS = 7 * 48
"""Runs of a job that are kept: a week of half hours."""


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

    def beat(self, name: str, *, now: datetime, holder: str) -> None:
        """Write down that ``name`` is alive; two workers that are the first to say so do not meet."""
        values = {"at": now, "holder": holder[:64]}
        insert_new(self._session, Heartbeat, [{"name": name, **values}], unique=("name",))
        self._session.execute(update(Heartbeat).where(Heartbeat.name == name).values(**values))

    def heartbeat(self, name: str) -> Heartbeat | None:
        """Return when ``name`` was last heard of."""
        return self._session.get(Heartbeat, name)
