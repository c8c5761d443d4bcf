"""The figures of the stages are those that adding up every visit would give; on both engines."""

import random
from datetime import datetime

import pytest
from sqlalchemy import select

from app.domain.marks import Mark
from app.store.tables import StageVisit
from app.watch.stages.stage_clock import StageNow, stages_now
from app.watch.stages.take_events import ReportedEvent, id_of, take_events
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours, minutes, seconds

CHAIN = ("placed", "paid", "queued", "picking_printed", "packed", "collected")


def told(order: str, mark: str, at: datetime, channel: str = "天猫") -> ReportedEvent:
    name = Mark(mark)
    return ReportedEvent(
        index=0, source="wdt", event_id=id_of(order, name, at), order=order, channel=channel, mark=name, at=at
    )


def now_of(deployment: Deployment, now: datetime) -> list[StageNow]:
    with deployment.store.reading() as uow:
        return stages_now(uow, now=now)


def a_day(deployment: Deployment, *, orders: int, chance: random.Random) -> None:
    """Let orders go their ways, some of them only part of it, some with a mark that nobody told."""
    events = []
    for n in range(orders):
        at = TEN + minutes(chance.uniform(0, 300))
        for mark in CHAIN[: chance.randint(1, len(CHAIN))]:
            if mark == "placed" or chance.random() < 0.9:
                events.append(told(f"SO{n}", mark, at, chance.choice(("天猫", "抖音"))))
            at += seconds(chance.expovariate(1 / 1500))
    chance.shuffle(events)
    take_events(deployment.store, events, now=TEN + hours(24))


def test_without_an_event_there_is_nothing_to_tell(deployment: Deployment):
    for one in now_of(deployment, TEN):
        assert (one.figures.n, one.figures.flow_mean, one.figures.p50, one.figures.oldest) == (0, 0, None, None)


def test_the_figures_are_those_of_the_visits(deployment: Deployment):
    a_day(deployment, orders=120, chance=random.Random(3))
    for later in (60, 180, 300):
        now = TEN + minutes(later) + seconds(20)
        end = now.replace(second=0)
        visits = [one for one in deployment.rows.all(select(StageVisit)) if one.entered_at < end]
        for one in now_of(deployment, now):
            start = end - one.window
            mine = [visit for visit in visits if visit.stage == one.stage.number]
            exits = [v for v in mine if v.left_at and start <= v.left_at < end]
            sound = [v for v in mine if not v.inferred]
            spent = sum(
                max(0.0, (min(v.left_at or end, end) - max(v.entered_at, start)).total_seconds()) for v in sound
            )
            done = [v for v in exits if not v.inferred]
            figures = one.figures
            assert figures.inside == sum(v.left_at is None or v.left_at >= end for v in mine)
            assert (figures.exits, figures.inferred) == (len(done), len(exits) - len(done))
            assert figures.flow_mean == pytest.approx(spent / 60 / max(1, len(done)), abs=len(sound) / 60 + 0.01)
            assert sum(kind.exits for kind in one.kinds) == figures.exits
            assert sum(kind.inside for kind in one.kinds) == figures.inside


def test_a_stage_that_stops_is_seen_although_nobody_leaves_it(deployment: Deployment):
    """A mean of those that have left stays as it was: the mistake that the whole clock is there to avoid."""
    events = []
    for n in range(60):
        at = TEN + minutes(n)
        events += [told(f"SO{n}", "placed", at), told(f"SO{n}", "paid", at + minutes(1))]
        if n < 30:
            events.append(told(f"SO{n}", "queued", at + minutes(11)))
    take_events(deployment.store, events, now=TEN + hours(2))
    healthy, stopped = (now_of(deployment, TEN + minutes(later))[1].figures for later in (40, 75))
    assert healthy.done_mean == pytest.approx(10)
    assert healthy.flow_mean == pytest.approx(10, rel=0.2)
    assert stopped.exits == 0
    assert stopped.done_mean is None
    assert stopped.flow_mean > 30 * 20
    assert (stopped.inside, stopped.over) == (30, 14)
    assert stopped.oldest == pytest.approx(44, abs=1)
