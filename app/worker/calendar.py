"""Runs the calendar's jobs by APScheduler, writes down each run, and proves each minute that the scheduler is alive.

The scheduler holds no truth: its store is memory, jobs are added before the start alone, and what is due is asked of
the rows. So it may forget, repeat or come late (docs/adr/0012-calendar-by-apscheduler.md).
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from apscheduler.events import EVENT_JOB_SUBMITTED, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.domain.clock import Clock
from app.store.repositories.jobs import PlannedJob
from app.store.unit_of_work import Store
from app.worker.alone import Alone
from app.worker.cron import at
from app.worker.loops import Step
from app.worker.timetable import Appointment, Steps

log = structlog.get_logger()

_PROOF = "proof of life"

DEFAULTS = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
"""However late a firing comes it is made, and what was missed is made once. A grace time of one second, which is
APScheduler's own, drops a firing whenever the loop was busy for that long."""

RECORD_WITHIN = 5.0
"""Seconds for writing down how a run ended; with a run's own limit it stays below the shortest period, a minute."""

DRAIN_WITHIN = 20.0
"""Seconds for runs to end when the worker stops; the supervisor kills after 25."""


class NotDone(Exception):
    """A job that ran and could not do what was due; its text is for people and kept with the run."""


class Calendar:
    """A worker's scheduler; jobs are done only while ``leads`` says so, which is asked when they are due."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        appointments: Sequence[Appointment],
        steps: Steps,
        leads: Callable[[], bool],
        zone: ZoneInfo,
    ) -> None:
        self._store = store
        self._clock = clock
        self._leads = leads
        self._rows = Alone()
        self._due: dict[str, datetime] = {}
        self._running: set[asyncio.Task[None] | None] = set()
        self.proofs = 0
        """How often the scheduler has proved that it is alive."""
        self._scheduler = AsyncIOScheduler(timezone=zone, job_defaults=DEFAULTS)
        self._scheduler.add_listener(self._note_due, EVENT_JOB_SUBMITTED)
        self._appointments = appointments
        self._scheduler.add_job(self._prove_life, at(zone, minute="*"), id=_PROOF)
        for job in appointments:
            self._scheduler.add_job(self._keep, job.due, args=(job, job.step(steps)), id=job.name)

    def start(self) -> None:
        """Begin to fire, on the loop that runs."""
        self._scheduler.start()

    def set_right(self) -> None:
        """Look at the clock again: fire what has come due, and wait for nothing longer than one would from now on.

        Waking the scheduler up does the former alone. After a clock that was set back by a day its jobs still have the
        times of tomorrow, so these are reckoned again.
        """
        now = self._clock.now().astimezone(self._scheduler.timezone)
        for job in self._scheduler.get_jobs():
            afresh = job.trigger.next_from(now)
            if afresh is not None and job.next_run_time > afresh:
                job.modify(next_run_time=afresh)
        self._scheduler.wakeup()

    async def aclose(self) -> None:
        """Fire no more, and let what runs end."""
        self._scheduler.pause()
        if running := [task for task in self._running if task is not None]:
            await asyncio.wait(running, timeout=DRAIN_WITHIN)
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)  # it is done on the loop's next round

    async def _prove_life(self) -> None:
        self.proofs += 1

    def _note_due(self, event: JobSubmissionEvent) -> None:
        """Keep the time a run was due; it is told here alone, before the run begins."""
        self._due[event.job_id] = event.scheduled_run_times[-1]

    async def _keep(self, job: Appointment, step: Step) -> None:
        """Do a job if this worker leads."""
        if not self._leads():
            return
        task = asyncio.current_task()
        self._running.add(task)
        try:
            await self._run(job, step)
        finally:
            self._running.discard(task)

    async def _run(self, job: Appointment, step: Step) -> None:
        """Do a job within its time and write down what came of it; nothing that goes wrong in it goes further."""
        run_id, trouble = None, ""
        limit = job.within.total_seconds()
        try:
            async with asyncio.timeout(limit) as cut_off:
                run_id = await self._rows.run(partial(self._begin, job.name, self._due[job.name]))
                await step()
        except Exception as error:
            log.exception("job_failed", job=job.name)
            # The text of any other error may hold what must stay private.
            trouble = str(error) if isinstance(error, NotDone) else type(error).__name__
            if cut_off.expired():
                trouble = f"超过 {limit:.0f} 秒未完成，已中断"
        if run_id is None:
            return
        try:
            async with asyncio.timeout(RECORD_WITHIN):
                await self._rows.run(partial(self._end, run_id, trouble))
        except Exception as error:  # noqa: BLE001 - refused, locked, hung: all the same
            log.error("run_not_recorded", job=job.name, reason=type(error).__name__)  # noqa: TRY400 - as above

    def _begin(self, name: str, due: datetime) -> int:
        with self._store.writing() as uow:
            uow.jobs.keep_plans(self._plans(after=max(due, self._clock.now())))
            return uow.jobs.begin(name, due=due, now=self._clock.now())

    def _plans(self, *, after: datetime) -> list[PlannedJob]:
        """Return when each job is due next, for the console: it has no calendar."""
        now = after.astimezone(self._scheduler.timezone) + timedelta(seconds=1)
        due = [(job, job.due.next_from(now)) for job in self._appointments]
        return [PlannedJob(job.name, job.label, next_at, job.within) for job, next_at in due if next_at is not None]

    def _end(self, run_id: int, trouble: str) -> None:
        with self._store.writing() as uow:
            uow.jobs.end(run_id, outcome="failed" if trouble else "ok", detail=trouble, now=self._clock.now())
