"""A silent worker is told of by a web process, once, however many there are and whenever one dies; on both engines."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from app.access import accounts
from app.channels.base import GroupNotice
from app.domain.contact import ContactWay
from app.domain.outcome import Delivered, Outcome, Unreachable
from app.notify.policy import Destination
from app.notify.tell_directly import LEASE_NAME, SilenceTeller
from app.store.ack import Claimant, ack_token
from app.store.contacts import sealed_contact
from app.store.repositories.jobs import WORKER
from app.watch import roster
from app.watch.patrol import keep_alerts, look
from app.watch.roster import WantedTurn
from app.watch.rule import Situation, WatchPolicy
from app.watch.rules import WORKER_SILENT
from app.watch.rules.worker_silent import silence_of_worker
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, TEN, ZONE, hours, minutes, seconds
from tests.deployment.notices import ROBOT, a_policy
from tests.fakes.channels import FakeRobot

POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=True, coupon_low_at=2, sms_per_day=10, sms_per_client_per_day=5
)


def situation(deployment: Deployment) -> Situation:
    return Situation(
        store=deployment.store,
        now=deployment.clock.now(),
        policy=POLICY,
        folders=(),
        spool=lambda: None,  # type: ignore[arg-type, return-value]
    )


def patrol(deployment: Deployment) -> None:
    """As each web process looks."""
    keep_alerts(look([WORKER_SILENT], situation(deployment)), situation(deployment))


def beat(deployment: Deployment) -> None:
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        uow.jobs.beat(WORKER, now=now, holder="w")
        uow.leases.take("leader", holder="w", now=now, until=now + seconds(20))


def falls_silent(deployment: Deployment) -> None:
    beat(deployment)
    for _ in range(5):
        deployment.clock.at += minutes(1)
        patrol(deployment)


def teller(deployment: Deployment, holder: str = "web-1") -> SilenceTeller:
    policy = a_policy()
    return SilenceTeller(deployment.store, deployment.clock, policy, KEYS, rule=WORKER_SILENT.name, holder=holder)


async def tell(deployment: Deployment, robot: FakeRobot, holder: str = "web-1") -> int:
    return await teller(deployment, holder).run_once(lambda: {ROBOT: robot})


async def test_a_web_process_tells_the_group_once(deployment: Deployment):
    robot = FakeRobot(clock=deployment.clock)
    beat(deployment)
    patrol(deployment)
    assert await tell(deployment, robot) == 0
    falls_silent(deployment)
    assert [await tell(deployment, robot, holder) for holder in ("web-1", "web-2", "web-1")] == [1, 0, 0]
    (text,) = robot.texts
    assert "后台进程没有在工作" in text
    assert [(m.state, m.subject) for m in deployment.rows.messages()] == [("sent", "alert")]


async def test_a_worker_that_comes_back_tells_of_the_end_and_not_of_the_beginning_again(deployment: Deployment):
    robot = FakeRobot(clock=deployment.clock)
    falls_silent(deployment)
    await tell(deployment, robot)
    beat(deployment)
    patrol(deployment)
    deployment.notices.composed()
    told = [message.content["ended"] for message in deployment.rows.messages()]
    assert told == [False, True]
    assert await tell(deployment, robot) == 0


async def test_what_a_worker_has_told_of_no_web_process_tells(deployment: Deployment):
    robot = FakeRobot(clock=deployment.clock)
    falls_silent(deployment)
    deployment.notices.composed()
    with deployment.store.writing() as uow:
        uow.messages.claim(
            "wecom", now=deployment.clock.now(), lease_until=deployment.clock.now() + minutes(1), limit=9
        )
    assert await tell(deployment, robot) == 0


async def test_whoever_is_on_duty_is_called_as_the_worker_would_call_him(deployment: Deployment):
    """WeCom mentions by phone: the message names him, has his link, and rings at his phone."""
    with deployment.store.writing() as uow:
        accounts.add_user(uow, "mei", role="ops", by=IT, now=TEN, password="boat-in-the-storm-7")
        user = uow.access.user_named("mei")
        assert user
        user.phone = sealed_contact(KEYS, user.id or 0, ContactWay.PHONE, "13912345678")
        user.phone_verified_at = TEN
        roster.set_fallback(uow, "mei", by=IT, now=TEN)
        turn = WantedTurn(name="mei", starts_at=TEN, ends_at=TEN + hours(12))
        roster.add_shift(uow, turn, zone=ZONE, by=IT, now=TEN)
    robot = FakeRobot(clock=deployment.clock)
    falls_silent(deployment)
    await tell(deployment, robot)
    ((_, notice, _),) = robot.seen
    link = ack_token(KEYS, Claimant(deployment.rows.alerts()[0].id or 0, user.id or 0))
    assert notice.content.endswith(f"值班 mei 点此认领：https://lifeboat.example/a/{link}")
    assert "13912345678" in notice.mentions


async def test_where_nothing_is_left_to_tell_a_look_takes_no_lease(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
):
    robot = FakeRobot(clock=deployment.clock)
    falls_silent(deployment)
    assert await tell(deployment, robot) == 1

    def no_writing() -> None:
        raise AssertionError("there was nothing to tell")

    monkeypatch.setattr(deployment.store, "writing", no_writing)
    assert await tell(deployment, robot) == 0


def test_of_two_web_processes_at_once_one_tells(deployment: Deployment):
    """Each on a thread with a loop and connections of its own, as two processes are; many times over."""
    robots = []
    for _ in range(5):
        falls_silent(deployment)
        robot, at_once = FakeRobot(clock=deployment.clock), threading.Barrier(2)
        robots.append(robot)

        def run(holder: str, robot: FakeRobot = robot, at_once: threading.Barrier = at_once) -> None:
            at_once.wait()
            asyncio.run(tell(deployment, robot, holder))

        threads = [threading.Thread(target=run, args=(f"web-{n}",)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        beat(deployment)
        patrol(deployment)
        deployment.clock.at += minutes(61)  # sooner it would be a flapping, of which nobody is told a fifth time
    assert [len(robot.texts) for robot in robots] == [1] * 5


class Dies(BaseException):
    """As kill -9."""


class DyingRobot(FakeRobot):
    async def send(self, message: GroupNotice) -> Outcome:  # noqa: ARG002 - it dies before it sends
        raise Dies


async def test_a_teller_that_dies_is_followed_by_another_when_its_lease_has_run_out(deployment: Deployment):
    falls_silent(deployment)
    robot = FakeRobot(clock=deployment.clock)
    try:
        await tell(deployment, DyingRobot(), "web-1")
    except Dies:
        with deployment.store.writing() as uow:  # who is killed gives nothing up
            now = deployment.clock.now()
            uow.leases.take(LEASE_NAME, holder="web-1", now=now, until=now + minutes(1))
    assert await tell(deployment, robot, "web-2") == 0
    deployment.clock.at += minutes(1) + seconds(1)
    assert await tell(deployment, robot, "web-2") == 1
    assert len(robot.texts) == 1


async def test_a_robot_that_does_not_answer_is_asked_again(deployment: Deployment):
    robot = FakeRobot(clock=deployment.clock)
    robot.then(Unreachable("wecom:connect"), Delivered("ref"))
    falls_silent(deployment)
    await tell(deployment, robot)
    assert robot.texts == []
    deployment.clock.at += minutes(1)
    await tell(deployment, robot, "web-2")
    assert len(robot.texts) == 1


async def test_each_group_hears_of_it_and_a_silenced_alert_is_told_to_none(deployment: Deployment):
    falls_silent(deployment)
    with deployment.store.writing() as uow:
        (alert,) = uow.alerts.open()
        uow.alerts.silence(alert, by="mei", why="x", until=deployment.clock.now() + minutes(10))
    robots = {Destination("wecom", name): FakeRobot(clock=deployment.clock) for name in ("a", "b")}
    policy = a_policy(robots=("a", "b"))
    told = SilenceTeller(deployment.store, deployment.clock, policy, KEYS, rule=WORKER_SILENT.name, holder="web-1")
    assert await told.run_once(lambda: robots) == 0
    with deployment.store.writing() as uow:
        (alert,) = uow.alerts.open()
        uow.alerts.end_silence(alert)
    assert await told.run_once(lambda: robots) == 2
    assert [len(robot.texts) for robot in robots.values()] == [1, 1]


def test_a_heartbeat_older_than_three_minutes_is_a_silence_although_somebody_leads(deployment: Deployment):
    found: Callable[[], list[object]] = lambda: list(WORKER_SILENT.find(situation(deployment)))  # noqa: E731 - asked thrice
    beat(deployment)
    assert (found(), silence_of_worker(situation(deployment))) == ([], "")
    deployment.clock.at += minutes(3) + seconds(1)
    with deployment.store.writing() as uow:
        now = deployment.clock.now()
        uow.leases.take("leader", holder="w", now=now, until=now + seconds(20))
    assert len(found()) == 1
    assert "11-22 10:00 起没有动静" in silence_of_worker(situation(deployment))
    assert deployment.clock.now() > TEN
