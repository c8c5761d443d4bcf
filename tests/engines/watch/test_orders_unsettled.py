"""Orders that the main system may have and that nobody settles cry after half an hour in which somebody could; on both engines."""

from datetime import datetime

from app.domain.main_health import MainState
from app.domain.passed_on import PassedOn, SentBefore
from app.orders.settle import found_in_main
from app.store.spool.file import SpoolCounts
from app.watch.rule import Situation
from app.watch.rules.orders_unsettled import ORDERS_UNSETTLED
from tests.deployment import Deployment
from tests.deployment.facts import OPS, TEN, hours, minutes
from tests.engines.watch.test_rules import POLICY


def cried(deployment: Deployment, now: datetime) -> list[str]:
    situation = Situation(store=deployment.store, now=now, policy=POLICY, folders=(), spool=SpoolCounts)
    return [trouble.text for trouble in ORDERS_UNSETTLED.find(situation)]


def passed_on(deployment: Deployment, count: int = 1) -> list[str]:
    orders = [deployment.door.new()._replace(passed_on=PassedOn(SentBefore.YES, "504")) for _ in range(count)]
    deployment.door.take(*orders)
    return [order.number for order in orders]


def main_is(deployment: Deployment, state: MainState, since: datetime) -> None:
    with deployment.store.writing() as uow:
        row = uow.main_probe.locked()
        row.told, row.told_since = state, since


def test_one_that_nobody_settles_is_cried_after_half_an_hour(deployment: Deployment):
    deployment.door.some(2)
    assert cried(deployment, TEN + hours(5)) == []
    (number,) = passed_on(deployment)
    assert cried(deployment, TEN + minutes(29)) == []
    (text,) = cried(deployment, TEN + minutes(30))
    assert f"有 1 笔订单主系统可能已有，超过 30 分钟没有查清（{number}）" in text


def test_of_many_the_first_are_named(deployment: Deployment):
    numbers = passed_on(deployment, 5)
    (text,) = cried(deployment, TEN + hours(1))
    assert text.startswith("有 5 笔订单")
    assert "等）" in text
    assert sum(number in text for number in numbers) == 3


def test_what_is_settled_cries_no_more(deployment: Deployment):
    (number,) = passed_on(deployment)
    with deployment.store.writing() as uow:
        found_in_main(uow, number, main_number="M-1", by=OPS, now=TEN)
    assert cried(deployment, TEN + hours(1)) == []


def test_while_the_main_system_is_down_nobody_could_look_there(deployment: Deployment):
    passed_on(deployment)
    main_is(deployment, MainState.DOWN, TEN)
    assert cried(deployment, TEN + hours(9)) == []
    main_is(deployment, MainState.UP, TEN + hours(9))
    assert cried(deployment, TEN + hours(9) + minutes(29)) == []
    assert len(cried(deployment, TEN + hours(9) + minutes(30))) == 1
    main_is(deployment, MainState.UNKNOWN, TEN + hours(10))
    assert len(cried(deployment, TEN + hours(10))) == 1
