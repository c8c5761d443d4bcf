"""A clock that stands still while the warehouse is closed, also where the wall clocks jump and hours change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.times import EARLIEST
from app.domain.warehouse_hours import DAY, WarehouseHours, hours_of
from app.domain.working_clock import WALL_CLOCK, HoursPeriod, WorkingClock, clock_of, first_showing
from tests.deployment.facts import ZONE, hours, minutes, seconds

ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")]
BEGIN = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
DAYS = ["08:00-20:00"] * 5 + ["09:00-12:00、13:00-15:00", "休"]


def local(text: str, zone: ZoneInfo = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def a_clock(week: list[str] = DAYS, *, zone: ZoneInfo = ZONE, **special: str) -> WorkingClock:
    named = {day.removeprefix("d").replace("_", "-"): text for day, text in special.items()}
    return clock_of((HoursPeriod(BEGIN, hours_of(week, named), zone),))


spans = st.lists(st.integers(0, DAY - 1), max_size=4, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)
nights = st.integers(DAY // 2, DAY - 1).map(lambda begin: ((begin, DAY + DAY - begin - 1),))
days = st.one_of(spans, nights)
weeks = st.tuples(*[days] * 7).filter(any)
special = st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 12, 31)), days, max_size=6)
worded = st.builds(lambda week, days: WarehouseHours(week, tuple(sorted(days.items()))), weeks, special)
moments = st.datetimes(datetime(2025, 12, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware
clocks = st.lists(
    st.tuples(st.integers(0, 200 * DAY), worded, st.sampled_from(ZONES)), max_size=3, unique_by=lambda one: one[0]
).map(
    lambda found: WorkingClock(
        [HoursPeriod(BEGIN + minutes(at), hours, zone) for at, hours, zone in sorted(found, key=lambda one: one[0])]
    )
)
lengths = st.timedeltas(timedelta(), timedelta(days=20))


@given(clocks, moments, moments)
def test_it_never_goes_back_and_never_faster_than_the_wall(clock: WorkingClock, one: datetime, other: datetime):
    since, until = sorted((one, other))
    assert timedelta() <= clock.between(since, until) <= until - since
    assert clock.seconds(until) == clock.read(until) // seconds(1)


@given(clocks, moments, moments, moments)
def test_parts_of_a_time_add_up(clock: WorkingClock, one: datetime, two: datetime, three: datetime):
    assert clock.between(one, two) + clock.between(two, three) == clock.between(one, three)


@given(clocks, moments, lengths, moments)
@example(a_clock(), local("2026-11-24T03:00"), hours(1), local("2026-11-23T19:00"))
def test_who_came_before_the_moment_back_has_been_here_for_longer_and_nobody_else(
    clock: WorkingClock, now: datetime, span: timedelta, came: datetime
):
    back = clock.back(now, span)
    assert clock.between(back, now) == span
    for entered in (came, back, back - seconds(1), back + seconds(1)):
        assert (entered < back) == (clock.between(entered, now) > span)


@given(clocks, moments, lengths)
def test_what_lies_ahead_is_the_first_moment_at_which_so_much_has_passed(
    clock: WorkingClock, now: datetime, span: timedelta
):
    ahead = clock.ahead(now, span)
    assert clock.between(now, ahead) == span
    assert span == timedelta() or clock.between(now, ahead - timedelta(microseconds=1)) < span


@given(worded, st.sampled_from(ZONES), moments)
@settings(max_examples=60)
def test_it_runs_while_a_time_of_the_day_or_of_the_day_before_has_begun_and_not_ended(
    hours: WarehouseHours, zone: ZoneInfo, moment: datetime
):
    clock = WorkingClock([HoursPeriod(BEGIN, hours, zone)])
    today = moment.astimezone(zone).date()
    runs = any(
        first_showing(day, begin, zone) <= moment < first_showing(day, end, zone)
        for day in (today - timedelta(days=1), today, today + timedelta(days=1))
        for begin, end in hours.on(day)
    )
    assert clock.is_open(moment) == (runs or moment < BEGIN)
    opens = clock.opens_at(moment)
    assert clock.is_open(opens)
    assert clock.read(opens) == clock.read(moment)


@given(clocks, moments, st.integers(0, 300 * DAY), worded, st.sampled_from(ZONES))
def test_new_hours_change_nothing_of_what_was_before_them(
    clock: WorkingClock, moment: datetime, later: int, hours: WarehouseHours, zone: ZoneInfo
):
    """The sums of the stages hold what it said, and nobody adds them up again."""
    known = clock._periods  # noqa: SLF001 - what a repository would read
    begins = max([BEGIN, *(one.begins_at for one in known)]) + minutes(later)
    changed = WorkingClock([*known, HoursPeriod(begins, hours, zone)])
    assert changed.read(begins) == clock.read(begins)
    assert moment > begins or changed.read(moment) == clock.read(moment)


@given(moments, lengths)
def test_without_hours_it_is_the_wall_clock(moment: datetime, span: timedelta):
    assert WALL_CLOCK.read(moment) == moment - EARLIEST
    assert WALL_CLOCK.seconds(moment) == (moment - EARLIEST) // seconds(1)
    assert WALL_CLOCK.back(moment, span) == moment - span
    assert WALL_CLOCK.ahead(moment, span) == moment + span
    assert WALL_CLOCK.is_open(moment)
    assert WALL_CLOCK.opens_at(moment) == moment


@given(moments)
def test_a_warehouse_that_never_closes_is_measured_as_if_nobody_had_said_so(moment: datetime):
    assert a_clock(["00:00-24:00"] * 7, zone=ZONES[1]).read(moment) == moment - EARLIEST


def test_the_night_does_not_count_and_neither_does_a_closed_day():
    clock = a_clock()
    evening, morning = local("2026-11-23T19:30"), local("2026-11-24T08:30")
    assert clock.between(evening, morning) == hours(1)
    assert clock.back(morning, hours(1)) == evening
    assert clock.between(local("2026-11-28T14:00"), local("2026-11-30T09:00")) == hours(2)  # Saturday to Monday
    assert clock.back(local("2026-11-24T08:00"), minutes(30)) == evening
    assert clock.back(local("2026-11-24T08:30"), minutes(30)) == local("2026-11-23T20:00")
    assert clock.ahead(evening, minutes(30)) == local("2026-11-23T20:00")
    assert not clock.is_open(local("2026-11-23T20:00"))
    assert clock.opens_at(local("2026-11-28T15:00")) == local("2026-11-30T08:00")


def test_a_special_day_is_closed_or_open_otherwise_and_a_night_before_it_still_ends():
    clock = a_clock(["20:00-04:00"] * 7, d2026_11_24="休", d2026_11_25="12:00-14:00")
    assert clock.between(local("2026-11-23T20:00"), local("2026-11-24T12:00")) == hours(8)
    assert clock.between(local("2026-11-24T12:00"), local("2026-11-25T12:00")) == timedelta()
    assert clock.between(local("2026-11-25T12:00"), local("2026-11-26T12:00")) == hours(2)


def test_times_that_run_into_each_other_count_once():
    clock = a_clock(["20:00-10:00"] * 7, d2026_11_24="08:00-12:00")
    assert clock.between(local("2026-11-23T20:00"), local("2026-11-24T20:00")) == hours(16)


@pytest.mark.parametrize(("night", "real"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-06", 8)])
def test_a_night_in_which_the_wall_clock_jumps_is_as_long_as_it_is(night: str, real: int):
    berlin = ZONES[1]
    clock = a_clock(["22:00-06:00"] * 7, zone=berlin)
    noon = local(f"{night}T12:00", berlin)
    assert clock.between(noon, noon + timedelta(days=1)) == hours(real)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "day", [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 10, 25)]
)
def test_a_time_of_day_is_the_first_moment_at_which_the_wall_shows_it_or_more(zone: ZoneInfo, day: date):
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - what a wall shows
    start = (midnight - timedelta(hours=3)).replace(tzinfo=zone).astimezone(UTC)
    shown = [(at, at.astimezone(zone).replace(tzinfo=None)) for at in (start + minutes(n) for n in range(30 * 60))]
    for minute in range(0, DAY, 10):
        wall = midnight + minutes(minute)
        assert first_showing(day, minute, zone) == next(at for at, showed in shown if showed >= wall)
