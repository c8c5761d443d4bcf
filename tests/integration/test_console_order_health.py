"""The page of order health: what is thought of each stage, and never that all is well while something is not seen."""

import re

from app.domain.alert_life import Sight
from app.domain.marks import Mark
from app.store.alert_steps import TroubleSighting
from app.watch.stages.hours import close_hours
from app.watch.stages.take_events import ReportedEvent, take_events
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import NOON, ZONE, hours, minutes


def verdicts(page: str) -> list[str]:
    return re.findall(r'data-verdict="(\w+)"', page)


def tell(deployment: Deployment, orders: int, *, entered: int, prefix: str = "O") -> None:
    events = [
        ReportedEvent(
            index=n,
            source="erp",
            event_id=f"{prefix}{n}-{mark}",
            order=f"{prefix}{n}",
            channel="天猫",
            mark=mark,
            at=NOON - minutes(entered + n + (5 if mark is Mark.PLACED else 0)),
        )
        for n in range(orders)
        for mark in (Mark.PLACED, Mark.PAID)
    ]
    assert take_events(deployment.store, events, now=NOON).applied == 2 * orders


async def test_without_a_source_it_says_how_one_is_connected(mei: Browser):
    page = await mei.reads("/health")
    assert "还没有订单进度" in page
    assert verdicts(page) == []


async def test_each_stage_has_a_verdict_and_its_figures(at_noon: Deployment, mei: Browser):
    tell(at_noon, 12, entered=70)
    close_hours(at_noon.store, now=NOON, zone=ZONE)
    page = await mei.reads("/health")
    assert verdicts(page) == ["empty", "slow", "empty", "empty", "empty"]
    assert "<b>12</b> 单" in page
    assert "天猫" in page


async def test_few_orders_are_a_suspicion_only(at_noon: Deployment, mei: Browser):
    tell(at_noon, 4, entered=70)
    page = await mei.reads("/health")
    assert verdicts(page)[1] == "suspected"
    assert "n = 4" in page


async def test_while_a_source_is_blind_nothing_is_called_well(at_noon: Deployment, mei: Browser):
    tell(at_noon, 12, entered=1)
    assert verdicts(await mei.reads("/health"))[1] == "well"
    with at_noon.store.writing() as uow:
        for rule, stage, text in (("feed_blind", None, "看不见"), ("stage_bottleneck", 3, "瓶颈")):
            sighting = TroubleSighting(
                rule=rule, subject="x", level="orange", stage=stage, text=text, sight=Sight.WRONG
            )
            assert uow.alerts.see(None, sighting, now=NOON - hours(1))
    page = await mei.reads("/health")
    assert verdicts(page) == ["blind", "blind", "bottleneck", "blind", "blind"]
    assert 'data-rule="feed_blind"' in page


async def test_the_day_is_shown_hour_by_hour_beside_what_is_usual(at_noon: Deployment, mei: Browser):
    for day in range(5):
        tell(at_noon, 30, entered=80 + day * 24 * 60, prefix=f"D{day}-")
    moments = [NOON - hours(24 * day) for day in range(4, -1, -1)]
    for moment in moments:
        close_hours(at_noon.store, now=moment, zone=ZONE)
    page = await mei.reads("/health")
    rows = re.findall(r'<tr data-at="(\d+)" data-mean="([\d.]*)" data-usual="([\d.]*)">', page)
    assert len(rows) == 5 * 24
    placed = [row for row in rows[:24] if row[1]]
    assert [float(mean) for _, mean, _ in placed] == [5.0]  # each left the first stage after five minutes
    assert [float(usual) for *_, usual in placed] == [5.0]
    assert 'data-limit="5.0"' in page
