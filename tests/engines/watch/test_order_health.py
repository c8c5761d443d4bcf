"""The order flow's alerts from their first sign to their end, on made-up events and a clock that is set; both engines."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count

import pytest
from sqlalchemy import select

from app.domain.marks import Mark
from app.store.spool.file import SpoolCounts
from app.store.tables import BacklogHour
from app.watch.order_patrol import patrol_orders
from app.watch.rule import HOME, Situation, WatchPolicy
from app.watch.stages.hours import close_hours
from app.watch.stages.look import LooksAtOrders
from app.watch.stages.take_events import ReportedEvent, take_events
from app.watch.stages.usual import Baselines
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours, minutes
from tests.deployment.orders import new_order

POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=False, coupon_low_at=0, sms_per_day=1, sms_per_client_per_day=1
)
_serial = count()


class Shop:
    """A main system whose orders' ways are told as they happen, and the patrol that looks on."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.store = deployment, deployment.store
        self.baselines = Baselines(HOME)

    def tell(self, order: str, mark: Mark, at: datetime, *, channel: str = "天猫", source: str = "erp", **said: str):
        event = ReportedEvent(
            index=0,
            source=source,
            event_id=str(next(_serial)),
            order=order,
            channel=channel,
            mark=mark,
            at=at,
            attributes=said,
        )
        assert take_events(self.store, [event], now=self.deployment.clock.now()).applied == 1

    def many(self, prefix: str, orders: int, mark: Mark, at: datetime, *, channel: str = "天猫", source: str = "erp"):
        events = [
            ReportedEvent(
                index=n,
                source=source,
                event_id=str(next(_serial)),
                order=f"{prefix}{n}",
                channel=channel,
                mark=mark,
                at=at,
            )
            for n in range(orders)
        ]
        assert take_events(self.store, events, now=self.deployment.clock.now()).applied == orders

    def look(self) -> None:
        now = self.deployment.clock.now()
        patrol_orders(
            Situation(
                store=self.store,
                now=now,
                policy=POLICY,
                folders=(),
                spool=SpoolCounts,
                orders=LooksAtOrders(self.store, now=now, baselines=self.baselines),
            )
        )

    def states(self, rule: str) -> list[tuple[str, str]]:
        return [(one.subject, one.state) for one in self.deployment.rows.alerts() if one.rule == rule]

    def pass_minutes(self, n: int, *, heartbeat: str = "erp") -> None:
        """Let minutes pass with a look in each; ``heartbeat`` is a source that tells of something all the while."""
        for _ in range(n):
            self.deployment.clock.at += minutes(1)
            if heartbeat:
                serial = next(_serial)
                self.tell(
                    f"beat{serial}", Mark.CANCELLED, self.deployment.clock.now(), channel="心跳", source=heartbeat
                )
            self.look()


@pytest.fixture
def shop(deployment: Deployment) -> Iterator[Shop]:
    return Shop(deployment)


def test_a_gate_that_is_blocked_fires_at_once_and_is_over_ten_minutes_after_somebody_entered(shop: Shop):
    shop.many("W", 3, Mark.PAID, TEN)
    shop.pass_minutes(30)
    assert shop.states("gate_blocked") == []  # nobody has waited longer than the limit
    shop.pass_minutes(1)
    assert shop.states("gate_blocked") == [("S2:天猫", "firing")]
    for n in range(3):
        shop.tell(f"W{n}", Mark.QUEUED, shop.deployment.clock.now())
    shop.pass_minutes(10)
    assert shop.states("gate_blocked") == [("S2:天猫", "recovering")]
    shop.pass_minutes(1)
    assert shop.states("gate_blocked") == [("S2:天猫", "resolved")]


def test_on_a_quiet_night_nobody_is_woken(shop: Shop):
    shop.pass_minutes(90)
    assert shop.deployment.rows.alerts() == []


def test_an_incident_inhibits_what_it_explains_and_what_still_holds_is_told_when_it_is_over(shop: Shop):
    deployment = shop.deployment
    with shop.store.writing() as uow:
        incident = uow.incidents.open(drill=False, reason="主系统宕机", by="IT", now=TEN, zone=HOME)
    shop.many("W", 3, Mark.PAID, TEN)
    shop.pass_minutes(31)
    (alert,) = deployment.rows.alerts()
    assert (alert.rule, alert.state, alert.inhibited_why) == ("gate_blocked", "firing", "incident")
    with shop.store.writing() as uow:
        assert uow.alerts.claim_untold(now=deployment.clock.now()) == []
    with shop.store.writing() as uow:
        uow.incidents.close(uow.incidents.get(incident.id or 0), by="IT", now=deployment.clock.now())
    shop.pass_minutes(1)
    with shop.store.writing() as uow:
        assert [one.rule for one, _ in uow.alerts.claim_untold(now=deployment.clock.now())] == ["gate_blocked"]


def test_an_incident_inhibits_the_stages_before_the_warehouse_and_no_other(shop: Shop):
    """What the main system imports late was long in stage 2; a warehouse that stands still has its own reason."""
    with shop.store.writing() as uow:
        uow.incidents.open(drill=False, reason="主系统宕机", by="IT", now=TEN, zone=HOME)
    shop.many("W", 12, Mark.PAID, TEN)
    shop.many("X", 12, Mark.QUEUED, TEN)
    shop.pass_minutes(25)
    bottlenecks = [one for one in shop.deployment.rows.alerts() if one.rule == "stage_bottleneck"]
    assert {(one.stage, one.state, one.inhibited_why) for one in bottlenecks} == {
        (2, "firing", "incident"),
        (3, "firing", None),
    }


@pytest.mark.parametrize("blocks_again", [False, True])
def test_what_recovers_unheard_while_an_incident_is_closed_is_not_told_unless_it_holds_again(
    shop: Shop, *, blocks_again: bool
):
    """An incident is closed as soon as its orders are home, before the alert's quiet minutes are over."""
    deployment = shop.deployment
    with shop.store.writing() as uow:
        incident = uow.incidents.open(drill=False, reason="主系统宕机", by="IT", now=TEN, zone=HOME)
    shop.many("W", 3, Mark.PAID, TEN)
    shop.pass_minutes(31)
    if blocks_again:
        shop.many("V", 3, Mark.PAID, TEN)
    for n in range(3):
        shop.tell(f"W{n}", Mark.QUEUED, deployment.clock.now() - minutes(26 if blocks_again else 0))
    shop.pass_minutes(1)
    with shop.store.writing() as uow:
        uow.incidents.close(uow.incidents.get(incident.id or 0), by="IT", now=deployment.clock.now())
    shop.pass_minutes(1)
    assert shop.states("gate_blocked") == [("S2:天猫", "recovering")]
    told = []
    for _ in range(11):
        with shop.store.writing() as uow:
            told += [one.rule for one, _ in uow.alerts.claim_untold(now=deployment.clock.now())]
        shop.pass_minutes(1)
    assert told == (["gate_blocked"] if blocks_again else [])


def test_a_red_alert_inhibits_the_lower_ones_of_its_stages_before_they_can_be_told(shop: Shop):
    """P16: in one transaction; the gate fires in the very look in which the red one does."""
    shop.many("W", 3, Mark.PAID, TEN)
    shop.pass_minutes(16)
    for n in range(15):
        shop.many(f"R{n}-", 20, Mark.PAID, shop.deployment.clock.now())
        shop.pass_minutes(1)
    fired = {one.rule: (one.state, one.inhibited_why) for one in shop.deployment.rows.alerts()}
    assert fired["backlog_growing"] == ("firing", None)
    assert fired["gate_blocked"] == ("firing", "red")


def test_a_blind_feed_ends_nothing_and_begins_nothing_but_its_own_alert(shop: Shop):
    """P16: data that does not arrive says nothing."""
    for n in range(60):
        shop.deployment.clock.at = TEN - minutes(60 - n)
        shop.tell(f"P{n}", Mark.CANCELLED, shop.deployment.clock.now(), source="聚水潭")
    shop.deployment.clock.at = TEN
    shop.many("W", 3, Mark.PAID, TEN - minutes(31), source="聚水潭")
    shop.look()
    assert shop.states("gate_blocked") == [("S2:天猫", "firing")]
    shop.pass_minutes(12)  # another source is heard all the while
    assert shop.states("feed_blind") == [("聚水潭", "firing")]
    (gate,) = [one for one in shop.deployment.rows.alerts() if one.rule == "gate_blocked"]
    assert (gate.state, gate.unseen_since is not None) == ("firing", True)
    for n in range(3):
        shop.tell(f"W{n}", Mark.QUEUED, TEN + minutes(1), source="聚水潭")  # late, and all is known at once
    shop.pass_minutes(1)
    assert shop.states("feed_blind") == [("聚水潭", "recovering")]
    assert shop.states("gate_blocked") == [("S2:天猫", "recovering")]


def test_a_source_that_we_cannot_read_is_blind_however_few_orders_there_are(shop: Shop):
    shop.tell("A", Mark.PAID, TEN, source="聚水潭")
    with shop.store.writing() as uow:
        uow.sources.keep("聚水潭", kind="jushuitan", values={"failing_since": TEN, "trouble": "key"})
    shop.pass_minutes(9)
    assert shop.states("feed_blind") == []
    shop.pass_minutes(1)
    assert shop.states("feed_blind") == [("聚水潭", "firing")]
    with shop.store.writing() as uow:
        uow.sources.keep("聚水潭", kind="jushuitan", values={"failing_since": None, "trouble": ""})
    shop.pass_minutes(11)
    assert shop.states("feed_blind") == [("聚水潭", "resolved")]


def test_a_stage_that_stops_is_a_bottleneck_and_a_restart_in_between_changes_nothing(shop: Shop):
    """P16: whatever a patrol needs stands in the rows."""
    for n in range(40):
        shop.tell(f"B{n}", Mark.PLACED, TEN - minutes(40 - n))
        shop.tell(f"B{n}", Mark.PAID, TEN - minutes(39 - n))
    seen = []
    for _ in range(60):
        shop.baselines = Baselines(HOME)  # a patrol that knows nothing
        shop.pass_minutes(1)
        seen += [state for _, state in shop.states("stage_bottleneck")]
    assert seen == ["pending"] * 5 + ["firing"] * (len(seen) - 5)
    assert len(seen) > 5


def test_an_hour_with_an_alert_does_not_become_the_new_normal(shop: Shop):
    clock = shop.deployment.clock
    for day in range(4, 0, -1):
        began = TEN - hours(24 * day)
        clock.at = began + hours(3)
        for n in range(12):
            shop.tell(f"D{day}-{n}", Mark.PAID, began + minutes(n))
            shop.tell(f"D{day}-{n}", Mark.QUEUED, began + minutes(n + (100 if day == 1 else 10)))
    with shop.store.writing() as uow:
        uow.alerts.fire("stage_slow", level="yellow", text="慢", now=TEN - hours(24))
    with shop.deployment.engines.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alert SET stage = 2")
    with shop.store.writing() as uow:
        uow.alerts.resolve("stage_slow", now=TEN - hours(21))
    clock.at = TEN
    assert close_hours(shop.store, now=TEN, zone=HOME) == 96
    with shop.store.reading() as uow:
        usual = shop.baselines.of(uow, TEN).mean("天猫", False, 2)
        counted = {(hour.hour, hour.left) for hour in uow.health.hours(TEN - hours(24 * 28)) if hour.stage == 2}
    assert usual is not None
    assert usual.value == pytest.approx(10, abs=0.5)
    assert (TEN - hours(24), 0) not in counted
    assert close_hours(shop.store, now=TEN, zone=HOME) == 0


def test_the_hours_of_a_red_alert_of_the_backlog_are_no_baseline_for_the_next(shop: Shop):
    clock = shop.deployment.clock
    clock.at = TEN - hours(5)
    shop.tell("A", Mark.PAID, TEN - hours(6))
    with shop.store.writing() as uow:
        uow.alerts.fire("backlog_growing", level="red", text="积压", now=TEN - hours(4))
        uow.alerts.fire("coupons_low", level="yellow", text="券", now=TEN - hours(2))
    with shop.store.writing() as uow:
        uow.alerts.resolve("backlog_growing", now=TEN - hours(2) - minutes(30))
    clock.at = TEN
    close_hours(shop.store, now=TEN, zone=HOME)
    counted = {row.hour: row.counted for row in shop.deployment.rows.all(select(BacklogHour))}
    assert [counted[TEN - hours(n)] for n in (5, 4, 3, 2, 1)] == [True, False, False, True, True]


def test_while_an_incident_is_open_red_counts_who_was_missed_by_a_batch(shop: Shop):
    shop.deployment.door.take(new_order("first"))
    clock = shop.deployment.clock
    for n in range(45):
        clock.at += minutes(1)
        shop.deployment.door.take(*(new_order(f"O{n}-{k}") for k in range(12)))
        shop.look()
    assert shop.states("backlog_growing") == []  # more than five hundred wait, none of them for too long
    for _ in range(25):
        clock.at += minutes(1)
        shop.look()
    assert shop.states("backlog_growing") == [("", "firing")]
    assert "等批次超过 31 分钟" in shop.deployment.rows.alerts()[0].text
