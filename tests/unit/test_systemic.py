"""Whether stuck orders have something in common, since when, and what happened then: pure functions, tables of cases."""

import random
from collections.abc import Mapping
from datetime import timedelta

import pytest

from app.watch.systemic.onset import onset_of, usual_exits
from app.watch.systemic.time_line import TimeLineEntry, time_line
from app.watch.systemic.verdict import Traits, Verdict, judge
from tests.deployment.facts import TEN, hours, minutes, seconds


def order(**values: str) -> Traits:
    return {name: frozenset(value.split("|")) for name, value in values.items()}


def orders(count: int, **values: str) -> list[Traits]:
    return [order(**values)] * count


HEALTHY = orders(60, warehouse="A", channel="天猫") + orders(20, warehouse="B", channel="抖音")


def test_one_warehouse_that_holds_most_of_the_stuck_and_few_of_the_others_is_named():
    found = judge(orders(8, warehouse="B", channel="天猫") + orders(4, warehouse="A", channel="抖音"), HEALTHY)
    assert found.verdict is Verdict.SYSTEMIC
    first = found.concentrations[0]
    assert (first.dimension, first.value, first.stuck, first.healthy_share) == ("warehouse", "B", 8, 0.25)
    assert first.stands_out


def test_the_biggest_shop_is_not_the_cause_because_it_is_the_biggest():
    """It holds 75 % of the orders that are well, and as many of the stuck ones."""
    found = judge(orders(9, channel="天猫") + orders(3, channel="抖音"), HEALTHY)
    assert found.verdict is Verdict.SCATTERED
    assert [(one.value, one.stands_out) for one in found.concentrations] == [("天猫", False)]


@pytest.mark.parametrize(
    ("stuck", "healthy", "verdict"),
    [
        (orders(9, warehouse="B"), HEALTHY, Verdict.FEW),
        (orders(10, warehouse="B"), HEALTHY, Verdict.SYSTEMIC),
        (orders(6, warehouse="B") + orders(4, warehouse="C"), HEALTHY, Verdict.SYSTEMIC),
        (orders(59, warehouse="B") + orders(41, warehouse="C"), HEALTHY, Verdict.SCATTERED),
        (orders(10, warehouse="B"), orders(1, warehouse="B") + orders(1, warehouse="A"), Verdict.SYSTEMIC),
        (orders(10, warehouse="B"), orders(51, warehouse="B") + orders(49, warehouse="A"), Verdict.SCATTERED),
        (orders(10, warehouse="B"), orders(40, channel="x"), Verdict.INCOMPARABLE),
        (orders(10, warehouse="B"), [], Verdict.INCOMPARABLE),
        (orders(20), HEALTHY, Verdict.SCATTERED),
        ([], [], Verdict.FEW),
    ],
)
def test_the_limits_are_those_that_are_said(stuck: list[Traits], healthy: list[Traits], verdict: Verdict):
    assert judge(stuck, healthy).verdict is verdict


def test_an_order_whose_warehouse_is_not_known_yet_makes_no_warehouse_look_rare():
    """The only warehouse there is holds all that is stuck, and all that is well as far as it has one."""
    found = judge(orders(12, warehouse="A"), orders(10, warehouse="A") + orders(90, channel="x"))
    assert found.verdict is Verdict.SCATTERED


def test_an_order_of_several_goods_counts_for_each():
    stuck = [order(sku=f"S1|S{n}") for n in range(2, 14)]
    found = judge(stuck, orders(30, sku="S9") + orders(1, sku="S1|S2"))
    assert [(one.value, one.stuck) for one in found.concentrations] == [("S1", 12)]


# ---- since when


def _minutes(rate: float, *, chance: random.Random, count: int, stop: int | None = None) -> list[int]:
    found = []
    for n in range(count):
        at, exits = 0.0, 0
        while (at := at + chance.expovariate(rate)) < 1:
            exits += 1
        found.append(0 if stop is not None and n >= stop else exits)
    return found


@pytest.mark.parametrize(("rate", "within"), [(100.0, 0), (10.0, 1), (2.0, 4), (0.5, 12)])
def test_the_minute_in_which_a_stage_stopped_is_found_as_well_as_its_rate_allows(rate: float, within: int):
    off = []
    for seed in range(40):
        exits = _minutes(rate, chance=random.Random(seed), count=240, stop=200)
        onset = onset_of(exits, [rate] * 240, start=TEN)
        assert onset is not None
        off.append(abs(int((onset - TEN) / minutes(1)) - 200))
    off.sort()
    assert off[len(off) // 2] <= within
    assert off[-1] <= 10 * within


@pytest.mark.parametrize("rate", [100.0, 10.0])
def test_a_stage_that_flows_as_usual_has_no_such_minute(rate: float):
    for seed in range(20):
        exits = _minutes(rate, chance=random.Random(seed), count=240)
        assert onset_of(exits, [rate] * 240, start=TEN) is None or rate < 50


def test_of_two_falls_the_last_counts():
    exits = [10] * 60 + [0] * 20 + [10] * 60 + [3] * 30
    assert onset_of(exits, [10.0] * len(exits), start=TEN) == TEN + minutes(140)


def test_a_beginning_without_any_exit_is_no_fall():
    assert onset_of([0] * 60 + [10] * 60, [10.0] * 120, start=TEN) is None


def test_where_few_leave_nothing_is_said():
    assert onset_of([0] * 240, [0.05] * 240, start=TEN) is None
    assert onset_of([], [], start=TEN) is None


def test_what_is_usual_is_the_median_of_the_same_hour_of_other_days_and_one_bad_day_does_not_move_it():
    now = TEN
    history: Mapping[int, int] = {1: 5, 2: 5, 3: 0, 4: 7, 5: 5}
    by_minute = {
        now - timedelta(days=day) - minutes(n): rate for day, rate in history.items() for n in range(1, 61) if rate
    }
    usual = usual_exits(by_minute, now=now, looked_at=hours(1))
    assert usual == [5.0] * 60


def test_without_a_history_the_tens_of_minutes_looked_at_tell_what_is_usual():
    by_minute = {TEN - minutes(n): 4 for n in range(41, 241)}
    usual = usual_exits(by_minute, now=TEN, looked_at=hours(6))
    assert (len(usual), set(usual)) == (360, {4.0})
    assert usual_exits({}, now=TEN, looked_at=hours(1)) == [0.0] * 60


# ---- what happened then


def entry(at: timedelta, text: str = "x") -> TimeLineEntry:
    return TimeLineEntry(TEN + at, "change", text, "v1 → v2")


def test_the_nearest_thing_before_is_the_likeliest_and_what_came_after_is_only_shown():
    found = time_line(
        [entry(-minutes(5), "near"), entry(-hours(1), "far"), entry(minutes(3), "after"), entry(-hours(3), "long ago")],
        began_at=TEN,
    )
    assert [(one.text, one.likeliest) for one in found] == [("far", False), ("near", True), ("after", False)]


def test_what_happened_in_the_same_minute_happened_before_it():
    assert [one.likeliest for one in time_line([entry(seconds(59)), entry(seconds(61))], began_at=TEN)] == [True, False]


def test_without_anything_before_there_is_no_likeliest():
    assert [one.likeliest for one in time_line([entry(minutes(2))], began_at=TEN)] == [False]
    assert time_line([], began_at=TEN) == ()
