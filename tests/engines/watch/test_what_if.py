"""What-if against truth: over what is stored it names the alerts that a replay of the same events rings; both engines."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from app.domain.alert_life import Inhibitor
from app.domain.health_lines import DEFAULTS, HealthLines, health_lines
from app.domain.marks import Mark
from app.domain.stage_clock import window_of
from app.domain.times import EARLIEST
from app.domain.warehouse_hours import WEEKDAYS, hours_of
from app.domain.working_clock import WALL_CLOCK, HoursPeriod, WorkingClock, clock_of
from app.store.repositories.flows import SUMS
from app.watch.replay import Rung, keep_hours, replayed
from app.watch.rule import WatchPolicy
from app.watch.stages.hours import awake_of_the_backlog
from app.watch.stages.simulate import fault_of, simulated
from app.watch.stages.take_events import ReportedEvent, take_events
from app.watch.what_if import past_visits
from app.watch.what_if.judge import Doubt, WhatIf, what_if
from app.watch.what_if.lives import Episode
from app.watch.what_if.past import Past
from tests.deployment import Deployment
from tests.deployment.facts import TEN, ZONE, hours, minutes
from tests.deployment.orders import new_order

POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=False, coupon_low_at=0, sms_per_day=1, sms_per_client_per_day=1
)
OTHERS = health_lines(
    {
        "bottleneck_times": "3",
        "bottleneck_clears_below": "2.5",
        "bottleneck_hold": "2",
        "slow_times": "3",
        "slow_clears_below": "2",
        "slow_orders": "12",
        "slow_hold": "3",
        "gate_waiting": "40",
        "gate_high_waiting": "40",
        "backlog_above": "60",
        "backlog_hold": "8",
    }
)
_serial = count()


def _day(
    *faults: str, begins: int, ends: int, rate: float = 5.0, warehouse: WorkingClock = WALL_CLOCK
) -> Iterator[ReportedEvent]:
    """Yield the events of some hours of a made-up day, those of orders that were placed in them."""
    day = TEN.astimezone(ZONE).date()
    wrong = [fault_of(text) for text in faults]
    made = simulated(seed=4, day=day, zone=ZONE, rate=rate, faults=wrong, warehouse=warehouse)
    first = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    placed: set[str] = set()
    for one in made:
        at = datetime.fromisoformat(one["at"])
        if one["mark"] == "placed" and at >= first + hours(begins):
            placed.add(one["order"])
        if one["order"] in placed and at < first + hours(ends):
            yield ReportedEvent(
                index=0,
                source=one["source"],
                event_id=one["event_id"],
                order=one["order"],
                channel=one["channel"],
                mark=Mark(one["mark"]),
                at=at,
                attributes=one["attributes"],
            )


def _works(every_day: str) -> WorkingClock:
    return clock_of((HoursPeriod(EARLIEST, hours_of([every_day] * WEEKDAYS, {}), ZONE),))


Known = tuple[str, str, int | None, datetime, datetime | None]


def _rung(turns: Sequence[Rung]) -> list[Known]:
    """Return the episodes of a replay: rule, kind, stage, from and to."""
    began: dict[tuple[str, str, int | None], datetime] = {}
    ended: list[Known] = []
    for one in turns:
        key = (one.rule, one.kind, one.stage)
        if one.event == "firing":
            began.setdefault(key, one.at)
        elif one.event == "resolved" and key in began:
            ended.append((*key, began.pop(key), one.at))
    return sorted([*ended, *((*key, at, None) for key, at in began.items())], key=str)


def _named(episodes: Sequence[Episode]) -> list[Known]:
    return sorted(((one.rule, one.kind, one.stage, one.begins, one.ends) for one in episodes), key=str)


def _judged(deployment: Deployment, lines: HealthLines, until: datetime) -> WhatIf:
    return what_if(deployment.store, policy=POLICY, wanted=lines, now=until, days=1)


def test_it_names_what_a_replay_of_the_same_events_rings(deployment: Deployment):
    """Same rule, kind and stage, begun and ended in the same minute, with its words; by default lines, and by others."""
    lines = DEFAULTS if deployment.engines.is_sqlite else OTHERS  # a replay takes long, and none has both to itself
    events = list(_day("stop:2@8:40-9:50", "slow:3x8@8:10-9:00", begins=8, ends=11))
    turns = list(replayed(deployment.store, events, policy=replace(POLICY, lines=lines)))
    last = max(one.at for one in events).replace(second=0) + minutes(1)
    found = _judged(deployment, lines, last + minutes(1))
    truth = _rung(turns)
    assert _named(found.wanted.episodes) == truth
    assert {rule for rule, *_ in truth} >= {"gate_blocked", "stage_slow", "stage_bottleneck", "backlog_growing"}
    assert sum(found.wanted.counts.values()) == len(truth)
    said = {(one.rule, one.kind, one.stage, one.at): one.text for one in turns if one.event == "firing"}
    assert {(one.rule, one.kind, one.stage, one.begins): one.text for one in found.wanted.episodes}.items() <= (
        said.items()
    )
    told = {(one.rule, one.kind) for one in turns if one.event in {"firing", "announced"} and one.to}
    assert {(one.rule, one.kind) for one in found.wanted.episodes if one.untold is None} == told
    if lines != DEFAULTS:
        assert _named(found.in_force.episodes) != _named(found.wanted.episodes)


HOURS = "10:30-12:50、13:20-24:00"
"""Closed at night, and for half an hour in which alerts of the morning's end are open."""


def test_it_goes_by_the_hours_of_the_warehouse_as_a_replay_does(on_sqlite: Deployment):
    """A night, a morning and a fault, over which it closes: what rests is untold, and carries on when it opens."""
    faults = ("stop:3@11:30-12:40", "slow:4x6@12:00-14:30")
    events = list(_day(*faults, begins=10, ends=15, rate=2.5, warehouse=_works(HOURS)))
    keep_hours(on_sqlite.store, HOURS, zone=ZONE)
    turns = list(replayed(on_sqlite.store, events, policy=replace(POLICY, lines=OTHERS)))
    last = max(one.at for one in events).replace(second=0) + minutes(1)
    found = _judged(on_sqlite, OTHERS, last + minutes(1))
    truth = _rung(turns)
    assert _named(found.wanted.episodes) == truth
    assert {rule for rule, *_ in truth} >= {"stage_slow", "stage_bottleneck"}
    began = [begins.astimezone(ZONE).strftime("%H:%M") for *_, begins, _ in truth]
    ended = [ends.astimezone(ZONE).strftime("%H:%M") for *_, ends in truth if ends is not None]
    after_the_break = [at for at in ended if at > "12:50"]
    assert ("11:00" < min(began) < "12:50", min(after_the_break) > "13:50") == (True, True)
    told = {(one.rule, one.kind) for one in turns if one.event in {"firing", "announced"} and one.to}
    assert {(one.rule, one.kind) for one in found.wanted.episodes if one.untold is None} == told


def test_a_blind_source_is_named_by_the_moments_at_which_it_was_heard(deployment: Deployment):
    events = list(_day("blind:jushuitan@8:40-9:20", begins=8, ends=10, rate=4))
    turns = list(replayed(deployment.store, events, policy=POLICY))
    last = max(one.at for one in events).replace(second=0) + minutes(1)
    later = health_lines({"feed_minutes": "30"})
    found = _judged(deployment, later, last + minutes(1))
    blind = [one for one in _rung(turns) if one[0] == "feed_blind"]
    assert [one[1] for one in blind] == ["jushuitan"]
    assert [one for one in _named(found.in_force.episodes) if one[0] == "feed_blind"] == blind
    (rung,) = [one for one in found.wanted.episodes if one.rule == "feed_blind"]
    assert minutes(15) <= rung.begins - blind[0][3] <= minutes(25)


@pytest.mark.parametrize("every_day", ["00:00-24:00", "06:00-09:10、09:40-20:00"], ids=["always", "breaks"])
def test_the_sums_that_slide_are_those_that_are_read(deployment: Deployment, every_day: str):
    """Bounded memory: what is added minute by minute is what one query adds up, over any break of the warehouse."""
    keep_hours(deployment.store, every_day, zone=ZONE)
    events = list(_day(begins=8, ends=10, rate=3))
    take_events(deployment.store, events, now=TEN + hours(3))
    past = Past(deployment.store, since=TEN - hours(2), until=TEN, zone=ZoneInfo("Asia/Shanghai"))
    looked, rested = 0, set[tuple[int, ...]]()
    for minute in past.minutes():
        figures = minute.figures
        if figures.at.minute % 20:
            continue
        looked += 1
        with deployment.store.reading() as uow:
            for stage in figures.stages:
                clock = uow.clocks.of(stage.number)
                start = clock.back(figures.at, window_of(stage.limit)).replace(second=0, microsecond=0)
                read = uow.stages.sums({start}, end=figures.at)[start]
                there = [one for one in read if one.stage == stage.number and (one.inside or one.entered or one.exits)]
                ours = [
                    one
                    for one in figures.sums
                    if one.stage == stage.number and (one.inside or one.entered or one.exits)
                ]
                assert sorted(ours, key=str) == sorted(there, key=str)
            awake, since = awake_of_the_backlog(figures.resting), figures.at - minutes(10)
            changes = uow.health.backlog_changes(awake, since=since, until=figures.at)
            assert sorted(figures.changes, key=str) == sorted(changes, key=str)
            rested.add(tuple(sorted(figures.resting)))
    assert looked == 6
    assert rested == ({()} if every_day == "00:00-24:00" else {(), (3, 4, 5)})
    assert len(SUMS) == 6


def _tell(deployment: Deployment, order: str, mark: Mark, at: datetime) -> None:
    event = ReportedEvent(
        index=0, source="erp", event_id=str(next(_serial)), order=order, channel="天猫", mark=mark, at=at, attributes={}
    )
    assert take_events(deployment.store, [event], now=max(at, deployment.clock.now())).applied == 1


def test_an_order_that_left_days_later_still_counts_as_having_waited(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    """However long after a piece of the past an order has left: it was inside then."""
    monkeypatch.setattr(past_visits, "AHEAD", minutes(20))
    for n in range(3):
        _tell(deployment, f"W{n}", Mark.PAID, TEN)
    deployment.clock.at = TEN + hours(40)
    _tell(deployment, "W0", Mark.QUEUED, TEN + hours(9))
    _tell(deployment, "W1", Mark.QUEUED, TEN + hours(30))  # W2 is still there
    found = _judged(deployment, DEFAULTS, TEN + hours(2))
    (gate,) = [one for one in found.wanted.episodes if one.rule == "gate_blocked"]
    assert gate.begins == TEN + minutes(31)
    assert "3 单在等" in gate.text
    assert gate.ends is None


def test_in_an_incident_what_it_explains_is_not_told_and_red_counts_what_was_noted(deployment: Deployment):
    with deployment.store.writing() as uow:
        uow.incidents.open(drill=False, reason="主系统宕机", by="IT", now=TEN, zone=ZONE)
    for n in range(3):
        _tell(deployment, f"W{n}", Mark.PAID, TEN - minutes(1))
    with deployment.store.writing() as uow:
        for n in range(60):
            uow.health.note_overdue(TEN + minutes(n), 0, 300 + 20 * n, keep_since=TEN)
    every = health_lines({"red_counts": "all"})
    found = _judged(deployment, every, TEN + hours(1))
    assert [(one.rule, one.untold) for one in found.in_force.episodes] == [("gate_blocked", Inhibitor.INCIDENT)]
    assert (found.in_force.rung, found.in_force.untold) == (0, 1)
    assert ("backlog_growing", None) in [(one.rule, one.untold) for one in found.wanted.episodes]
    assert Doubt.INCIDENT not in found.doubts


def test_minutes_of_an_incident_that_nobody_noted_are_said_and_not_guessed(deployment: Deployment):
    with deployment.store.writing() as uow:
        uow.incidents.open(drill=False, reason="主系统宕机", by="IT", now=TEN, zone=ZONE)
    _tell(deployment, "A", Mark.PAID, TEN)
    found = _judged(deployment, DEFAULTS, TEN + hours(1))
    assert Doubt.INCIDENT in found.doubts
    assert Doubt.SHORT in found.doubts


def test_of_nothing_there_is_nothing_to_tell(deployment: Deployment):
    found = _judged(deployment, OTHERS, TEN)
    assert (found.wanted.rung, found.in_force.rung, found.since, found.until) == (0, 0, TEN, TEN)
    assert found.doubts[0] is Doubt.SHORT


def test_both_counts_of_an_open_incident_are_noted(deployment: Deployment):
    deployment.door.take(*(new_order(f"O{n}") for n in range(3)))
    with deployment.store.reading() as uow:
        assert uow.health.overdue_orders(since_before=TEN) == (0, 3)
        assert uow.health.overdue_orders(since_before=TEN + minutes(1)) == (3, 3)
