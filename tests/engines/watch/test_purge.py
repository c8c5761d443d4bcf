"""Lifecycle data of orders whose way ended long ago is removed in pieces; the figures stay, and no order comes back."""

from datetime import datetime
from itertools import count

import pytest
from sqlalchemy import func, insert, select

from app.domain.flow import Standing
from app.domain.marks import STAGES, Mark
from app.store.repositories.lifecycle_purge import LifecyclePurgeRepository
from app.store.tables import (
    Audit,
    BacklogHour,
    FeedHour,
    OrderFlow,
    StageHour,
    StageMinute,
    StageTotal,
    StageVisit,
    StoredEvent,
    WatchParcel,
)
from app.watch.rule import HOME
from app.watch.stages import purge
from app.watch.stages.hours import close_hours
from app.watch.stages.purge import PurgedLifecycle, purge_lifecycle, would_purge
from app.watch.stages.stage_clock import StageNow, stages_now
from app.watch.stages.take_events import ReportedEvent, Taken, take_events
from app.worker.tidy import Tidy
from tests.deployment import Deployment
from tests.deployment.facts import IT, TEN, hours, minutes

NOW = TEN
OLD = NOW - hours(24 * 100)
BEFORE = NOW - hours(24 * 90)
WHOLE = (Mark.PLACED, Mark.PAID, Mark.QUEUED, Mark.PICKING_PRINTED, Mark.PACKED, Mark.COLLECTED)
_serial = count()


def event(order: str, mark: Mark, at: datetime, **attributes: object) -> ReportedEvent:
    return ReportedEvent(
        index=next(_serial),
        source="erp",
        event_id=f"{order}{mark}{at.timestamp()}",
        order=order,
        channel="天猫",
        mark=mark,
        at=at,
        attributes=dict(attributes),
    )


def tell(deployment: Deployment, order: str, at: datetime, *marks: Mark) -> Taken:
    """Tell of an order at the time when it happens, a minute for each mark."""
    events = [event(order, mark, at + minutes(n)) for n, mark in enumerate(marks)]
    return take_events(deployment.store, events, now=at + minutes(10))


def purged(deployment: Deployment, *, before: datetime = BEFORE) -> PurgedLifecycle:
    return sum(purge_lifecycle(deployment.store, before=before, by=IT, now=NOW), start=PurgedLifecycle())


def known(deployment: Deployment) -> list[str]:
    return sorted(one.order_ref for one in deployment.rows.all(select(OrderFlow)))


def figures(deployment: Deployment, at: datetime) -> list[StageNow]:
    with deployment.store.reading() as uow:
        return list(stages_now(uow, now=at))


def test_orders_whose_way_ended_long_ago_go_with_all_that_was_told_of_them(deployment: Deployment):
    tell(deployment, "DONE", OLD, *WHOLE)
    tell(deployment, "GIVEN-UP", OLD, Mark.PLACED, Mark.CANCELLED)
    tell(deployment, "YESTERDAY", NOW - hours(24), *WHOLE)
    take_events(deployment.store, [event("ONLY-A-WORD", Mark.STATUS, OLD)], now=OLD)
    with deployment.store.reading() as uow:
        done = uow.flows.ids_of(["DONE"])["DONE"]
    with deployment.engines.writer.begin() as connection:
        connection.execute(insert(WatchParcel).values(flow_id=done, waybill="SF1", asks=3))
    assert purged(deployment) == would_have_been(orders=3, events=9)
    assert known(deployment) == ["YESTERDAY"]
    assert deployment.rows.count(WatchParcel) == 0
    left = {deployment.rows.all(select(func.count()).select_from(table))[0] for table in (StageVisit, StoredEvent)}
    assert left == {5, 6}


def would_have_been(*, orders: int, events: int) -> PurgedLifecycle:
    """Return what is removed where one order went the whole way: a sum for each entry to a stage and each exit."""
    return PurgedLifecycle(orders=orders, events=events, sums=10)


def test_an_order_that_is_still_on_its_way_stays_however_old(deployment: Deployment):
    tell(deployment, "STUCK", OLD, Mark.PLACED, Mark.PAID)
    tell(deployment, "PRESALE", OLD, Mark.PLACED, Mark.HOLD)
    tell(deployment, "LATE-WORD", OLD, *WHOLE)
    take_events(deployment.store, [event("LATE-WORD", Mark.STATUS, NOW)], now=NOW)
    purged(deployment)
    assert known(deployment) == ["LATE-WORD", "PRESALE", "STUCK"]


def test_the_figures_are_what_they_were(deployment: Deployment):
    for n in range(8):
        tell(deployment, f"OLD{n}", OLD + minutes(n), *WHOLE[: 2 + n % 5])
        tell(deployment, f"NEW{n}", NOW - minutes(40 + n), *WHOLE[: 2 + n % 5])
    before, totals = figures(deployment, NOW), deployment.rows.all(select(StageTotal))
    purged(deployment)
    assert deployment.rows.all(select(func.min(StageMinute.minute)))[0] >= BEFORE
    assert figures(deployment, NOW) == before
    assert [one.model_dump() for one in deployment.rows.all(select(StageTotal))] == [one.model_dump() for one in totals]
    take_events(deployment.store, [event("OLD0", Mark.QUEUED, NOW)], now=NOW)  # open since then, and moves on now
    (second,) = [one.figures for one in figures(deployment, NOW + minutes(1)) if one.stage.number == 2]
    assert (second.inside, second.exits) == (before[1].figures.inside - 1, before[1].figures.exits + 1)


def test_hours_go_too_and_those_that_baselines_look_at_stay(deployment: Deployment):
    for day in range(60):
        tell(deployment, f"D{day}", NOW - hours(24 * day + 1), *WHOLE)
    for days_ago in (40, 0):
        close_hours(deployment.store, now=NOW - hours(24 * days_ago), zone=HOME)
    purged(deployment, before=NOW - purge.LEAST_KEPT)
    for table in (StageHour, BacklogHour, FeedHour):
        oldest = deployment.rows.all(select(func.min(table.hour)))[0]
        assert NOW - hours(24 * 28) <= oldest <= NOW - hours(24 * 27)  # the second closing looked back four weeks


def test_an_order_that_is_gone_is_not_taken_for_a_new_one(deployment: Deployment):
    """An ERP tells of it by its old steps and by today's change; it would stand in a stage, far over its limit."""
    old = (event("GONE", Mark.PLACED, OLD), event("GONE", Mark.PAID, OLD), event("GONE", Mark.WAYBILL, NOW))
    tell(deployment, "GONE", OLD, *WHOLE)
    tell(deployment, "OPEN", OLD, Mark.PLACED)
    purged(deployment)
    taken = take_events(deployment.store, [*old, event("OPEN", Mark.PAID, OLD + minutes(9))], now=NOW)
    assert (taken.applied, [one.code for one in taken.rejected]) == (1, ["too_old"] * 3)
    assert known(deployment) == ["OPEN"]
    again = take_events(deployment.store, list(old), now=NOW)
    assert (again.applied, len(again.rejected)) == (0, 3)


def test_before_anything_was_purged_a_history_may_be_told_however_old(deployment: Deployment):
    assert tell(deployment, "HISTORY", OLD, *WHOLE).applied == 6
    assert would_purge(deployment.store, before=BEFORE) == would_have_been(orders=1, events=6)
    assert tell(deployment, "MORE", OLD, *WHOLE).applied == 6  # to ask is not to purge


def test_a_purge_is_written_down_once_and_not_where_nothing_is_old(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(purge, "PIECE", 2)
    tell(deployment, "TODAY", NOW, *WHOLE)
    assert purged(deployment) == PurgedLifecycle()
    assert deployment.rows.count(Audit) == 0
    for n in range(5):
        tell(deployment, f"OLD{n}", OLD, *WHOLE)
    steps = list(purge_lifecycle(deployment.store, before=BEFORE, by=IT, now=NOW))
    assert sum(one.orders for one in steps) == 5
    assert max(one.orders for one in steps) == 2
    (deed,) = deployment.rows.all(select(Audit))
    assert (deed.action, deed.actor, deed.detail["until"]) == ("watch.purge", "it", BEFORE.isoformat())


def test_a_purge_that_ends_in_the_middle_is_taken_up_where_it_was(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    """Killed between two pieces, or cut off: what is gone is written down, and the rest goes another night."""
    monkeypatch.setattr(purge, "PIECE", 1)
    for n in range(3):
        tell(deployment, f"OLD{n}", OLD, *WHOLE)
    assert next(purge_lifecycle(deployment.store, before=BEFORE, by=IT, now=NOW)).orders == 1
    assert deployment.rows.count(Audit) == 1
    assert purged(deployment).orders == 2
    assert known(deployment) == []


def test_an_order_that_moves_while_it_is_looked_for_stays(deployment: Deployment):
    tell(deployment, "RETURNED", OLD, *WHOLE)
    with deployment.store.reading() as uow:
        page = uow.lifecycle_purge.closed(before=BEFORE, after_id=0, limit=9)
    assert page.order_ids
    take_events(deployment.store, [event("RETURNED", Mark.REOPENED, NOW, stage=2)], now=NOW)
    with deployment.store.writing() as uow:
        assert uow.lifecycle_purge.remove(page.order_ids, before=BEFORE).orders == 0
    assert known(deployment) == ["RETURNED"]


def test_a_look_ends_where_only_younger_orders_follow(deployment: Deployment, monkeypatch: pytest.MonkeyPatch):
    """Else each night would walk all orders of three months."""
    monkeypatch.setattr(purge, "PIECE", 2)
    tell(deployment, "OLD", OLD, *WHOLE)
    for n in range(9):
        tell(deployment, f"NEW{n}", NOW, *WHOLE)
    looks: list[int] = []
    look = LifecyclePurgeRepository.closed

    def counted(self: LifecyclePurgeRepository, *, before: datetime, after_id: int, limit: int) -> object:
        looks.append(after_id)
        return look(self, before=before, after_id=after_id, limit=limit)

    monkeypatch.setattr(LifecyclePurgeRepository, "closed", counted)
    assert would_purge(deployment.store, before=BEFORE).orders == 1
    assert len(looks) == 2


async def test_the_calendars_job_keeps_as_many_days_as_are_set(deployment: Deployment):
    stood_back: list[float] = []

    async def stand_back(began: float) -> None:
        stood_back.append(began)

    deployment.clock.at = NOW
    tell(deployment, "OLD", NOW - hours(24 * 91), *WHOLE)
    tell(deployment, "YOUNGER", NOW - hours(24 * 89), *WHOLE)
    assert await Tidy(deployment.boat, stand_back).purge() == 1
    assert known(deployment) == ["YOUNGER"]
    assert stood_back


def test_open_and_closed_are_all_the_ways_an_order_can_stand():
    """Whoever adds one has to say whether it may be purged."""
    assert {one.value for one in Standing} == {
        *("under_way", "on_hold"),  # open, where it is in a stage or waits
        *("done", "cancelled", "merged", "split", "home"),
    }
    assert len(STAGES) == 5
