"""The figures of a stage: a stage that stops is seen, and medians count those that are still inside."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.marks import STAGES
from app.domain.stage_clock import FEW, StageFigures, flow_mean, quantiles, window_of
from tests.deployment.facts import hours, minutes


def test_the_window_is_the_limit_and_half_an_hour_at_least():
    assert [window_of(stage.limit) for stage in STAGES] == [minutes(30), minutes(30), hours(1), hours(2), hours(4)]


def test_without_an_exit_the_mean_grows_with_the_waiting():
    assert [flow_mean(10 * waited, 0) for waited in (10, 20, 30)] == [100, 200, 300]
    assert flow_mean(120, 12) == 10


def test_medians_of_orders_that_have_all_left_are_the_plain_ones():
    assert quantiles([5, 1, 3, 2, 4], [], [0.5, 0.95]) == [3, 5]


def test_an_order_inside_tells_that_its_time_is_longer():
    assert quantiles([1, 2, 3], [9, 9, 9, 9], [0.5, 0.95]) == [None, None]
    assert quantiles([1, 2, 3, 8], [4, 9], [0.5, 0.95]) == [3, None]
    assert quantiles([], [], [0.5]) == [None]


def test_shares_are_answered_in_the_order_asked():
    assert quantiles(range(1, 101), [], [0.95, 0.5]) == [95, 50]


@given(
    left=st.lists(st.integers(0, 500), max_size=40),
    inside=st.lists(st.integers(0, 500), max_size=40),
    share=st.sampled_from([0.1, 0.5, 0.95]),
)
def test_a_share_is_the_first_time_at_which_so_many_have_left(left: list[int], inside: list[int], share: float):
    (found,) = quantiles(left, inside, [share])
    survives = 1.0
    for time in sorted(set(left)):
        at_risk = sum(one >= time for one in [*left, *inside])
        survives *= 1 - left.count(time) / at_risk
        if 1 - survives >= share - 1e-12:
            assert found == time
            return
    assert found is None


def test_the_curve_is_the_true_one_although_half_are_still_inside():
    """Lognormal times with a true median of 20; whoever looks in between sees only the short ones leave."""
    chance = random.Random(5)
    times = [chance.lognormvariate(3.0, 0.8) for _ in range(4000)]
    seen = [chance.uniform(0, 60) for _ in times]
    left = [time for time, at in zip(times, seen, strict=True) if time <= at]
    inside = [at for time, at in zip(times, seen, strict=True) if time > at]
    (p50,) = quantiles(left, inside, [0.5])
    assert p50 == pytest.approx(20.1, rel=0.08)
    assert sorted(left)[len(left) // 2] < 0.8 * 20  # what those that have left would say


def test_few_orders_make_a_suspicion_and_no_verdict():
    blank = {"flow_mean": 0.0, "done_mean": None, "p50": None, "p95": None, "oldest": None, "inferred": 0}
    few = StageFigures(inside=3, exits=FEW - 4, over=1, **blank)  # type: ignore[arg-type]
    assert (few.n, few.is_thin, few.over_share) == (FEW - 1, True, pytest.approx(1 / 3))
    assert not StageFigures(inside=0, exits=FEW, over=0, **blank).is_thin  # type: ignore[arg-type]
