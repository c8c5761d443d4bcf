"""Lifecycle events in: each once, in any order of arrival, and the sums of the stages are those of the visits."""

import itertools
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.domain.flow import Standing
from app.domain.marks import WAY, Mark
from app.domain.times import EARLIEST
from app.store.repositories.flows import MOST_CHANNELS
from app.store.tables import OrderFlow, StageMinute, StageTotal, StageVisit, StoredEvent
from app.watch.stages.take_events import ReportedEvent, Taken, id_of, take_events
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours, minutes

NOW = TEN + hours(24)
SUMS = ("entered", "entered_at_sum", "left", "left_at_sum", "inside", "inferred")
_SERIAL = itertools.count()


def event(order: str, mark: str, minute: float, **more: Any) -> ReportedEvent:
    fields: dict[str, Any] = {"index": next(_SERIAL), "source": "wdt", "channel": "天猫", "attributes": {}, **more}
    at = TEN + minutes(minute)
    return ReportedEvent(
        order=order, mark=Mark(mark), at=at, event_id=fields.pop("event_id", id_of(order, Mark(mark), at)), **fields
    )


def take(deployment: Deployment, *events: ReportedEvent) -> Taken:
    return take_events(deployment.store, events, now=NOW)


def flow(deployment: Deployment, ref: str) -> OrderFlow:
    (row,) = deployment.rows.all(select(OrderFlow).where(OrderFlow.order_ref == ref))
    return row


def sums_are_those_of_the_visits(deployment: Deployment) -> bool:
    """Add up every visit anew, and compare with what is kept."""
    due: Counter[tuple[Any, ...]] = Counter()
    for visit in deployment.rows.all(select(StageVisit)):
        for at, what, sign in ((visit.entered_at, "entered", 1), (visit.left_at, "left", -1)):
            if at is None:
                continue
            for key in ((at.replace(second=0, microsecond=0),), ()):
                of = (*key, visit.channel, visit.high, visit.stage)
                due[*of, "inside"] += sign
                due[*of, "inferred"] += what == "left" and visit.inferred
                if not visit.inferred:
                    due[*of, what] += 1
                    due[*of, f"{what}_at_sum"] += (at - EARLIEST) // timedelta(seconds=1)
    kept: Counter[tuple[Any, ...]] = Counter()
    for row in deployment.rows.all(select(StageMinute)):
        kept.update({(row.minute, row.channel, row.high, row.stage, name): getattr(row, name) for name in SUMS})
    for row in deployment.rows.all(select(StageTotal)):
        kept.update({(row.channel, row.high, row.stage, name): getattr(row, name) for name in SUMS})
    return {key: n for key, n in due.items() if n} == {key: n for key, n in kept.items() if n}


def test_an_event_is_stored_once_whoever_repeats_it(deployment: Deployment):
    placed, paid = event("SO1", "placed", 0), event("SO1", "paid", 3)
    assert take(deployment, placed, paid, placed) == Taken(applied=2, unchanged=1)
    assert take(deployment, paid) == Taken(unchanged=1)
    assert deployment.rows.count(StoredEvent) == 2
    known = flow(deployment, "SO1")
    assert (known.standing, known.stage, known.entered_at, known.channel) == ("under_way", 2, TEN + minutes(3), "天猫")
    assert sums_are_those_of_the_visits(deployment)


def test_late_events_move_what_was_known_and_nothing_else(deployment: Deployment):
    take(deployment, event("SO1", "placed", 0), event("SO2", "placed", 0), event("SO1", "packed", 100))
    assert take(deployment, event("SO1", "queued", 10), event("SO1", "paid", 2)).applied == 2
    visits = deployment.rows.all(select(StageVisit).where(StageVisit.flow_id == flow(deployment, "SO1").id))
    assert [(one.stage, one.inferred) for one in visits] == [(1, False), (2, False), (3, True), (4, True), (5, False)]
    assert flow(deployment, "SO2").stage == 1
    assert sums_are_those_of_the_visits(deployment)


def test_an_id_that_meant_another_event_is_rejected_by_its_place(deployment: Deployment):
    take(deployment, event("SO1", "placed", 0, event_id="7"))
    taken = take(
        deployment,
        event("SO1", "paid", 1, event_id="7", index=4),
        event("SO2", "placed", 0, event_id="7", index=5),
        event("SO1", "placed", 0, event_id="7", index=6),
        event("SO1", "paid", 1, event_id="7", source="jst", index=7),
    )
    assert [(one.index, one.code) for one in taken.rejected] == [(4, "event_conflict"), (5, "event_conflict")]
    assert (taken.applied, taken.unchanged) == (1, 1)


def test_a_cancelled_order_leaves_every_sum(deployment: Deployment):
    take(deployment, event("SO1", "placed", 0), event("SO1", "queued", 30))
    take(deployment, event("SO1", "cancelled", 40))
    assert flow(deployment, "SO1").standing == Standing.CANCELLED
    assert deployment.rows.count(StageVisit) == 0
    assert {getattr(row, name) for row in deployment.rows.all(select(StageTotal)) for name in SUMS} == {0}


def test_a_clock_that_is_ahead_is_not_believed_and_its_event_is_known_again(deployment: Deployment):
    ahead = event("SO1", "placed", 24 * 60 + 30)
    assert take(deployment, ahead).applied == 1
    (stored,) = deployment.rows.all(select(StoredEvent))
    assert (stored.at, stored.said_at) == (NOW, ahead.at)
    assert take_events(deployment.store, [ahead], now=NOW + hours(2)) == Taken(unchanged=1)


def test_an_order_whose_channel_or_priority_turns_out_otherwise_counts_there(deployment: Deployment):
    take(deployment, event("SO1", "placed", 0), event("SO2", "placed", 0))
    take(deployment, event("SO1", "paid", 1, channel="抖音", attributes={"priority": "high"}))
    assert (flow(deployment, "SO1").channel, flow(deployment, "SO1").high) == ("抖音", True)
    assert sums_are_those_of_the_visits(deployment)


def test_twenty_channels_have_figures_of_their_own(deployment: Deployment):
    take(deployment, *(event(f"SO{n}", "placed", 0, channel=f"店{n:02d}") for n in range(MOST_CHANNELS + 5)))
    channels = {row.channel for row in deployment.rows.all(select(StageTotal))}
    assert len(channels) == MOST_CHANNELS + 1
    assert "" in channels
    assert sums_are_those_of_the_visits(deployment)


def test_a_large_upload_is_many_short_transactions(deployment: Deployment):
    events = [event(f"SO{n}", "placed", n % 60) for n in range(130)]
    assert take(deployment, *events) == Taken(applied=130)
    assert take(deployment, *events) == Taken(unchanged=130)
    assert sums_are_those_of_the_visits(deployment)


def test_a_mark_that_only_a_later_release_knows_stops_nothing(deployment: Deployment):
    take(deployment, event("SO1", "placed", 0), event("SO1", "paid", 1))
    with deployment.engines.writer.begin() as connection:
        connection.execute(text("UPDATE lifecycle_event SET mark = 'weighed' WHERE mark = 'paid'"))
    assert take(deployment, event("SO1", "queued", 5), event("SO2", "placed", 5)) == Taken(applied=2)
    assert flow(deployment, "SO1").stage == 3


def test_uploads_at_the_same_time_count_each_event_once(deployment: Deployment):
    """Four senders tell the same of the same orders, each in another order."""
    chance = random.Random(1)
    events = [
        event(f"SO{n}", mark, n + 10 * at) for n in range(60) for at, mark in enumerate(("placed", "paid", "queued"))
    ]
    with ThreadPoolExecutor(4) as senders:
        parts = [chance.sample(events, len(events)) for _ in range(4)]
        taken = list(senders.map(lambda part: take(deployment, *part), parts))
    assert sum(one.applied for one in taken) == len(events)
    assert sum(one.unchanged for one in taken) == 3 * len(events)
    assert deployment.rows.count(StoredEvent) == len(events)
    assert {row.stage for row in deployment.rows.all(select(OrderFlow))} == {3}
    assert sums_are_those_of_the_visits(deployment)


ARRIVALS = st.lists(
    st.tuples(st.sampled_from(["A", "B"]), st.sampled_from([*WAY, *Mark]), st.integers(0, 300)),
    max_size=12,
    unique=True,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=ARRIVALS, cuts=st.lists(st.integers(0, 12), max_size=3), data=st.data())
def test_however_events_arrive_the_orders_stand_alike(
    deployment: Deployment, said: list[tuple[str, str, int]], cuts: list[int], data: st.DataObject
):
    """P16: any order of arrival, any parts, any repetition."""
    run = next(_SERIAL)
    shuffled = data.draw(st.permutations(said))
    for ways, order in (("one", said), ("other", shuffled)):
        events = [
            event(f"{run}-{ways}-{ref}", mark, minute, attributes={"stage": 3} if mark == Mark.REOPENED else {})
            for ref, mark, minute in order
        ]
        for first, last in itertools.pairwise([0, *sorted(cuts), len(events)]):
            take(deployment, *events[first:last], *events[:first][-2:])
    for ref in {ref for ref, _, _ in said}:
        one, other = flow(deployment, f"{run}-one-{ref}"), flow(deployment, f"{run}-other-{ref}")
        names = ("standing", "stage", "entered_at", "reworks", "channel", "high")
        assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    assert sums_are_those_of_the_visits(deployment)


@pytest.mark.parametrize("order", ["A", "A\x1fB"])
def test_an_event_without_an_id_has_one_of_its_own_content(order: str):
    assert id_of(order, Mark.PAID, TEN) == id_of(order, Mark.PAID, TEN)
    assert (
        len({id_of(order, Mark.PAID, TEN), id_of(order, Mark.PLACED, TEN), id_of(order, Mark.PAID, TEN + minutes(1))})
        == 3
    )
