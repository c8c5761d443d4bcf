"""P8: the calendar's jobs are done at their times, written down, and cut off where they hang; and what is missed is made up."""

import asyncio

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import insert
from structlog.testing import capture_logs

from app.store.audit_chain import MOST_IN_BLOCK, verify_chain
from app.store.repositories.jobs import WORKER
from app.store.tables import METADATA
from app.worker.main import MOST_BLOCKS
from tests.deployment.facts import ZONE, minutes
from tests.deployment.orders import new_orders
from tests.engines.worker.leaping_time import LeapingTime, nothing

# ---- runs --------------------------------------------------------------------------------------------------------------


def test_a_batch_is_looked_for_at_each_half_hour_and_each_run_is_written_down(leaping: LeapingTime):
    leaping.boat.writer().write(new_orders(3), [leaping.wall.now()] * 3)

    async def story() -> None:
        await leaping.until("11:10:00")

    leaping.live(story, leaping.party())
    assert leaping.dues("batch") == ["22 10:30", "22 11:00"]
    assert [(run.outcome, run.detail, run.finished_at) for run in leaping.runs("batch")] == [
        ("ok", None, run.started_at) for run in leaping.runs("batch")
    ]
    assert [batch.orders for batch in leaping.batches()] == [3]


def test_what_is_due_next_is_written_down_for_the_console(leaping: LeapingTime):
    """The web process has no calendar of its own."""

    async def story() -> None:
        await leaping.until("10:31:00")

    leaping.live(story, leaping.party())
    with leaping.boat.store.reading() as uow:
        plans = {job.name: (job.label, f"{job.next_at.astimezone(ZONE):%H:%M}") for job in uow.jobs.plans()}
    assert plans == {
        "batch": ("出批次", "11:00"),
        "audit": ("审计入链", "10:32"),
        "job_runs": ("清理运行记录", "04:10"),
        "purge": ("清理订单进度", "04:35"),
    }


def test_a_job_is_done_and_written_down_by_the_leader_alone(leaping: LeapingTime):
    follower = leaping.party(batch_on_time=pytest.fail)  # type: ignore[arg-type]
    follower.leads = False

    async def story() -> None:
        await leaping.until("10:31:00")

    leaping.live(story, follower)
    assert leaping.runs("batch") == []
    assert follower.calendar.proofs > 28


def test_a_job_that_fails_says_so_and_is_done_again(leaping: LeapingTime):
    """Its text stays out of the row: it may hold what must stay private."""
    trouble: list[Exception] = [ValueError("13800138000")]

    async def fails_once() -> int:
        if trouble:
            raise trouble.pop()
        return 0

    async def story() -> None:
        await leaping.until("11:01:00")

    leaping.live(story, leaping.party(batch_on_time=fails_once))
    assert [(run.outcome, run.detail) for run in leaping.runs("batch")] == [("failed", "ValueError"), ("ok", None)]


def test_a_job_that_hangs_is_cut_off_and_the_next_run_comes(leaping: LeapingTime):
    hung: list[bool] = [True]

    async def hangs_once() -> int:
        if hung:
            hung.pop()
            await asyncio.Event().wait()
        return 0

    async def story() -> None:
        await leaping.until("11:01:00")

    leaping.live(story, leaping.party(batch_on_time=hangs_once))
    cut_off, fine = leaping.runs("batch")
    assert (cut_off.outcome, cut_off.detail) == ("failed", "超过 1440 秒未完成，已中断")
    assert cut_off.finished_at == cut_off.started_at + minutes(24)
    assert (fine.outcome, leaping.dues("batch")[-1]) == ("ok", "22 11:00")


def test_whoever_stops_lets_a_run_end(leaping: LeapingTime):
    """P13"""

    async def takes_its_time() -> int:
        await asyncio.sleep(10)
        return 0

    async def story() -> None:
        await leaping.until("10:30:01")

    leaping.live(story, leaping.party(batch_on_time=takes_its_time))
    assert [run.outcome for run in leaping.runs("batch")] == ["ok"]


def test_two_leaders_for_a_moment_make_no_batch_twice(leaping_on_either: LeapingTime):
    """P4: both fire at the same instant, and the rows decide."""
    place = leaping_on_either
    place.boat.writer().write(new_orders(20), [place.wall.now()] * 20)

    async def story() -> None:
        await place.until("11:01:00")

    place.live(story, place.party(), place.party())
    assert [(batch.state, batch.orders) for batch in place.batches()] == [("published", 20)]
    assert place.dues("batch") == ["22 10:30", "22 10:30", "22 11:00", "22 11:00"]


# ---- what the ten-second look makes up for -----------------------------------------------------------------------------


def test_a_firing_before_the_lease_is_ours_is_made_up_for_within_ten_seconds(leaping: LeapingTime):
    leaping.boat.writer().write(new_orders(3), [leaping.wall.now()] * 3)
    steps = leaping.worker()
    party = leaping.party(steps)
    party.leads = False

    async def look() -> int:
        return await steps.batch() if party.leads else 0

    async def story() -> None:
        await leaping.until("10:30:03")
        party.leads = True
        await leaping.until("10:30:13")

    leaping.live(story, party, look=(look, 10.0))
    assert leaping.runs("batch") == []
    (batch,) = leaping.batches()
    assert f"{batch.claimed_at.astimezone(ZONE):%H:%M:%S}" == "10:30:11"


def test_a_scheduler_that_fires_nothing_costs_ten_seconds(leaping: LeapingTime, monkeypatch: pytest.MonkeyPatch):
    leaping.boat.writer().write(new_orders(3), [leaping.wall.now()] * 3)
    monkeypatch.setattr(AsyncIOScheduler, "_process_jobs", lambda _: None)
    steps = leaping.worker()

    async def story() -> None:
        await leaping.until("10:30:11")

    leaping.live(story, leaping.party(steps), look=(steps.batch, 10.0))
    assert [batch.orders for batch in leaping.batches()] == [3]


# ---- rows ----------------------------------------------------------------------------------------------------------------


def test_a_worker_writes_its_heartbeat_each_minute(leaping: LeapingTime):
    async def story() -> None:
        await leaping.until("10:20:30")

    leaping.live(story, leaping.party())
    with leaping.boat.store.reading() as uow:
        beat = uow.jobs.heartbeat(WORKER)
    assert beat is not None
    assert (f"{beat.at.astimezone(ZONE):%H:%M}", beat.holder) == ("10:20", "w")


def test_a_database_that_is_away_costs_runs_but_neither_the_scheduler_nor_the_guard(leaping: LeapingTime):
    engines = leaping.boat.engines
    party = leaping.party(batch_on_time=nothing)

    async def story() -> None:
        await leaping.until("10:10:30")
        engines.dispose()
        moved = leaping.boat.settings.data_dir / "lifeboat.db"
        moved.rename(moved.with_suffix(".away"))
        moved.mkdir()
        await leaping.until("10:40:30")
        moved.rmdir()
        moved.with_suffix(".away").rename(moved)
        await leaping.until("11:00:30")

    with capture_logs() as said:
        leaping.live(story, party)
    assert leaping.dues("batch") == ["22 11:00"]
    assert party.given_up == []
    assert sum(line["event"] == "heartbeat_not_written" for line in said) == 30  # the looks came no faster for it


def test_the_audit_is_chained_every_five_minutes_a_flood_of_it_in_several_runs(leaping: LeapingTime):
    flood = MOST_BLOCKS * MOST_IN_BLOCK + 1
    deed = {
        "at": leaping.wall.now(),
        "actor": "x",
        "way": "cli",
        "action": "a",
        "subject": "",
        "address": "",
        "detail": {},
    }
    with leaping.boat.engines.writer.begin() as connection:
        connection.execute(insert(METADATA.tables["audit"]), [deed] * flood)
    left: list[int] = []

    async def story() -> None:
        for clock in ("10:02:50", "10:07:50"):
            await leaping.until(clock)
            left.append(verify_chain(leaping.boat.store).unchained)

    leaping.live(story, leaping.party())
    assert left == [1, 0]
    assert leaping.dues("audit") == ["22 10:02", "22 10:07"]
    assert verify_chain(leaping.boat.store).intact
