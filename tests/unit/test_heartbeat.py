"""When a heartbeat is due, late and down, whatever comes when: on a clock that is moved."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.heartbeat import Beat, BeatState
from tests.deployment.facts import TEN, hours, minutes, seconds

DAILY = Beat(every=hours(24), grace=minutes(30))
NEW, UP, LATE, DOWN = BeatState.NEW, BeatState.UP, BeatState.LATE, BeatState.DOWN

periods = st.integers(min_value=1, max_value=62 * 24 * 60).map(lambda n: timedelta(minutes=n))


@st.composite
def beats(draw: st.DrawFn) -> Beat:
    return Beat(every=draw(periods), grace=draw(periods), most_failures=draw(st.integers(1, 4)))


def test_what_was_never_heard_of_is_new_for_ever():
    assert DAILY.state(TEN + hours(10_000)) is NEW


def test_it_is_up_then_late_then_down():
    beat = DAILY.succeeded(TEN)
    states = [beat.state(TEN + hours(24) + more) for more in (minutes(0), seconds(1), minutes(30), minutes(31))]
    assert states == [UP, LATE, LATE, DOWN]
    assert beat.succeeded(TEN + hours(30)).state(TEN + hours(54)) is UP


@pytest.mark.parametrize(
    ("period", "early", "counts"),
    [
        (hours(24), hours(2) + minutes(24), True),
        (hours(24), hours(2) + minutes(25), False),
        (minutes(10), minutes(2), True),
        (minutes(10), minutes(2) + seconds(1), False),
    ],
)
def test_a_success_a_little_before_its_due_time_counts_for_it(period: timedelta, early: timedelta, counts: bool):  # noqa: FBT001 - a row
    beat = Beat(every=period, grace=minutes(1)).succeeded(TEN)
    due = TEN + period
    assert beat.succeeded(due - early).due_at == (due + period if counts else due)


def test_a_job_that_is_a_minute_early_each_day_is_never_late():
    beat, at = DAILY.succeeded(TEN), TEN
    for _ in range(30):
        at += hours(24) - minutes(1)
        assert beat.state(at) is UP
        beat = beat.succeeded(at)


def test_a_run_by_hand_at_noon_does_not_stand_for_the_one_of_the_night():
    beat = DAILY.succeeded(TEN).succeeded(TEN + hours(12))
    assert beat.state(TEN + hours(24) + minutes(31)) is DOWN


def test_a_run_that_does_not_end_is_overdue_from_its_beginning_and_another_one_heals_nothing():
    beat = DAILY.succeeded(TEN).begun(TEN + hours(1))
    assert [beat.state(TEN + hours(1) + more) for more in (seconds(0), minutes(30), minutes(31))] == [UP, LATE, DOWN]
    assert beat.begun(TEN + hours(2)).state(TEN + hours(2)) is DOWN
    assert beat.succeeded(TEN + hours(2)).state(TEN + hours(2)) is UP
    assert DAILY.begun(TEN).state(TEN + minutes(31)) is DOWN


def test_failures_in_a_row_are_a_trouble_and_put_nothing_off():
    beat = Beat(every=hours(1), grace=minutes(5), most_failures=2).succeeded(TEN).failed(TEN + minutes(30))
    assert beat.state(TEN + minutes(30)) is UP
    assert beat.state(TEN + minutes(66)) is DOWN
    assert beat.failed(TEN + minutes(31)).state(TEN + minutes(31)) is DOWN
    assert beat.succeeded(TEN + minutes(31)).failed(TEN + minutes(32)).state(TEN + minutes(32)) is UP
    assert Beat(every=hours(1), grace=minutes(5), most_failures=2).failed(TEN).state(TEN + minutes(66)) is DOWN


def test_a_due_time_of_before_the_clock_was_set_back_holds_no_longer_than_the_next_success():
    beat = DAILY.succeeded(TEN + hours(400))
    assert beat.succeeded(TEN).due_at == TEN + hours(24)


@given(beats(), st.lists(st.integers(0, 100), min_size=1, max_size=40))
def test_jobs_that_come_no_earlier_than_they_may_and_in_time_are_never_late(beat: Beat, places: list[int]):
    """Each run comes somewhere between as early as counts and its due time; all of them count, one each."""
    beat = beat.succeeded(TEN)
    for place in places:
        assert beat.due_at is not None
        before = beat.due_at
        at = max(before - beat.early * place / 100, TEN)
        assert beat.state(at) is UP
        beat = beat.succeeded(at)
        assert beat.due_at == before + beat.every


@given(
    beats(),
    st.lists(st.tuples(st.sampled_from(("ok", "start", "fail")), st.integers(0, 3 * 24 * 3600)), max_size=30),
    st.integers(0, 400 * 24 * 3600),
)
def test_silence_is_noticed_whatever_was_heard_before(beat: Beat, heard: list[tuple[str, int]], rest: int):
    """Once anything was heard, it is down after two periods, the early part and the grace without a success."""
    at = last_ok = TEN
    for signal, later in heard:
        at += seconds(later)
        last_ok = at if signal == "ok" else last_ok
        beat = {"ok": beat.succeeded, "start": beat.begun, "fail": beat.failed}[signal](at)
    now = at + seconds(rest)
    if not heard:
        assert beat.state(now) is NEW
    elif now > max(at, last_ok) + beat.every + beat.early + beat.grace:
        assert beat.state(now) is DOWN
    if beat.state(now) is UP:
        assert now <= (beat.overdue_at or now)


@given(beats(), st.lists(st.sampled_from(("start", "fail")), max_size=6), st.integers(0, 100))
def test_a_success_ends_every_trouble_at_once(beat: Beat, heard: list[str], later: int):
    for n, signal in enumerate(heard):
        beat = {"start": beat.begun, "fail": beat.failed}[signal](TEN + hours(n))
    at = TEN + hours(len(heard) + later)
    after = beat.succeeded(at)
    assert (after.failures, after.started_at) == (0, None)
    assert after.succeeded(at + hours(10_000)).state(at + hours(10_000)) is UP
