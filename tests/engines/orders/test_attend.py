"""Who looks after a high-priority order: one person at a time, done once, let go again; on both engines."""

from datetime import timedelta
from functools import partial

import pytest

from app.domain.problems import NotFound, NotInThisState
from app.orders.attend import claim_order, let_go, mark_handled
from app.orders.decide import cancel
from app.orders.timeline import time_line, whole_time_line
from tests.deployment import Deployment
from tests.deployment.facts import IT, OPS, TEN


def _free(deployment: Deployment) -> int:
    with deployment.store.reading() as uow:
        return uow.attention.free_count()


def _open(deployment: Deployment) -> list[str]:
    with deployment.store.reading() as uow:
        return [row.number for row in uow.attention.open_page().rows]


def test_high_orders_are_open_until_somebody_has_them_and_listed_until_they_are_done(deployment: Deployment):
    low, first, second = deployment.door.some(1, total="10.00") + deployment.door.some(2, total="900.00")
    assert _free(deployment) == 2
    with deployment.store.writing() as uow:
        assert claim_order(uow, first.lower(), by=OPS, now=TEN) == ""
    assert (_free(deployment), _open(deployment)) == (1, [second, first])
    with deployment.store.writing() as uow:
        mark_handled(uow, first, note=" 已电话确认 ", by=OPS, now=TEN)
    assert (_free(deployment), _open(deployment)) == (1, [second])
    assert low not in _open(deployment)


def test_two_people_cannot_have_one_order_unless_one_takes_over(deployment: Deployment):
    (number,) = deployment.door.some(1, total="900.00")
    with deployment.store.writing() as uow:
        claim_order(uow, number, by=OPS, now=TEN)
        assert claim_order(uow, number, by=OPS, now=TEN) == OPS.name  # a double click
        with pytest.raises(NotInThisState, match=OPS.name):
            claim_order(uow, number, by=IT, now=TEN)
        assert claim_order(uow, number, by=IT, now=TEN, take_over=True) == OPS.name
        row = uow.orders.numbered(number)
        assert row is not None
        assert uow.attention.of([row.id or 0])[row.id or 0].claimed_by == IT.name


def test_what_is_done_can_be_taken_back_and_let_go(deployment: Deployment):
    (number,) = deployment.door.some(1, total="900.00")
    with deployment.store.writing() as uow:
        mark_handled(uow, number, note="", by=OPS, now=TEN)
        with pytest.raises(NotInThisState, match="已处理"):
            mark_handled(uow, number, note="", by=IT, now=TEN)
        with pytest.raises(NotInThisState, match="处理完"):
            claim_order(uow, number, by=IT, now=TEN, take_over=True)
    assert (_free(deployment), _open(deployment)) == (0, [])
    with deployment.store.writing() as uow:
        let_go(uow, number, by=IT, now=TEN)
    assert (_free(deployment), _open(deployment)) == (0, [number])
    with deployment.store.writing() as uow:
        with pytest.raises(NotInThisState, match="请先接手"):
            let_go(uow, number, by=IT, now=TEN)
        let_go(uow, number, by=OPS, now=TEN)
        with pytest.raises(NotInThisState, match="没有人认领"):
            let_go(uow, number, by=IT, now=TEN)
        with pytest.raises(NotFound):
            let_go(uow, "LB0", by=IT, now=TEN)
    assert (_free(deployment), _open(deployment)) == (1, [number])


def test_nobody_looks_after_an_ordinary_order_or_one_that_has_come_to_its_end(deployment: Deployment):
    low, high = deployment.door.some(1, total="10.00") + deployment.door.some(1, total="900.00")
    with deployment.store.writing() as uow:
        cancel(uow, high, reason="顾客取消", by=OPS, now=TEN)
        for deed in (claim_order, partial(mark_handled, note="")):
            with pytest.raises(NotInThisState, match="不是高优"):
                deed(uow, low, by=OPS, now=TEN)
        with pytest.raises(NotInThisState, match="取消"):
            claim_order(uow, high, by=OPS, now=TEN)


def test_an_order_in_a_file_and_one_of_a_drill_are_not_open(deployment: Deployment):
    filed, waiting = deployment.door.some(2, total="900.00")
    deployment.maker.publish([filed])
    deployment.door.take(deployment.door.new("drill", drill=True, total="900.00"))
    assert (_free(deployment), _open(deployment)) == (1, [waiting])


def test_the_page_goes_on_where_it_stopped(deployment: Deployment):
    numbers = deployment.door.some(5, total="900.00")
    with deployment.store.reading() as uow:
        first = uow.attention.open_page(size=3)
        second = uow.attention.open_page(size=3, before=first.before)
    assert [row.number for row in (*first.rows, *second.rows)] == numbers[::-1]
    assert second.before is None


def test_who_looked_after_an_order_is_for_us_and_not_for_its_storefront(deployment: Deployment):
    (number,) = deployment.door.some(1, total="900.00")
    with deployment.store.writing() as uow:
        claim_order(uow, number, by=OPS, now=TEN + timedelta(minutes=1))
        mark_handled(uow, number, note="加急", by=OPS, now=TEN + timedelta(minutes=2))
        uow.audit.record("order.unmask", by=IT, at=TEN + timedelta(minutes=3), subject=number)
    with deployment.store.reading() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        events = [event.event for event in whole_time_line(uow, row)]
        assert [event for event in events if event != "accepted"] == ["claim", "handled", "unmask"]
        assert not {"claim", "handled", "unmask"} & {event.event for event in time_line(uow, row)}
