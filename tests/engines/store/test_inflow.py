"""Orders per minute: right while orders come in, after a restart, and where the look's reach is short; on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.store.reach import Reach
from app.web.console.inflow import MINUTES, Inflow, LastHour
from tests.deployment import Deployment
from tests.deployment.facts import TEN


def _look(deployment: Deployment, inflow: Inflow) -> LastHour:
    with deployment.store.reading() as uow:
        incident = uow.incidents.open_one(drill=False)
        assert incident
        return inflow.look(uow, incident, now=deployment.clock.now())


def _counts(hour: LastHour) -> dict[int, tuple[int, int]]:
    """Return (normal, high) by minutes ago, where there are any."""
    newest = hour.minutes[-1].at
    return {
        int((newest - one.at).total_seconds()) // 60: (one.normal, one.high)
        for one in hour.minutes
        if one.normal or one.high
    }


def test_each_minute_has_its_orders_and_high_ones_apart(deployment: Deployment):
    inflow = Inflow(deployment.store)
    for turn in range(3):
        for n, total in enumerate(("10.00", "900.00", "10.00")):
            deployment.door.post(key=f"{turn}-{n}", total=total)
        hour = _look(deployment, inflow)
        deployment.clock.at += timedelta(minutes=2)
    assert _counts(hour) == {0: (2, 1), 2: (2, 1), 4: (2, 1)}
    assert len(hour.minutes) == MINUTES
    assert hour.last_minute == 3
    assert {client: sum(counts) for client, counts in hour.by_client.items()} == {"c1": 9}
    assert _counts(_look(deployment, Inflow(deployment.store))) == {2: (2, 1), 4: (2, 1), 6: (2, 1)}


def test_looking_often_counts_nothing_twice_and_an_hour_later_nothing_at_all(deployment: Deployment):
    inflow = Inflow(deployment.store)
    deployment.door.some(5, at=TEN)
    for _ in range(30):
        deployment.clock.at += timedelta(seconds=7)
        hour = _look(deployment, inflow)
    assert sum(one.normal + one.high for one in hour.minutes) == 5
    assert hour.last_minute == 0
    deployment.clock.at += timedelta(hours=1)
    assert _counts(_look(deployment, inflow)) == {}


def test_a_late_order_out_of_a_spool_stands_in_the_minute_in_which_it_was_taken(deployment: Deployment):
    inflow = Inflow(deployment.store)
    deployment.door.post(key="first", total="10.00")
    deployment.clock.at += timedelta(minutes=10)
    assert _counts(_look(deployment, inflow)) == {10: (1, 0)}
    deployment.door.post(key="late", total="10.00", at=deployment.clock.now() - timedelta(minutes=7))
    assert _counts(_look(deployment, inflow)) == {10: (1, 0), 7: (1, 0)}
    deployment.clock.at += timedelta(minutes=1)
    assert _counts(_look(deployment, inflow)) == {11: (1, 0), 8: (1, 0)}


def test_a_short_reach_says_that_it_has_not_counted_all_and_goes_on(deployment: Deployment):
    deployment.door.some(11, at=TEN)
    deployment.clock.at = TEN + timedelta(minutes=5)
    deployment.store.reach = Reach(chunk=3, chunks_a_look=2)
    inflow = Inflow(deployment.store)
    assert not _look(deployment, inflow).counted
    for _ in range(2):
        hour = _look(deployment, inflow)
    assert hour.counted
    assert sum(one.normal for one in hour.minutes) == 11


@pytest.mark.parametrize("engines", ["sqlite"], indirect=True)
def test_a_damaged_time_is_one_bad_row(deployment: Deployment):
    deployment.door.some(3, at=TEN)
    with deployment.engines.writer.begin() as connection:
        connection.execute(text("UPDATE orders SET received_at = 'garbage' WHERE id = 2"))
    deployment.clock.at = TEN + timedelta(seconds=30)
    assert sum(one.normal for one in _look(deployment, Inflow(deployment.store)).minutes) == 2
