"""Runs the calendar of a worker and its guard in a deployment whose time leaps, with steps of a test's own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.bootstrap import Lifeboat
from app.store.tables import Batch, JobRun
from app.worker.calendar import Calendar
from app.worker.guard import LOOK_EVERY, Guard
from app.worker.loops import Step, keep_doing
from app.worker.main import Worker
from app.worker.timetable import Steps, calendar
from tests.deployment import Deployment
from tests.deployment.facts import ZONE
from tests.deployment.rows import Rows
from tests.harness.hurried_time import Wall, hurried


async def nothing() -> int:
    """Find nothing to do."""
    return 0


@dataclass
class Party:
    """One worker's calendar under guard."""

    calendar: Calendar
    guard: Guard
    given_up: list[datetime]
    leads: bool = True


@dataclass
class LeapingTime:
    """A deployment on leaping time."""

    boat: Lifeboat
    rows: Rows
    wall: Wall
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    loops: list[Awaitable[None]] = field(default_factory=list)

    def worker(self) -> Steps:
        """Return the steps of a worker."""
        return Worker(self.boat).steps()

    def party(self, steps: Steps | None = None, **others: Step) -> Party:
        """Make a calendar whose steps are a worker's, but for those named here."""
        made: list[Party] = []
        steps = replace(steps or self.worker(), **others)
        schedule = Calendar(
            self.boat.store,
            self.wall,
            appointments=calendar(batch_every=self.boat.settings.batch_every, zone=ZONE),
            steps=steps,
            leads=lambda: made[0].leads,
            zone=ZONE,
        )
        given_up: list[datetime] = []
        give_up = lambda: given_up.append(self.wall.now())  # noqa: E731 - a call, named
        made.append(Party(schedule, Guard(self.boat.store, self.wall, schedule, holder="w", give_up=give_up), given_up))
        return made[0]

    def live(
        self, story: Callable[[], Coroutine[Any, Any, None]], *parties: Party, **loops: tuple[Step, float]
    ) -> None:
        """Let calendars, their guards and some loops go on while a story is told."""

        async def life() -> None:
            guards = {f"guard {n}": (party.guard.look, LOOK_EVERY) for n, party in enumerate(parties)}
            every = {**guards, **loops}
            kept = [keep_doing(name, step, rest=rest, stop=self.stop) for name, (step, rest) in every.items()]
            going_on = asyncio.gather(*kept)
            for party in parties:
                party.guard.start()
            await story()
            self.stop.set()
            for party in parties:
                await party.calendar.aclose()
            await going_on

        self.run(life())

    async def until(self, clock: str) -> None:
        """Let time pass until the wall clock of Shanghai says ``clock``."""
        hour, minute, second = (int(part) for part in clock.split(":"))
        now = self.wall.now().astimezone(ZONE)
        wait = now.replace(hour=hour, minute=minute, second=second, microsecond=0) - now
        assert wait.total_seconds() >= 0, f"it is {now} already"
        await asyncio.sleep(wait.total_seconds())

    def runs(self, name: str) -> list[JobRun]:
        """Return a job's runs, oldest first."""
        query: Any = select(JobRun).where(JobRun.name == name).order_by(JobRun.id)  # type: ignore[arg-type]
        return self.rows.all(query)

    def dues(self, name: str) -> list[str]:
        """Return when a job's runs were due, by the wall clock of Shanghai."""
        return [f"{run.due_at.astimezone(ZONE):%d %H:%M}" for run in self.runs(name)]

    def batches(self) -> list[Batch]:
        return self.rows.all(select(Batch))


@contextmanager
def on_leaping_time(deployment: Deployment) -> Iterator[LeapingTime]:
    """Let time leap in a deployment, from ten in the morning of the 22nd in Shanghai."""
    with hurried() as (wall, run):
        yield LeapingTime(replace(deployment.boat, clock=wall), deployment.rows, wall, run)
