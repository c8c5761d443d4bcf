from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.batch_window import GRACE, is_due, is_overdue, window_start
from tests.deployment.facts import TEN, ZONE, minutes, seconds

HALF_HOUR = minutes(30)
PERIODS = st.sampled_from([minutes(n) for n in (1, 5, 10, 15, 20, 30, 60, 120, 1440)])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
STEPS = st.sampled_from([seconds(0), minutes(60), minutes(-60), timedelta(days=1), timedelta(days=-1)])


@pytest.mark.parametrize(
    ("moment", "every", "start"),
    [
        ("2026-11-22T10:00:00+08:00", HALF_HOUR, "2026-11-22T10:00:00+08:00"),
        ("2026-11-22T10:29:59+08:00", HALF_HOUR, "2026-11-22T10:00:00+08:00"),
        ("2026-11-22T10:30:00+08:00", HALF_HOUR, "2026-11-22T10:30:00+08:00"),
        ("2026-11-22T00:00:00+08:00", HALF_HOUR, "2026-11-22T00:00:00+08:00"),
        ("2026-11-21T23:59:59+08:00", HALF_HOUR, "2026-11-21T23:30:00+08:00"),
        ("2026-11-22T10:07:31+08:00", minutes(1), "2026-11-22T10:07:00+08:00"),
        ("2026-11-22T23:59:00+08:00", timedelta(days=1), "2026-11-22T00:00:00+08:00"),
    ],
)
def test_boundaries_lie_on_the_merchants_wall_clock(moment: str, every: timedelta, start: str):
    at = datetime.fromisoformat(moment).astimezone(UTC)
    found = window_start(at, every=every, zone=ZONE)
    assert found == datetime.fromisoformat(start)
    assert found.tzinfo is UTC


@given(MOMENTS, PERIODS)
def test_a_window_begins_before_its_moment_and_less_than_a_period_ago(moment: datetime, every: timedelta):
    start = window_start(moment, every=every, zone=ZONE)
    assert start <= moment < start + every
    local = start.astimezone(ZONE)
    assert (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) % every == timedelta()


@pytest.mark.parametrize(
    ("waits_since", "now", "due"),
    [
        (None, TEN, False),
        (TEN, TEN + minutes(29), False),
        (TEN, TEN + minutes(30), True),
        (TEN - seconds(1), TEN, True),
        (TEN, TEN, False),  # on the boundary: it belongs to the window that begins
        (TEN, TEN + timedelta(days=2), True),
        (TEN, TEN - minutes(5), False),  # the clock was set back a little: wait for it
        (TEN, TEN - minutes(60), True),  # far back: nobody waits an hour for it to catch up
    ],
)
def test_a_batch_is_due_once_an_order_has_waited_past_a_boundary(
    waits_since: datetime | None, now: datetime, *, due: bool
):
    assert is_due(now, oldest_waiting_at=waits_since, every=HALF_HOUR, zone=ZONE) is due


@given(MOMENTS, PERIODS.filter(lambda every: every <= minutes(60)), STEPS, st.integers(0, 3600))
def test_no_order_waits_longer_than_two_periods_even_when_the_clock_steps(
    came: datetime, every: timedelta, step: timedelta, after: int
):
    """P8, P11: one look a minute finds it within a period and a look, before a step, or within two after it."""
    now, waited, stepped = came, timedelta(), False
    for _ in range(2 * int(every / minutes(1)) + 3):
        if is_due(now, oldest_waiting_at=came, every=every, zone=ZONE):
            break
        now, waited = now + minutes(1), waited + minutes(1)
        if not stepped and waited >= seconds(after):
            now, stepped = now + step, True
    limit = every if not stepped or step >= timedelta() else 2 * every
    assert waited <= limit + minutes(1)


@given(MOMENTS, PERIODS, STEPS)
def test_when_nothing_waits_no_batch_is_due_whatever_the_clock_does(now: datetime, every: timedelta, step: timedelta):
    assert not is_due(now + step, oldest_waiting_at=None, every=every, zone=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("waited", "overdue"),
    [(None, False), (HALF_HOUR, False), (HALF_HOUR + GRACE, False), (HALF_HOUR + GRACE + seconds(1), True)],
)
def test_a_batch_is_overdue_after_its_period_and_a_grace(waited: timedelta | None, *, overdue: bool):
    since = None if waited is None else TEN - waited
    assert is_overdue(TEN, oldest_waiting_at=since, every=HALF_HOUR) is overdue
