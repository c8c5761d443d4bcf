"""When jobs of the calendar are due, and that none can stand in its own way."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from app.domain.batch_window import window_start
from app.worker.calendar import RECORD_WITHIN
from app.worker.cron import LOOKS_BACK, Cron, at, each
from app.worker.timetable import calendar
from tests.deployment.facts import TEN, ZONE, minutes

PERIODS = [n for n in range(1, 24 * 60 + 1) if 24 * 60 % n == 0]
"""All that the settings allow."""

MIDNIGHT = datetime(2026, 11, 22, tzinfo=ZONE)
TWO_DAYS = timedelta(days=2)


def _dues(cron: Cron, *, since: datetime, until: datetime) -> list[datetime]:
    """Return when it is due, as the scheduler would ask for it."""
    found: list[datetime] = []
    due = cron.next_from(since)
    while due is not None and due < until:
        found.append(due)
        due = cron.get_next_fire_time(due, due)
    return found


@pytest.mark.parametrize("period", PERIODS)
def test_a_period_is_due_at_each_of_its_boundaries_and_at_no_other_moment(period: int):
    dues = _dues(each(minutes(period), ZONE), since=MIDNIGHT, until=MIDNIGHT + TWO_DAYS)
    assert dues == [MIDNIGHT + minutes(n * period) for n in range(2 * 24 * 60 // period)]
    assert [window_start(due, every=minutes(period), zone=ZONE) for due in dues] == dues


def test_the_wall_clock_is_the_merchants():
    kabul = ZoneInfo("Asia/Kabul")  # half an hour off
    assert str(each(minutes(60), kabul).next_from(TEN.astimezone(kabul))) == "2026-11-22 07:00:00+04:30"
    assert str(at(ZONE, hour=4, minute=10).next_from(TEN.astimezone(ZONE))) == "2026-11-23 04:10:00+08:00"


def test_after_thirty_years_an_hour_is_listed_and_not_fifteen_million_minutes():
    """APScheduler lists each missed firing before it makes one of them all."""
    now = MIDNIGHT + timedelta(days=30 * 365)
    due, listed = MIDNIGHT, 0
    while due <= now:
        following = at(ZONE, minute="*").get_next_fire_time(due, now)
        assert following is not None
        due, listed = following, listed + 1
        assert listed < 100
    assert listed == LOOKS_BACK // minutes(1) + 1


@pytest.mark.parametrize("period", PERIODS)
def test_a_job_is_cut_off_and_written_down_before_it_is_due_again(period: int):
    for job in calendar(batch_every=minutes(period), zone=ZONE):
        dues = _dues(job.due, since=MIDNIGHT, until=MIDNIGHT + timedelta(days=3))
        shortest = min(later - earlier for earlier, later in pairwise(dues))
        assert job.within + timedelta(seconds=RECORD_WITHIN) < shortest, job.name
        assert shortest >= minutes(1)


def test_every_job_has_a_name_and_a_word_of_its_own():
    jobs = calendar(batch_every=minutes(30), zone=ZONE)
    assert len({job.name for job in jobs}) == len({job.label for job in jobs}) == len(jobs)
