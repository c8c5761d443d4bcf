"""Lines that somebody turns while an alert is open: what is none by the new ones ends at the next look; both engines."""

from dataclasses import replace

import pytest

from app.domain.health_lines import DEFAULTS, HealthLines, health_lines
from app.domain.marks import STAGES
from app.store.spool.file import SpoolCounts
from app.store.tables import Alert
from app.watch.patrol import keep_alerts, look
from app.watch.rule import Situation, WatchPolicy
from app.watch.rules import ORDER_RULES
from app.watch.stages.health import KindNow, OrderHealth
from tests.deployment import Deployment
from tests.deployment.facts import minutes

POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=False, coupon_low_at=0, sms_per_day=1, sms_per_client_per_day=1
)
STAGE = STAGES[1]


class Stage:
    """A stage whose mean is what the test says, and the patrol that looks at it."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.lines = deployment, DEFAULTS
        self.limits = 0.0
        self.seen = True

    def now(self) -> OrderHealth:
        mean = self.limits * (STAGE.limit / minutes(1))
        kind = KindNow(
            stage=STAGE,
            channel="天猫",
            high=False,
            inside=20,
            exits=20,
            entered=20,
            order_minutes=mean * 20,
            baseline=None,
            seen=self.seen,
        )
        return OrderHealth(at=self.deployment.clock.now(), kinds=(kind,))

    def times(self, kind: KindNow) -> list[float]:
        return [kind.flow_mean] * 2

    def look(self, limits: float, times: int = 1) -> Alert:
        """Look so many times, a minute apart, and return the bottleneck."""
        self.limits = limits
        for _ in range(times):
            self.deployment.clock.at += minutes(1)
            situation = Situation(
                store=self.deployment.store,
                now=self.deployment.clock.now(),
                policy=replace(POLICY, lines=self.lines),
                folders=(),
                spool=SpoolCounts,
                orders=self,
            )
            keep_alerts(look(ORDER_RULES, situation), situation)
        return next(one for one in self.deployment.rows.alerts() if one.rule == "stage_bottleneck")

    def turn(self, **texts: str) -> None:
        self.lines: HealthLines = health_lines(texts)


@pytest.fixture
def stage(deployment: Deployment) -> Stage:
    return Stage(deployment)


def test_what_is_no_alert_by_the_new_lines_ends_at_the_next_look(stage: Stage):
    assert stage.look(2.5, times=7).state == "firing"
    stage.turn(bottleneck_times="3")
    ended = stage.look(2.5)  # between the new lines: by itself it would go on for as long as it stays there
    assert (ended.state, ended.end_reason, ended.ended_at) == (
        "resolved",
        "rule_changed",
        stage.deployment.clock.now(),
    )
    stage.look(2.5, times=10)
    assert [one.episode for one in stage.deployment.rows.alerts() if one.rule == "stage_bottleneck"] == [1]


def test_what_still_is_one_goes_on_and_has_its_own_hysteresis_again(stage: Stage):
    stage.look(4.5, times=7)
    stage.turn(bottleneck_times="4", bottleneck_clears_below="3")
    assert stage.look(4.5).state == "firing"
    assert stage.look(3.5, times=3).state == "firing"
    assert stage.look(2.9).state == "recovering"


def test_lines_of_another_rule_end_nothing(stage: Stage):
    stage.look(2.5, times=7)
    stage.turn(backlog_above="900", slow_times="9", gate_waiting="50")
    assert stage.look(1.8, times=5).state == "firing"


def test_in_the_dark_nothing_ends_until_somebody_can_see_that_it_is_over(stage: Stage):
    stage.look(2.5, times=7)
    stage.turn(bottleneck_times="3")
    stage.seen = False
    assert stage.look(2.5, times=3).state == "firing"
    stage.seen = True
    assert stage.look(2.5).end_reason == "rule_changed"


def test_how_long_a_trouble_has_to_last_is_turned_too(stage: Stage):
    stage.turn(bottleneck_hold="2")
    assert stage.look(2.5, times=2).state == "pending"
    assert stage.look(2.5).state == "firing"


def test_an_alert_from_before_there_were_marks_goes_on_as_it_did(stage: Stage):
    stage.look(2.5, times=7)
    with stage.deployment.engines.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alert SET judged_by = NULL")
    assert stage.look(1.8, times=2).state == "firing"
