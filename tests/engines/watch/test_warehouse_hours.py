"""The warehouse's hours in figures, rules and stuck orders: the night does not count; on both engines."""

import random
from collections.abc import Iterator
from datetime import datetime
from itertools import count

import pytest
from sqlalchemy import select

from app.domain.actor import Actor, Way
from app.domain.marks import Mark
from app.domain.problems import NotInThisState
from app.store.spool.file import SpoolCounts
from app.store.tables import BacklogHour, StageHour, StageVisit, WarehouseHoursRow
from app.watch.flow_map.warehouse_hours import WantedHours, hours_in_force, set_hours
from app.watch.order_patrol import patrol_orders
from app.watch.rule import HOME, Situation, WatchPolicy
from app.watch.stages.day import StageDays
from app.watch.stages.events_file import SaidAtUpload, read_events_apart
from app.watch.stages.hours import close_hours
from app.watch.stages.import_events import foresee_events
from app.watch.stages.look import LooksAtOrders
from app.watch.stages.stage_clock import stages_now
from app.watch.stages.take_events import ReportedEvent, take_events
from app.watch.stages.usual import Baselines
from app.watch.systemic.look import look_for_cause
from app.watch.triage.look import stuck_now
from app.watch.triage.table import shipped_table
from tests.deployment import Deployment
from tests.deployment.events import reported
from tests.deployment.facts import TEN, hours, minutes, seconds

MEI = Actor("mei", Way.CONSOLE)
BY_DAY = ("08:00-20:00",) * 7
POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=False, coupon_low_at=0, sms_per_day=1, sms_per_client_per_day=1
)
OF_THE_WAREHOUSE = {"stage_bottleneck", "stage_slow", "backlog_growing"}
_serial = count()


class Warehouse:
    """A warehouse with hours, orders that come whenever they like, and the patrol that looks on."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.store = deployment, deployment.store
        self.baselines = Baselines(HOME)

    @property
    def now(self) -> datetime:
        return self.deployment.clock.now()

    def works(self, week: tuple[str, ...] = BY_DAY, special_days: str = "") -> WarehouseHoursRow:
        """Word the hours anew."""
        with self.store.writing() as uow:
            latest = uow.warehouse_hours.latest().get("warehouse")
            seen = latest.version if latest else 0
            return set_hours(uow, WantedHours(week, special_days), seen=seen, zone=HOME, by=MEI, now=self.now)

    def go_to(self, clock: str, *, days: int = 0) -> None:
        """Go to a time of this day on the merchant's wall, or of one some days later."""
        today = self.now.astimezone(HOME) + hours(24 * days)
        hour, minute = (int(part) for part in clock.split(":"))
        self.deployment.clock.at = today.replace(hour=hour, minute=minute, second=0).astimezone(TEN.tzinfo)

    def tell(self, mark: Mark, *orders: str) -> None:
        events = [reported(order, mark, self.now, serial=next(_serial)) for order in orders]
        assert take_events(self.store, events, now=self.now).applied == len(orders)

    def ship(self, *orders: str) -> None:
        """Let orders leave the third stage, and the two after it at once."""
        for mark in (Mark.PICKING_PRINTED, Mark.PACKED, Mark.COLLECTED):
            self.tell(mark, *orders)

    def look(self) -> None:
        looks = LooksAtOrders(self.store, now=self.now, baselines=self.baselines)
        patrol_orders(
            Situation(store=self.store, now=self.now, policy=POLICY, folders=(), spool=SpoolCounts, orders=looks)
        )

    def until(self, clock: str, *, every: int = 1) -> Iterator[int]:
        """Let time pass until a moment of the next twelve hours, and look after each step; the steps are numbered."""
        for n in count():
            if f"{self.now.astimezone(HOME):%H:%M}" == clock:
                return
            yield n
            self.deployment.clock.at += minutes(every)
            self.look()

    def rung(self) -> list[tuple[str, str]]:
        alerts = self.deployment.rows.alerts()
        return [(one.rule, one.state) for one in alerts if one.rule in OF_THE_WAREHOUSE]

    def stuck(self) -> dict[str, float]:
        with self.store.reading() as uow:
            found = stuck_now(uow, shipped_table(), now=self.now)
        return {one.ref: one.waited / minutes(1) for group in found.groups for one in group.orders}


@pytest.fixture
def warehouse(deployment: Deployment) -> Warehouse:
    return Warehouse(deployment)


def an_evening_and_a_night(warehouse: Warehouse) -> None:
    """Fifty orders go through in the evening and five stay; in the night 250 more come."""
    warehouse.go_to("19:00")
    for n in warehouse.until("20:10"):
        if n < 50:
            warehouse.tell(Mark.QUEUED, f"E{n}")
        if n == 10:
            warehouse.tell(Mark.QUEUED, *(f"L{k}" for k in range(5)))
        if 10 <= n < 60:
            warehouse.ship(f"E{n - 10}")
    warehouse.go_to("22:00")
    for n in warehouse.until("22:30"):
        if n < 25:
            warehouse.tell(Mark.QUEUED, *(f"N{n * 10 + k}" for k in range(10)))
    for n in warehouse.until("07:50", every=20):
        warehouse.tell(Mark.CANCELLED, f"X{n}")  # the source is not blind


def test_at_night_nothing_rings_and_in_the_morning_the_night_does_not_count(warehouse: Warehouse):
    warehouse.works()
    an_evening_and_a_night(warehouse)
    assert warehouse.stuck() == {}
    for n in warehouse.until("09:00"):
        if 15 <= n < 40:
            warehouse.ship(*(f"N{(n - 15) * 10 + k}" for k in range(10)))
        if n == 19:
            assert warehouse.stuck() == {}
        if n == 21:  # fifty minutes of the evening and eleven of the morning
            assert warehouse.stuck() == {f"L{k}": 61 for k in range(5)}
    assert warehouse.rung() == []
    with warehouse.store.reading() as uow:
        third = stages_now(uow, now=warehouse.now)[2]
    assert (third.figures.inside, third.figures.over, third.figures.oldest) == (5, 5, 110)


def test_without_hours_the_same_night_rings(warehouse: Warehouse):
    an_evening_and_a_night(warehouse)
    assert {rule for rule, _ in warehouse.rung()} >= {"stage_bottleneck", "backlog_growing"}
    assert len(warehouse.stuck()) == 255


def test_an_alert_of_the_evening_rests_until_the_warehouse_has_been_open_for_a_while(warehouse: Warehouse):
    warehouse.works()
    warehouse.go_to("17:00")
    warehouse.tell(Mark.QUEUED, *(f"A{n}" for n in range(12)))
    warehouse.go_to("19:00")
    for n in warehouse.until("20:20"):
        warehouse.tell(Mark.CANCELLED, f"X{n}")
    assert warehouse.rung() == [("stage_bottleneck", "firing")]

    def why() -> list[str | None]:
        return [one.inhibited_why for one in warehouse.deployment.rows.alerts() if one.rule in OF_THE_WAREHOUSE]

    assert why() == ["closed"]
    for n in warehouse.until("08:20", every=20):
        warehouse.tell(Mark.CANCELLED, f"Y{n}")
    assert (why(), warehouse.rung()) == (["closed"], [("stage_bottleneck", "firing")])
    for n in warehouse.until("08:31"):
        warehouse.tell(Mark.CANCELLED, f"Z{n}")
    assert (why(), warehouse.rung()) == ([None], [("stage_bottleneck", "firing")])
    warehouse.ship(*(f"A{n}" for n in range(12)))
    for n in warehouse.until("09:00"):
        warehouse.tell(Mark.CANCELLED, f"W{n}")
    assert warehouse.rung() == [("stage_bottleneck", "resolved")]


def test_what_begins_just_before_closing_does_not_begin_to_ring_while_closed(warehouse: Warehouse):
    warehouse.works()
    warehouse.go_to("17:00")
    warehouse.tell(Mark.QUEUED, *(f"A{n}" for n in range(12)))
    warehouse.go_to("19:57")
    for n in warehouse.until("20:30"):
        warehouse.tell(Mark.CANCELLED, f"X{n}")
    assert warehouse.rung() == [("stage_bottleneck", "pending")]


def test_the_stages_before_the_warehouse_go_by_the_wall(warehouse: Warehouse):
    warehouse.works()
    warehouse.go_to("23:00")
    warehouse.tell(Mark.PAID, "P", "Q", "R")
    warehouse.go_to("23:31")
    assert warehouse.stuck() == {"P": 31, "Q": 31, "R": 31}
    warehouse.look()
    assert [one.rule for one in warehouse.deployment.rows.alerts()] == ["gate_blocked"]


def test_sums_are_those_of_the_visits_although_the_hours_change_under_way(warehouse: Warehouse):
    """Told as it happens: what was summed up under old hours stays right under new ones."""
    chance = random.Random(11)
    told: list[tuple[datetime, ReportedEvent]] = []
    for n in range(80):
        at = TEN + minutes(chance.uniform(0, 240))
        for mark in (Mark.PAID, Mark.QUEUED, Mark.PICKING_PRINTED, Mark.PACKED, Mark.COLLECTED)[: chance.randint(2, 5)]:
            told.append((at, reported(f"SO{n}", mark, at)))
            at += seconds(chance.expovariate(1 / 1800))
    told.sort(key=lambda one: one[0])
    changes = [
        (TEN, ("09:00-11:00、13:00-15:00",) * 7),
        (TEN + hours(2), ("13:00-14:00",) * 7),
    ]
    for at, event in told:
        while changes and changes[0][0] <= at:
            warehouse.deployment.clock.at, week = changes.pop(0)
            warehouse.works(week)
        warehouse.deployment.clock.at = max(at, warehouse.now)
        take_events(warehouse.store, [event], now=warehouse.now)
    open_times = ((TEN - hours(9), TEN + hours(1)), (TEN + hours(3), TEN + hours(4)))
    visits = warehouse.deployment.rows.all(select(StageVisit))
    for now in (TEN + minutes(m) for m in (30, 75, 150, 200, 235, 300)):
        with warehouse.store.reading() as uow:
            found = uow.stages.sums([TEN - hours(1)], end=now)[TEN - hours(1)]
        for stage in (2, 3, 4, 5):
            mine = [one for one in visits if one.stage == stage and one.entered_at < now]
            inside = [(one.entered_at, min(one.left_at or now, now)) for one in mine]
            spans = open_times if stage > 2 else ((TEN - hours(9), TEN + hours(99)),)
            spent = sum(
                max(0.0, (min(left, ends) - max(entered, begins)).total_seconds())
                for entered, left in inside
                for begins, ends in spans
            )
            summed = sum(one.order_seconds for one in found if one.stage == stage)
            assert summed == pytest.approx(spent, abs=len(mine) + 1)


def test_hours_hold_from_a_moment_that_nobody_has_been_measured_at(warehouse: Warehouse):
    row = warehouse.works()
    assert row.starts_at == TEN + minutes(6)
    warehouse.deployment.clock.at = TEN + minutes(1)
    assert warehouse.works(("09:00-12:00",) * 7).starts_at == TEN + minutes(7)
    warehouse.deployment.clock.at = TEN + hours(3)
    warehouse.tell(Mark.PAID, "A")
    warehouse.deployment.clock.at = TEN + hours(2)  # the clock was set back
    assert warehouse.works().starts_at == TEN + hours(3) + minutes(1)
    with warehouse.store.reading() as uow:
        now = hours_in_force(uow, zone=HOME, now=TEN + hours(2) + minutes(30))
        deed = uow.audit.page()[0]
    assert (now.version, now.week, now.open) == (3, BY_DAY, False)  # by the second wording, which holds until then
    assert now.opens_at == TEN + hours(3) + minutes(1)
    assert (deed.action, deed.actor, deed.subject) == ("flow.hours", "mei", "clock:warehouse")


def test_hours_that_nobody_has_set_are_always(warehouse: Warehouse):
    with warehouse.store.reading() as uow:
        found = hours_in_force(uow, zone=HOME, now=TEN)
    assert (found.version, found.always, found.open, found.opens_at) == (0, True, True, None)


@pytest.mark.parametrize(
    ("wanted", "seen", "why"),
    [
        (WantedHours(("早上",) * 7), 1, "看不懂"),
        (WantedHours(("",) * 7), 1, "至少要有一天"),
        (WantedHours(BY_DAY, "明天 休"), 1, "不是日期"),
        (WantedHours(BY_DAY), 0, "刚被别人改过"),
        (WantedHours(BY_DAY), 2, "刚被别人改过"),
    ],
)
def test_what_is_no_hours_or_was_worded_by_others_meanwhile_is_refused(
    warehouse: Warehouse, wanted: WantedHours, seen: int, why: str
):
    warehouse.works()
    with pytest.raises(NotInThisState, match=why), warehouse.store.writing() as uow:
        set_hours(uow, wanted, seen=seen, zone=HOME, by=MEI, now=warehouse.now)


def test_hours_of_a_closed_warehouse_say_nothing_of_others(warehouse: Warehouse):
    warehouse.works()
    warehouse.go_to("18:30")
    warehouse.tell(Mark.QUEUED, *(f"A{n}" for n in range(8)))
    warehouse.go_to("22:30")
    warehouse.ship(*(f"A{n}" for n in range(4)))
    warehouse.tell(Mark.PAID, "P")
    warehouse.go_to("23:59")
    close_hours(warehouse.store, now=warehouse.now, zone=HOME)
    rows = warehouse.deployment.rows.all(select(StageHour))
    third = {
        one.hour.astimezone(HOME).hour: (one.order_seconds, one.left, one.counted) for one in rows if one.stage == 3
    }
    assert third == {18: (8 * 1800, 0, True), 19: (8 * 3600, 0, True), 22: (0, 4, False)}
    assert [one.counted for one in rows if one.stage == 2] == [True]
    backlog = {
        one.hour.astimezone(HOME).hour: one.samples[50] for one in warehouse.deployment.rows.all(select(BacklogHour))
    }
    assert backlog == {18: 8, 19: 8, 20: 0, 21: 0, 22: 1}
    with warehouse.store.reading() as uow:
        day = StageDays(HOME).look(uow, now=warehouse.now)[3]
    assert {one.begins.astimezone(HOME).hour: one.mean for one in day if one.mean is not None} == {18: 240, 19: 480}


def test_a_file_that_is_foreseen_counts_no_night_against_the_warehouse(warehouse: Warehouse):
    warehouse.works()
    warehouse.go_to("19:30")
    at = f"{warehouse.now.astimezone(HOME):%Y-%m-%d %H:%M:%S}"
    cells = f"订单号,渠道,付款时间,审核时间\nA1,天猫,{at},{at}\n"
    over = []
    for clock in ("08:29", "08:31"):
        warehouse.go_to(clock, days=0 if over else 1)
        file = read_events_apart(cells.encode(), SaidAtUpload(zone=HOME), now=warehouse.now)
        with warehouse.store.reading() as uow:
            over.append(foresee_events(uow, file, now=warehouse.now).over)
    assert over == [0, 1]


def test_that_a_warehouse_closes_is_no_fall_of_its_exits(warehouse: Warehouse):
    """Else each evening would be when the trouble began, and whatever changed about then its likeliest cause."""
    warehouse.works()
    warehouse.go_to("12:00")
    for n in range(96):  # two in five minutes leave until eight
        warehouse.deployment.clock.at += minutes(5)
        warehouse.tell(Mark.QUEUED, f"A{2 * n}", f"A{2 * n + 1}")
        warehouse.ship(f"A{2 * n}", f"A{2 * n + 1}")
    warehouse.go_to("19:50")
    warehouse.tell(Mark.QUEUED, *(f"L{n}" for n in range(12)))
    warehouse.go_to("09:30", days=1)
    with warehouse.store.reading() as uow:
        found = look_for_cause(uow, now=warehouse.now, zone=HOME)
    assert found.stage == 3
    assert found.onset is not None
    assert f"{found.onset.astimezone(HOME):%d %H:%M}" == "23 08:00"  # since it opened nobody has left


def test_who_prints_for_too_long_within_the_limit_has_done_so_while_the_warehouse_worked(warehouse: Warehouse):
    warehouse.works()
    warehouse.go_to("19:50")
    event = reported("A1", Mark.QUEUED, warehouse.now, serial=next(_serial), logistics_print_status="wdt:1")
    assert take_events(warehouse.store, [event], now=warehouse.now).applied == 1
    found = []
    for clock in ("08:04", "08:06"):
        warehouse.go_to(clock, days=0 if found else 1)
        found.append(warehouse.stuck())
    assert found == [{}, {"A1": 16}]
