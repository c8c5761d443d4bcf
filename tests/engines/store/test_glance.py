"""The look once a second notices whatever a screen may show, on both engines."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.access import accounts, kiosks
from app.domain.states import HeldKind
from app.orders.decide import mark_duplicate
from app.web.console.regions import changed
from tests.deployment import Deployment
from tests.deployment.facts import IT


def _glance(deployment: Deployment):
    with deployment.store.reading() as uow:
        return uow.glance.take(now=deployment.clock.now())


def _take(deployment: Deployment) -> None:
    deployment.door.post(key="later")


def _hold(deployment: Deployment) -> None:
    with deployment.store.writing() as uow:
        ids = [deployment.rows.order_id(number) for number in deployment.door.some(2)]
        uow.orders.hold(ids, kind=HeldKind.LOOK_ALIKE, looks_like="LB1", reason="疑似重复")


def _publish(deployment: Deployment) -> None:
    deployment.maker.publish(deployment.door.some(2))


def _send(deployment: Deployment) -> None:
    deployment.notices.add("m1", state="dead")


def _alert(deployment: Deployment) -> None:
    with deployment.store.writing() as uow:
        uow.alerts.fire("worker_silent", level="red", text="后台没有工作", now=deployment.clock.now())


def _end_alert(deployment: Deployment) -> None:
    with deployment.store.writing() as uow:
        assert uow.alerts.resolve("batch_overdue", now=deployment.clock.now())


def _pause(deployment: Deployment) -> None:
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        uow.pauses.pause("wecom:r", reason="x", until=now + timedelta(minutes=1), now=now)


def _close(deployment: Deployment) -> None:
    with deployment.store.writing() as uow:
        incident = uow.incidents.open_one(drill=False)
        assert incident
        uow.incidents.close(incident, by="x", now=deployment.clock.now())


@pytest.mark.parametrize(
    ("deed", "region"),
    [
        (_take, "orders"),
        (_hold, "todo"),
        (_publish, "batches"),
        (_send, "messages"),
        (_alert, "alerts"),
        (_end_alert, "alerts"),
        (_pause, "messages"),
        (_close, "incidents"),
    ],
)
def test_what_happens_moves_a_mark(deployment: Deployment, deed: Callable[[Deployment], None], region: str):
    deployment.door.post(key="first")
    with deployment.store.writing() as uow:
        uow.alerts.fire("batch_overdue", level="orange", text="批次逾期", now=deployment.clock.now())
    before = _glance(deployment)
    assert changed(before.marks, _glance(deployment).marks) == frozenset()
    deed(deployment)
    names = changed(before.marks, _glance(deployment).marks)
    assert region in names
    assert "home" in names


def test_a_decision_that_leaves_every_count_as_it_was_moves_a_mark(deployment: Deployment):
    """Two people decide at once: one order more, one less; the audit has moved all the same."""
    numbers = deployment.door.some(2)
    with deployment.store.writing() as uow:
        ids = [deployment.rows.order_id(numbers[1])]
        uow.orders.hold(ids, kind=HeldKind.LOOK_ALIKE, looks_like=numbers[0], reason="疑似重复")
    before = _glance(deployment)
    with deployment.store.writing() as uow:
        mark_duplicate(uow, numbers[1], by=IT, now=deployment.clock.now())
    assert "todo" in changed(before.marks, _glance(deployment).marks)


def test_a_closed_account_and_an_ended_screen_may_not_go_on_looking(deployment: Deployment):
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        accounts.add_user(uow, "mei", role="ops", by=IT, now=now, password="boat-in-the-storm-7")
        link = kiosks.make_kiosk(uow, "仓库大屏", by=IT, now=now)
        kiosks.connect_kiosk(uow, link.token, address="10.0.0.9", now=now)
    glance = _glance(deployment)
    assert list(glance.people.values()) == [0]
    assert glance.kiosks == {link.kiosk_id}
    with deployment.store.writing() as uow:
        accounts.disable_user(uow, "mei", by=IT, now=now)
        kiosks.revoke_kiosk(uow, link.kiosk_id, by=IT, now=now)
    glance = _glance(deployment)
    assert glance.people == {}
    assert glance.kiosks == frozenset()
