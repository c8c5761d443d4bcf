"""What is usual at an hour: the median of daily means in the first cell that holds enough."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.baseline import Baseline, Cell, Hour, percentile, usual_arrivals, usual_mean

HOME = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 11, 10, 20, tzinfo=HOME)  # a Wednesday


def hour(days_ago: int, *, at: int = 10, mean: float = 20, left: int = 12, entered: int = 12) -> Hour:
    begins = (NOW - timedelta(days=days_ago)).replace(hour=at, minute=0)
    return Hour(begins=begins, entered=entered, left=left, order_minutes=mean * left)


def test_the_same_hour_of_the_week_comes_first():
    weeks = [hour(7), hour(14, mean=30), hour(21, mean=40)]
    others = [hour(n, mean=99) for n in range(1, 7)]
    found = usual_mean([*weeks, *others], at=NOW)
    assert found == Baseline(value=30, cell=Cell.HOUR_OF_WEEK, days=3, orders=36)


def test_too_few_days_or_orders_there_and_the_next_cell_is_asked():
    two_weeks = [hour(7, mean=90), hour(14, mean=90)]
    days = [hour(n, mean=20) for n in (1, 2, 3, 4, 5)]
    found = usual_mean([*two_weeks, *days], at=NOW)
    assert found is not None
    assert (found.cell, found.value, found.days) == (Cell.HOUR_OF_DAY, 20, 7)
    few = [hour(n, left=9) for n in (7, 14, 21)]
    assert usual_mean(few, at=NOW) is None


def test_at_last_all_hours_are_asked():
    elsewhere = [hour(n, at=15, mean=25) for n in (1, 2, 3)]
    found = usual_mean(elsewhere, at=NOW)
    assert found is not None
    assert (found.cell, found.value) == (Cell.ALL_HOURS, 25)


def test_one_bad_day_does_not_move_it():
    days = [hour(n, mean=20) for n in (1, 2, 3, 4)]
    assert usual_mean([*days, hour(5, mean=900)], at=NOW) == usual_mean([*days, hour(5, mean=20)], at=NOW)


def test_this_hour_is_no_other_hour_and_old_ones_are_forgotten():
    assert usual_mean([hour(0, left=99)] * 3, at=NOW) is None
    assert usual_mean([hour(n, left=99) for n in (29, 36, 43)], at=NOW) is None


def test_a_day_on_which_nobody_left_has_no_mean():
    quiet = [hour(n, left=0) for n in (1, 2)]
    assert usual_mean([*quiet, hour(3, left=40), hour(4, left=40)], at=NOW) is None


def test_arrivals_are_counted_by_the_hour():
    found = usual_arrivals([hour(n, entered=n * 10) for n in (7, 14, 21)], at=NOW)
    assert found is not None
    assert found.value == 140


def test_a_percentile_is_a_value_that_so_many_do_not_exceed():
    assert percentile([], 0.5) is None
    assert percentile([3], 0.95) == 3
    assert percentile(list(range(1, 101)), 0.95) == 95
    assert percentile([5, 1, 3], 0.0) == 1
