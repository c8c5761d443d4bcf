"""An alert is taken on, or kept quiet for a while, by a person; only its rule ends it; on both engines."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.actor import Actor, Way
from app.domain.outcome import Unreachable
from app.domain.problems import NotFound, NotInThisState
from app.notify.dispatch.group import GroupDispatcher
from app.store.tables import Alert
from app.watch.attend import claim_alert, silence_alert, unsilence_alert
from app.watch.patrol import keep_alerts, look, wake_alerts
from app.watch.rule import Situation, WatchPolicy
from app.watch.rules.channel_paused import CHANNEL_PAUSED
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours, minutes, seconds
from tests.deployment.notices import ROBOT
from tests.deployment.orders import new_order
from tests.fakes.channels import FakeRobot

MEI = Actor("mei", Way.CONSOLE, "10.0.0.1")
LIN = Actor("lin", Way.CLI)
POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=True, coupon_low_at=2, sms_per_day=10, sms_per_client_per_day=5
)

Act = Callable[..., Alert]


def _fire(deployment: Deployment, text: str = "出事了", *, level: str = "red", again: timedelta | None = None) -> None:
    with deployment.store.writing() as uow:
        uow.alerts.fire("trouble", level=level, text=text, now=deployment.clock.now(), again=again)


def _end(deployment: Deployment) -> None:
    with deployment.store.writing() as uow:
        uow.alerts.resolve("trouble", now=deployment.clock.now())


def _do(deployment: Deployment, act: Act, *, by: Actor = MEI, alert_id: int = 1, **fields: object) -> Alert:
    with deployment.store.writing() as uow:
        return act(uow, alert_id, by=by, now=deployment.clock.now(), **fields)


def _silence(deployment: Deployment, lasting: timedelta, *, by: Actor = MEI, why: str = "正在换机器人") -> Alert:
    return _do(deployment, silence_alert, by=by, lasting=lasting, why=why)


def _told(deployment: Deployment) -> list[str]:
    deployment.notices.composed()
    return [
        "end" if m.content["ended"] else m.content["sentence"] for m in deployment.rows.messages(kind="alert_wecom")
    ]


def _situation(deployment: Deployment) -> Situation:
    return Situation(store=deployment.store, now=deployment.clock.now(), policy=POLICY, folders=(), spool=lambda: None)  # type: ignore[arg-type, return-value]


def _wake(deployment: Deployment, *, after: timedelta = timedelta()) -> int:
    deployment.clock.at += after
    return wake_alerts(_situation(deployment))


def _deeds(deployment: Deployment) -> list[tuple[str, str, str]]:
    with deployment.store.reading() as uow:
        return [(deed.action, deed.actor, deed.subject) for deed in reversed(uow.audit.page())]


# ---- claimed


def test_who_has_an_alert_in_hand_is_noted_and_it_is_not_told_again_meanwhile(deployment: Deployment):
    _fire(deployment, "有 1 条", again=minutes(1))
    assert _told(deployment) == ["有 1 条"]
    alert = _do(deployment, claim_alert)
    assert (alert.state, alert.acknowledged_by, alert.acknowledged_at) == ("acknowledged", "mei", TEN)
    deployment.clock.at += minutes(5)
    _fire(deployment, "有 9 条", again=minutes(1))
    assert _told(deployment) == ["有 1 条"]
    assert [alert.text for alert in deployment.rows.alerts()] == ["有 9 条"]
    _end(deployment)
    assert _told(deployment) == ["有 1 条", "end"]
    assert _deeds(deployment) == [("alert.claim", "mei", "alert:1")]


@pytest.mark.parametrize(("level", "in_hand"), [("red", minutes(30)), ("orange", hours(1)), ("yellow", None)])
def test_what_still_fires_after_a_while_in_somebodys_hands_is_told_again(
    deployment: Deployment, level: str, in_hand: timedelta | None
):
    _fire(deployment, level=level)
    _told(deployment)
    _do(deployment, claim_alert)
    assert _wake(deployment, after=(in_hand or hours(100)) - seconds(1)) == 0
    assert _wake(deployment, after=seconds(1)) == (1 if in_hand else 0)
    (alert,) = deployment.rows.alerts()
    assert (alert.state, alert.acknowledged_by) == (("firing", None) if in_hand else ("acknowledged", "mei"))
    assert _told(deployment) == ["出事了"] * (2 if in_hand else 1)


def test_an_alert_in_somebodys_hands_is_taken_over_only_by_saying_so(deployment: Deployment):
    _fire(deployment)
    _do(deployment, claim_alert)
    with pytest.raises(NotInThisState, match="已由 mei 认领"):
        _do(deployment, claim_alert, by=LIN)
    assert _do(deployment, claim_alert, by=LIN, take_over=True).acknowledged_by == "lin"
    assert _do(deployment, claim_alert, by=LIN).acknowledged_by == "lin"
    with deployment.store.reading() as uow:
        assert [deed.detail.get("taken_from") for deed in reversed(uow.audit.page())] == [None, "mei", None]


@pytest.mark.parametrize("act", [claim_alert, unsilence_alert])
def test_an_alert_that_is_over_is_claimed_by_nobody(deployment: Deployment, act: Act):
    """A late click must not open it again."""
    _fire(deployment)
    _end(deployment)
    with pytest.raises(NotInThisState, match="已恢复"):
        _do(deployment, act)
    with pytest.raises(NotInThisState, match="已恢复"):
        _silence(deployment, hours(1))
    with pytest.raises(NotFound):
        _do(deployment, act, alert_id=7)
    assert _deeds(deployment) == []


def test_of_an_end_and_a_claim_at_once_the_end_stays(deployment: Deployment):
    _fire(deployment)
    with deployment.store.reading() as uow:
        seen = uow.alerts.get(1)
    assert seen
    _end(deployment)
    with deployment.store.writing() as uow:
        assert not uow.alerts.acknowledge(seen, by="mei", now=TEN, until=None)
    assert [alert.state for alert in deployment.rows.alerts()] == ["resolved"]


def test_what_is_only_watched_yet_is_nobodys(deployment: Deployment):
    with deployment.store.writing() as uow:
        uow.alerts.fire("trouble", level="red", text="x", now=TEN, hold=minutes(3))
    with pytest.raises(NotInThisState, match="观察中"):
        _do(deployment, claim_alert)


# ---- silenced


def test_a_silenced_alert_is_told_to_nobody_and_is_told_at_once_when_the_silence_is_over(deployment: Deployment):
    _fire(deployment)
    _silence(deployment, hours(1))
    assert _told(deployment) == []
    assert _wake(deployment, after=hours(1) - seconds(1)) == 0
    assert _told(deployment) == []
    assert _wake(deployment, after=seconds(1)) == 1
    assert _told(deployment) == ["出事了"]


def test_one_that_was_told_before_is_told_of_its_end_although_it_is_silenced(deployment: Deployment):
    _fire(deployment, again=minutes(1))
    assert _told(deployment) == ["出事了"]
    _silence(deployment, hours(24))
    deployment.clock.at += hours(2)
    _fire(deployment, "更多", again=minutes(1))
    assert _told(deployment) == ["出事了"]
    _end(deployment)
    assert _told(deployment) == ["出事了", "end"]


def test_one_that_came_and_went_in_silence_is_told_to_nobody_ever(deployment: Deployment):
    _fire(deployment)
    _silence(deployment, hours(1))
    _end(deployment)
    deployment.clock.at += hours(2)
    assert _told(deployment) == []
    assert [(alert.state, alert.silenced_by) for alert in deployment.rows.alerts()] == [("resolved", "mei")]


def test_a_person_ends_a_silence_and_what_still_fires_is_told_at_once(deployment: Deployment):
    _fire(deployment)
    assert _told(deployment) == ["出事了"]
    _silence(deployment, hours(1))
    alert = _do(deployment, unsilence_alert, by=LIN)
    assert alert.silenced_until is None
    assert _told(deployment) == ["出事了"] * 2
    with pytest.raises(NotInThisState, match="没有静默"):
        _do(deployment, unsilence_alert)
    assert _deeds(deployment) == [("alert.silence", "mei", "alert:1"), ("alert.unsilence", "lin", "alert:1")]


def test_a_silence_has_a_reason_and_lasts_a_day_at_most(deployment: Deployment):
    _fire(deployment)
    for lasting in (hours(24) + seconds(1), timedelta(), -hours(1)):
        with pytest.raises(NotInThisState, match="24 小时"):
            _silence(deployment, lasting)
    with pytest.raises(NotInThisState, match="为什么"):
        _silence(deployment, hours(1), why=" \n")
    alert = _silence(deployment, hours(24), why="<b>\x00" + "长" * 300)
    assert (alert.silenced_why or "").startswith("\uff1cb> ")
    assert len(alert.silenced_why or "") == 200


def test_a_silence_that_was_written_before_the_clock_was_set_back_counts_no_more(deployment: Deployment):
    _fire(deployment)
    _silence(deployment, hours(24))
    deployment.clock.at -= hours(1)
    assert _told(deployment) == ["出事了"]
    assert _wake(deployment) == 1
    assert [alert.silenced_until for alert in deployment.rows.alerts()] == [None]


def test_a_silence_and_a_claim_do_not_undo_each_other(deployment: Deployment):
    _fire(deployment)
    _told(deployment)
    _silence(deployment, hours(24))
    _do(deployment, claim_alert)
    assert _wake(deployment, after=minutes(30)) == 1
    (alert,) = deployment.rows.alerts()
    assert (alert.state, alert.silenced_until) == ("firing", TEN + hours(24))
    assert _told(deployment) == ["出事了"]


def test_messages_know_the_alert_they_tell_of(deployment: Deployment):
    _fire(deployment)
    _told(deployment)
    assert [m.alert_id for m in deployment.rows.messages()] == [1]


# ---- a robot that is dead


async def test_a_robot_that_refuses_for_two_minutes_is_an_alert_although_nothing_can_leave(deployment: Deployment):
    robot = FakeRobot(clock=deployment.clock)
    dispatcher = GroupDispatcher(deployment.store, deployment.clock, {ROBOT: robot})
    deployment.notices.composed(new_order("A"))
    while deployment.clock.at < TEN + minutes(2):
        robot.then(Unreachable("wecom:connect"))
        await dispatcher.run_once()
        deployment.clock.at += seconds(1)
    situation = _situation(deployment)
    keep_alerts(look([CHANNEL_PAUSED], situation), situation)
    (alert,) = deployment.rows.alerts()
    assert (alert.rule, alert.subject, alert.state) == ("channel_paused", "wecom:robot-1", "firing")
    assert "连不上企业微信" in alert.text
    assert robot.texts == []
