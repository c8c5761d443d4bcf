"""P8, P11: what has a time of day is done although the clock is set, and although the database was restarted."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.deployment import Deployment
from tests.deployment.orders import new_orders
from tests.engines.worker.leaping_time import on_leaping_time
from tests.failure.test_the_clock_jumps import DAY, HOUR, House, house, wording
from tests.harness.away import NoPostgres
from tests.harness.cluster import lone_server
from tests.harness.lifeboat_process import until
from tests.harness.trial import Trial, skipped
from tests.harness.wall_clock import NoFaketime

STEPS = (HOUR, -HOUR, -DAY, DAY)

GOES_ON_WITHIN = 180.0
"""Seconds from a step to a run by the new time: a minute until somebody looks, one until the next run, one to spare."""


# ---- the clock is set under a whole worker -----------------------------------------------------------------------------


def calendar_goes_on(home: Path, *, engine: str = "sqlite", steps: Sequence[timedelta] = STEPS) -> Trial:
    """Set the clock of a worker and wait each time for a run of the calendar that was due by the new time."""
    trial = Trial("P11", f"the calendar while the clock is set by {', '.join(map(wording, steps))} ({engine})")
    try:
        with house(home, engine=engine, batch_every_minutes="1") as place:
            place.start_worker()
            for n, step in enumerate(steps, 1):
                place.clock.step(step)
                stepped, why = place.clock.now(), f"no run after {wording(step)}"
                until(lambda since=stepped: _due_since(place, since), within=GOES_ON_WITHIN, every=0.5, why=why)
                noticed, why = partial(_said, place, '"clock_step"', times=n), f"{wording(step)} was not noticed"
                until(noticed, within=GOES_ON_WITHIN, every=0.5, why=why)
                trial.trials += 1
            trial.demand(_said(place, '"worker_started"', times=1), "the worker had to be started again")
            failed = place.source.rows("SELECT name, detail FROM job_run WHERE outcome = 'failed'")
            trial.demand(not failed, f"runs failed: {failed}")
    except (NoFaketime, NoPostgres) as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def _due_since(place: House, since: datetime) -> bool:
    """Tell whether the newest run was due after ``since``, but not by a time from before the clock was set back."""
    rows = place.source.rows("SELECT due_at FROM job_run WHERE name = 'batch' ORDER BY id DESC LIMIT 1")
    due = _moment(rows[0][0]) if rows else None
    return due is not None and since <= due <= place.clock.now()


def _said(place: House, event: str, *, times: int) -> bool:
    return place.worker.log().count(event) == times


def _moment(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# ---- the database is restarted -----------------------------------------------------------------------------------------


def test_runs_go_on_after_postgresql_was_restarted(tmp_path: Path):
    try:
        with lone_server() as server:
            deployment = Deployment(tmp_path, database_url=server.sqlalchemy_url)
            with closing(deployment), on_leaping_time(deployment) as place:
                place.boat.writer().write(new_orders(5), [place.wall.now()] * 5)

                async def story() -> None:
                    await place.until("10:40:00")
                    server.kill()
                    await place.until("11:10:00")  # 11:00 is lost: nothing could be asked
                    server.start()
                    await place.until("11:40:00")
                    server.kill()
                    server.start()
                    await place.until("12:10:00")

                party = place.party()
                with capture_logs() as said:
                    place.live(story, party)
                assert place.dues("batch") == ["22 10:30", "22 11:30", "22 12:00"]
                assert {run.outcome for run in place.runs("batch")} == {"ok"}
                assert any(line["event"] == "job_failed" and line["job"] == "batch" for line in said)
                assert party.given_up == []
                assert [batch.orders for batch in place.batches()] == [5]
    except NoPostgres as error:
        pytest.skip(str(error))
