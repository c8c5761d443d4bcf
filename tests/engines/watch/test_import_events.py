"""A file of events: taken once however often it is tried, and no sign of life of its source; past orders ring nowhere."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.actor import Actor, Way
from app.domain.marks import Mark
from app.domain.problems import Busy
from app.store.tables import BacklogHour, EventUpload, FeedChannel, OrderFlow, StageHour, StoredEvent
from app.watch.rule import HOME
from app.watch.stages import import_events as verb
from app.watch.stages.events_file import EventsFile, SaidAtUpload, read_events_apart
from app.watch.stages.hours import close_hours, take_hours_anew
from app.watch.stages.import_events import EventsForeseen, foresee_events, import_events
from app.watch.stages.stage_clock import stages_now
from app.watch.triage.look import stuck_now
from app.watch.triage.table import shipped_table
from tests.deployment import Deployment
from tests.deployment.facts import TEN, ZONE, hours, minutes
from tests.engines.watch.test_order_health import Shop

BY = Actor("mei", Way.CONSOLE, "10.0.0.1")
DAY = hours(24)
HEADINGS = "订单号,渠道,下单时间,付款时间,审核时间,打单时间,打包时间"


def row(order: str, began: datetime, *, channel: str = "天猫", marks: int = 5, apart: float = 10) -> str:
    """Return an order whose first ``marks`` marks lie ``apart`` minutes apart."""
    cells = (f"{(began + minutes(n * apart)).astimezone(ZONE):%Y-%m-%d %H:%M:%S}" for n in range(marks))
    return ",".join((order, channel, *cells, *[""] * (5 - marks)))


def read(*rows: str, now: datetime = TEN, **said: Any) -> EventsFile:
    return read_events_apart("\n".join((HEADINGS, *rows)).encode(), SaidAtUpload(zone=ZONE, **said), now=now)


def foresee(deployment: Deployment, file: EventsFile) -> EventsForeseen:
    with deployment.store.reading() as uow:
        return foresee_events(uow, file, now=deployment.clock.now())


def bring(deployment: Deployment, file: EventsFile, **how: Any) -> verb.EventsImported:
    return import_events(deployment.store, file, name="进度.csv", by=BY, now=deployment.clock.now(), **how)


@pytest.fixture
def shop(deployment: Deployment) -> Iterator[Shop]:
    return Shop(deployment)


def test_the_same_file_twice_changes_nothing_and_that_is_told_beforehand(deployment: Deployment):
    file = read(row("A1", TEN - hours(2)), row("A2", TEN - hours(2), channel="抖音", marks=2))
    seen = foresee(deployment, file)
    assert (seen.orders, seen.new, seen.known, seen.open, seen.over) == (2, 7, 0, 2, 1)
    assert list(seen.by_mark.items())[:2] == [(Mark.PLACED, 2), (Mark.PAID, 2)]
    assert seen.by_channel == {"天猫": 5, "抖音": 2}
    assert (seen.first, seen.last) == (TEN - hours(2), TEN - hours(2) + minutes(40))
    assert deployment.rows.count(StoredEvent) == 0
    told: list[int] = []
    done = bring(deployment, file, progress=told.append)
    assert (done.applied, done.unchanged, done.left, sum(told)) == (7, 0, 0, 7)
    before = [row.model_dump() for row in deployment.rows.all(select(OrderFlow))]
    again = bring(deployment, file)
    assert (again.applied, again.unchanged) == (0, 7)
    assert [row.model_dump() for row in deployment.rows.all(select(OrderFlow))] == before
    assert (foresee(deployment, file).new, foresee(deployment, file).known) == (0, 7)
    with deployment.store.reading() as uow:
        deed = uow.audit.page()[-1]
    assert (deed.action, deed.actor, deed.detail["file"], deed.detail["events"]) == (
        "events.import",
        "mei",
        "进度.csv",
        7,
    )


def test_a_fault_between_two_pieces_keeps_what_was_taken_and_the_same_file_takes_the_rest(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verb, "ORDERS_AT_A_TIME", 2)
    file = read(*(row(f"A{n}", TEN - hours(3)) for n in range(6)))

    class Killed(BaseException):
        """The process ends here."""

    def dies_after_two_pieces(_done: int) -> None:
        if deployment.rows.count(StoredEvent) == 20:
            raise Killed

    with pytest.raises(Killed):
        bring(deployment, file, progress=dies_after_two_pieces)
    assert deployment.rows.count(StoredEvent) == 20
    assert (foresee(deployment, file).new, foresee(deployment, file).known) == (10, 20)
    done = bring(deployment, file)
    assert (done.applied, done.unchanged) == (10, 20)
    assert {(one.stage, one.channel) for one in deployment.rows.all(select(OrderFlow))} == {(5, "天猫")}


def test_where_others_tell_the_same_events_all_the_while_the_rest_is_left_for_later(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    def busy(*_: Any, **__: Any) -> None:
        raise Busy("这些事件正被别处同时上报，请稍后原样再报。")

    monkeypatch.setattr(verb, "take_events", busy)
    done = bring(deployment, read(row("A1", TEN - hours(3))))
    assert (done.applied, done.left, done.stopped) == (0, 5, "这些事件正被别处同时上报，请稍后原样再报。")


def test_one_press_takes_a_part_and_the_next_goes_on_there(deployment: Deployment, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verb, "ORDERS_AT_A_TIME", 2)
    file = read(*(row(f"A{n}", TEN - hours(3)) for n in range(6)))
    left = []
    while not left or left[-1]:
        left.append(bring(deployment, file, at_most=10).left)
    assert left == [20, 10, 0]


def test_an_id_that_means_another_event_is_named_with_its_row_and_takes_nothing_with_it(deployment: Deployment):
    head = "order,mark,at,event_id\n"
    said = [f"A{n},paid,2026-11-22T0{n}:00:00+08:00,e-{n % 3}\n" for n in range(1, 5)]
    file = read_events_apart((head + "".join(said)).encode(), SaidAtUpload(zone=ZONE), now=TEN)
    seen = foresee(deployment, file)
    assert (seen.new, [(one.row, one.code) for one in seen.wrong]) == (3, [(5, "event_conflict")])
    done = bring(deployment, file)
    assert (done.applied, [(one.row, one.code) for one in done.wrong]) == (3, [(5, "event_conflict")])
    assert [one.row for one in foresee(deployment, file).wrong] == [5]


def test_past_orders_are_in_the_reports_and_in_no_stage_and_nobody_is_called(shop: Shop):
    """Months of orders that no file says to have been collected: none of them is stuck, and nothing rings."""
    deployment = shop.deployment
    shop.pass_minutes(1)
    shop.tell("LIVE", Mark.PAID, deployment.clock.now())
    before = _figures(deployment)
    old = deployment.clock.now() - 60 * DAY
    orders = [row(f"OLD{n}", old + minutes(n), marks=2 + n % 4) for n in range(300)]
    file = read(*orders, now=deployment.clock.now())
    assert file.past == 300
    assert bring(deployment, file).applied == sum(2 + n % 4 for n in range(300))
    assert _figures(deployment) == before
    with deployment.store.reading() as uow:
        now = deployment.clock.now()
        assert stuck_now(uow, shipped_table(), now=now).stuck == 0
        sums = {one.stage: one for one in uow.stages.sums({old - DAY}, end=old + DAY)[old - DAY] if not one.high}
    assert (sums[1].exits, sums[1].order_seconds) == (300, 300 * 600)  # a report of that day is of whole lifecycles
    assert sums[5].inside == 0
    shop.pass_minutes(61)
    assert deployment.rows.alerts() == []


def _figures(deployment: Deployment) -> list[tuple[int, float, int]]:
    with deployment.store.reading() as uow:
        now = deployment.clock.now()
        return [(one.figures.inside, one.figures.flow_mean, one.figures.over) for one in stages_now(uow, now=now)]


def test_a_file_of_a_source_that_has_fallen_silent_does_not_make_it_heard(shop: Shop):
    """P16: feed_blind stays, whatever people upload meanwhile to fill its gap."""
    deployment = shop.deployment
    for n in range(60):
        deployment.clock.at = TEN - minutes(60 - n)
        shop.tell(f"P{n}", Mark.CANCELLED, deployment.clock.now(), source="聚水潭")
    deployment.clock.at = TEN
    shop.pass_minutes(12)
    assert shop.states("feed_blind") == [("聚水潭", "firing")]
    now = deployment.clock.now()
    assert bring(deployment, read(row("A1", now - hours(1)), source="聚水潭", now=now)).applied == 5
    shop.pass_minutes(3)
    assert shop.states("feed_blind") == [("聚水潭", "firing")]
    with deployment.store.reading() as uow:
        assert uow.health.heard("聚水潭", before=deployment.clock.now()) == TEN - minutes(1)
        assert uow.health.times_heard("聚水潭", since=TEN, until=deployment.clock.now()) == 0
        assert uow.health.heard_in("聚水潭", TEN) == (0, [])


def test_a_channel_that_only_files_tell_of_is_waited_for_by_no_rule(shop: Shop):
    """Its source cannot fall blind, its gate cannot be blocked, and no order of it is missed."""
    deployment = shop.deployment
    shop.tell("LIVE", Mark.CANCELLED, TEN)
    days = [
        row(f"D{day}-{n}", TEN - day * DAY + minutes(n), channel="线下", marks=2)
        for day in range(1, 6)
        for n in range(60)
    ]
    assert bring(deployment, read(*days)).applied == 600
    assert {one.source for one in deployment.rows.all(select(FeedChannel))} == {"erp"}
    shop.pass_minutes(62)
    assert {one.rule for one in deployment.rows.alerts()} == set()


def test_history_becomes_what_is_usual_although_its_hours_were_closed(deployment: Deployment):
    shop = Shop(deployment)
    shop.tell("FIRST", Mark.PAID, TEN - 6 * DAY)
    close_hours(deployment.store, now=TEN, zone=HOME)
    feeds = deployment.rows.count(StageHour)
    began = TEN - 3 * DAY
    bring(deployment, read(*(row(f"H{n}", began + minutes(n)) for n in range(30))))
    (due,) = deployment.rows.all(select(EventUpload))
    assert due.hours_since == began
    turns = []
    while written := take_hours_anew(deployment.store, now=TEN, zone=HOME):
        turns.append(written)
    assert turns == [24, 24, 24]
    (done,) = deployment.rows.all(select(EventUpload))
    assert done.hours_since is None
    with deployment.store.reading() as uow:
        found = {(one.stage, one.hour): (one.left, one.order_seconds) for one in uow.health.hours(began)}
    assert found[1, began] == (30, 30 * 600)
    assert deployment.rows.count(StageHour) > feeds
    assert deployment.rows.count(BacklogHour) == 144  # each hour once


def test_what_comes_of_a_file_while_its_hours_are_written_is_written_too(deployment: Deployment):
    Shop(deployment).tell("FIRST", Mark.PAID, TEN - 6 * DAY)
    close_hours(deployment.store, now=TEN, zone=HOME)
    bring(deployment, read(row("A1", TEN - 2 * DAY)))
    with deployment.store.reading() as uow:
        due = uow.event_uploads.due()
    assert due is not None
    with deployment.store.writing() as uow:
        uow.event_uploads.note({due.source}, received_at=due.received_at, hours_since=TEN - 3 * DAY)
        uow.event_uploads.note({due.source}, received_at=due.received_at, hours_since=TEN - DAY)
    with deployment.store.writing() as uow:
        assert not uow.event_uploads.hours_taken(due, None)
    with deployment.store.reading() as uow:
        again = uow.event_uploads.due()
    assert again is not None
    assert again.hours_since == TEN - 3 * DAY


def test_events_older_than_anything_that_is_compared_write_no_hour_anew(deployment: Deployment):
    bring(deployment, read(row("A1", TEN - 40 * DAY), row("A2", TEN - minutes(50))))
    (one,) = deployment.rows.all(select(EventUpload))
    assert (one.hours_since, one.pieces) == (None, 1)
    assert take_hours_anew(deployment.store, now=TEN, zone=HOME) == 0
