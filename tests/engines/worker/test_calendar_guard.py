"""P8, P11: the calendar goes on when the clock is set, and a scheduler that has fallen silent is noticed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from structlog.testing import capture_logs

from app.worker.calendar import Calendar
from app.worker.main import CalendarSilent, work
from tests.deployment import Deployment
from tests.deployment.facts import ZONE, hours
from tests.engines.worker.leaping_time import LeapingTime, nothing, on_leaping_time

DAY = timedelta(days=1)


# ---- the clock is set ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "due"),
    [
        (hours(1), ["22 11:00", "22 11:30", "22 12:00"]),  # 10:30 and 11:00 were missed, and are made once
        (DAY, ["23 10:00", "23 10:30", "23 11:00"]),
        (-hours(1), ["22 09:30", "22 10:00"]),
        (-DAY, ["21 10:30", "21 11:00"]),
        (
            timedelta(days=30 * 365),
            ["14 10:00", "14 10:30", "14 11:00"],
        ),  # a machine that began in the past learns the time
    ],
    ids=str,
)
def test_a_clock_that_is_set_skips_nothing_and_repeats_nothing(leaping: LeapingTime, step: timedelta, due: list[str]):
    """In 47 minutes by the monotonic clock, from 10:15:20 on; a run that was missed comes within a minute."""
    party = leaping.party(batch_on_time=nothing)

    async def story() -> None:
        await leaping.until("10:15:20")
        leaping.wall.step(step)
        before = party.calendar.proofs
        await asyncio.sleep(61)
        had.extend(leaping.dues("batch"))
        await asyncio.sleep(46 * 60)
        assert party.calendar.proofs - before >= 44

    had: list[str] = []
    with capture_logs() as said:
        leaping.live(story, party)
    assert leaping.dues("batch") == due
    assert had == (due[:1] if step > timedelta() else [])
    assert [line["seconds"] for line in said if line["event"] == "clock_step"] == [step.total_seconds()]
    assert party.given_up == []


def test_a_clock_that_is_set_a_little_is_nobodys_business(leaping: LeapingTime):
    async def story() -> None:
        await leaping.until("10:00:30")  # between two looks
        for _ in range(20):
            await asyncio.sleep(60)
            leaping.wall.step(timedelta(seconds=20))

    party = leaping.party(batch_on_time=nothing)
    with capture_logs() as said:
        leaping.live(story, party)
    assert [line for line in said if line["event"] == "clock_step"] == []
    assert party.given_up == []


def test_a_clock_that_is_set_forward_and_back_between_two_looks_costs_minutes_and_not_an_hour(leaping: LeapingTime):
    """The looks see no step then, but jobs were fired in between and have the times of an hour later: silence."""
    party = leaping.party(batch_on_time=nothing)

    async def story() -> None:
        await leaping.until("10:15:05")
        leaping.wall.step(hours(1))
        await asyncio.sleep(55.5)  # the scheduler's own timer comes at the full minute, the look a second later
        leaping.wall.step(-hours(1))
        await leaping.until("10:40:00")

    with capture_logs() as said:
        leaping.live(story, party)
    assert "22 10:30" in leaping.dues("batch")
    assert [line["looks"] for line in said if line["event"] == "calendar_silent"] == [4]
    assert [line for line in said if line["event"] == "clock_step"] == []
    assert party.given_up == []


# ---- the scheduler breaks ------------------------------------------------------------------------------------------------


def _break(calendar: Calendar, *, times: int) -> None:
    """Let the scheduler's own loop raise; it has no timer then, and says nothing any more."""
    scheduler: Any = calendar._scheduler  # noqa: SLF001 - what breaks is in there
    process, left = scheduler._process_jobs, [None] * times  # noqa: SLF001 - as above

    def process_jobs() -> float | None:
        if left:
            left.pop()
            raise MemoryError
        return process()  # type: ignore[no-any-return]

    scheduler._process_jobs = process_jobs  # noqa: SLF001 - as above


def test_a_scheduler_whose_loop_broke_once_is_woken_up(leaping: LeapingTime):
    party = leaping.party(batch_on_time=nothing)

    async def story() -> None:
        await leaping.until("10:10:30")
        _break(party.calendar, times=1)
        await leaping.until("10:17:30")
        alive = party.calendar.proofs
        await leaping.until("10:31:30")
        assert party.calendar.proofs == alive + 14

    with capture_logs() as said:
        leaping.live(story, party)
    assert [line["looks"] for line in said if line["event"] == "calendar_silent"] == [4]
    assert party.given_up == []
    assert leaping.dues("batch") == ["22 10:30"]


def test_a_scheduler_that_does_not_wake_up_is_given_up_after_five_minutes(leaping: LeapingTime):
    party = leaping.party(batch_on_time=nothing)

    async def story() -> None:
        await leaping.until("10:10:30")
        _break(party.calendar, times=10**6)
        await leaping.until("10:17:30")

    leaping.live(story, party)
    assert [f"{at.astimezone(ZONE):%H:%M}" for at in party.given_up[:1]] == ["10:16"]


def test_a_machine_that_slept_for_an_hour_is_not_given_up(leaping: LeapingTime):
    """Both clocks went on and nothing ran: one look was missed, and not sixty."""
    party = leaping.party(batch_on_time=nothing)

    async def story() -> None:
        await leaping.until("10:10:30")
        leaping.wall.loop.passed += 3600
        await leaping.until("11:15:00")

    leaping.live(story, party)
    assert party.given_up == []
    assert leaping.dues("batch") == ["22 11:00"]


def test_a_worker_whose_scheduler_is_silent_stops_and_says_so(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch):
    """Its process ends with a status that has another one started."""

    def broken(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(AsyncIOScheduler, "_process_jobs", broken)
    told: list[bool] = []
    with on_leaping_time(on_sqlite) as place, pytest.raises(CalendarSilent):
        place.run(work(place.boat, asyncio.Event(), on_silence=lambda: told.append(True)))
    assert told == [True]
    with on_sqlite.store.reading() as uow:
        assert uow.leases.get("leader") is None
