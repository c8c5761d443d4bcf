"""A robot that refuses, hangs or dies costs no message and at most one repeat; on both engines."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.channels.kinds import WECOM
from app.domain.outcome import Rejected, Throttled, Unknown, Unreachable
from app.domain.send_budget import MERGE_AFTER
from app.domain.states import MessageState
from app.notify.contents import AlertContent, BatchContent, read_content
from app.notify.dispatch.group import LEASE, GroupDispatcher, notice_of
from app.notify.dispatch.record import CHANNEL_REST
from app.notify.dispatch.sweep import sweep_once
from app.notify.policy import DRY, Destination
from app.store.tables import Attempt, Message, Pause
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours, minutes, seconds
from tests.deployment.notices import ROBOT, a_policy
from tests.deployment.orders import new_order, new_orders
from tests.fakes.channels import FakeRobot

LATER = MERGE_AFTER + seconds(1)


async def test_a_throttled_robot_rests_as_long_as_it_was_told_and_loses_nothing(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    robot.then(Throttled(minutes(1), "45009"))
    deployment.notices.composed(*new_orders(3, total="1.00"))
    assert await dispatcher.run_once() == 1
    deployment.clock.at += seconds(59)
    assert await dispatcher.run_once() == 0
    deployment.clock.at += seconds(2)
    await dispatcher.run_once()
    assert robot.texts[0].startswith("【新订单汇总】3 笔")
    assert [message.attempts for message in deployment.rows.messages(kind="order_wecom")] == [
        0,
        0,
        0,
    ]  # nobody looked at it: no attempt


async def test_a_rest_from_before_the_clock_was_set_back_is_not_kept_for_days(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """P11"""
    with deployment.store.writing() as uow:
        uow.pauses.pause("wecom:robot-1", reason="45009", until=TEN + hours(24), now=TEN)
    deployment.notices.composed(new_order("A"))
    await dispatcher.run_once()
    assert len(robot.texts) == 1


async def test_a_channel_at_fault_keeps_its_messages_rests_and_raises_an_alarm(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """A revoked key must not turn a hundred messages into dead letters."""
    robot.then(Rejected("wecom:93000", blame="channel"))
    deployment.notices.composed(*new_orders(3, total="1.00"))
    assert await dispatcher.run_once() == 1
    assert deployment.rows.message_states() == ["pending"] * 3
    with deployment.store.reading() as uow:
        (fault,) = uow.pauses.faults()
    assert (fault.name, fault.reason, fault.since) == ("wecom:robot-1", "wecom:93000", TEN)
    assert await dispatcher.run_once() == 0
    deployment.clock.at += CHANNEL_REST
    await dispatcher.run_once()
    assert robot.texts[0].startswith("【新订单汇总】3 笔")


async def test_a_message_at_fault_is_a_dead_letter_with_an_alarm_and_holds_up_nobody(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    robot.then(Rejected("wecom:40058"))
    deployment.notices.composed(*new_orders(2, total="1.00"))
    await dispatcher.run_once()
    assert deployment.rows.message_states() == ["dead", "sent"]


async def test_an_unreachable_group_is_tried_again_later_and_in_the_end_given_up(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    robot.then(*[Unreachable("ConnectTimeout")] * 99)
    deployment.notices.composed(new_order("A", total="1.00"))
    for _ in range(400):
        await dispatcher.run_once()
        deployment.clock.at += seconds(30)
    assert len(robot.seen) == 11  # once alone, ten times as a digest of one
    states = {message.state for message in deployment.rows.messages() if message.channel == "wecom"}
    assert states <= {"dead", "merged"}


async def test_an_unknown_outcome_may_be_seen_twice_but_is_never_lost(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """P9: at most one duplicate; the message names its order, so people recognise it."""
    robot.then(Unknown("ReadTimeout"))
    deployment.notices.composed(new_order("A"))
    await dispatcher.run_once()
    deployment.clock.at += seconds(2)
    await dispatcher.run_once()
    assert [new_order("A").number in notice.content for _, notice, _ in robot.seen] == [True, True]
    assert deployment.rows.message_states() == ["sent"]


class Died(BaseException):
    """The worker was killed here."""


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_dispatcher_that_dies_between_send_and_record_costs_at_most_one_repeat(
    deployment: Deployment, robot: FakeRobot, *, arrived: bool
):
    """P9: at most one duplicate per crash, and nothing is lost. Another worker takes over."""

    class Deadly(FakeRobot):
        async def send(self, message: Any) -> Any:
            if arrived:
                await robot.send(message)
            raise Died

    deployment.notices.composed(*new_orders(3, total="1.00"))
    with pytest.raises(Died):
        await GroupDispatcher(deployment.store, deployment.clock, {ROBOT: Deadly(clock=deployment.clock)}).run_once()
    other = GroupDispatcher(deployment.store, deployment.clock, {ROBOT: robot})
    assert await other.run_once() == 2  # the others need not wait for the one whose outcome nobody knows
    deployment.clock.at += LEASE + seconds(1)
    assert sweep_once(deployment.store, a_policy(), deployment.clock) == 1
    await other.run_once()
    text = "\n".join(robot.texts)
    assert sorted(text.count(order.number) for order in new_orders(3, total="1.00")) == [1, 1, 2 if arrived else 1]
    assert {message.state for message in deployment.rows.messages() if message.channel == "wecom"} <= {"sent", "merged"}
    first = deployment.rows.all(select(Attempt).order_by(Attempt.id))[0]
    assert first.outcome is None  # nobody will ever know; it still counts in the budget


async def test_two_workers_send_each_message_once_and_stay_within_one_budget(deployment: Deployment, robot: FakeRobot):
    deployment.notices.composed(*new_orders(10, total="1.00"))
    workers = [GroupDispatcher(deployment.store, deployment.clock, {ROBOT: robot}) for _ in range(2)]
    for _ in range(3):
        await asyncio.gather(*(worker.run_once() for worker in workers))
    assert len(robot.texts) == len(set(robot.texts)) == 10


async def test_the_sweep_puts_back_what_fell_between_two_stools(deployment: Deployment):
    """A robot that is gone, a schedule from before the clock was set back."""
    deployment.notices.composed(new_order("A"), new_order("B"), policy=a_policy(robots=("gone",)))
    with deployment.store.writing() as uow:
        first, second = (message.id or 0 for message in deployment.rows.messages(kind="order_wecom"))
        waits = {"from_states": (MessageState.PENDING,), "reason": "test"}
        uow.messages.put_off(first, MessageState.PENDING, until=TEN + timedelta(days=2), **waits)
        uow.messages.put_off(second, MessageState.PENDING, until=TEN, **waits)
    assert sweep_once(deployment.store, a_policy(robots=("r1", "r2")), deployment.clock) == 3
    assert {(message.target, message.due_at) for message in deployment.rows.messages(kind="order_wecom")} == {
        ("r1", TEN)
    }
    assert sweep_once(deployment.store, a_policy(robots=("r1", "r2")), deployment.clock) == 0


GONE = {
    "a robot that was replaced": ("wecom:old", a_policy(robots=("new",))),
    "a robot of a kind that is used no more": ("feishu:f", a_policy()),
    "text messages that are only recorded now": ("sms:", a_policy(sms_sent=False)),
    "e-mails that are only recorded now": ("email:", a_policy(mail_sent=False)),
    "no robot at all": ("wecom:robot-1", a_policy(groups=(DRY,))),
}


@pytest.mark.parametrize("case", GONE)
def test_the_pause_of_what_is_configured_no_more_is_forgotten(deployment: Deployment, case: str):
    """Or its fault would be reported for ever: nothing is sent there that could get through."""
    name, policy = GONE[case]
    with deployment.store.writing() as uow:
        uow.pauses.pause(name, reason="93000", until=TEN + minutes(5), now=TEN, fault=True)
        uow.pauses.pause(f"ahead:{name}", reason="clock_set_back", until=TEN + minutes(1), now=TEN, attempt=7)
    sweep_once(deployment.store, policy, deployment.clock)
    assert deployment.rows.all(select(Pause)) == []


def test_the_pause_of_what_is_configured_is_kept(deployment: Deployment):
    kept = ["ahead:wecom:robot-1", "email:", "sms:", "wecom:robot-1"]
    with deployment.store.writing() as uow:
        for name in kept:
            uow.pauses.pause(name, reason="x", until=TEN + minutes(5), now=TEN, fault=True)
    sweep_once(deployment.store, a_policy(), deployment.clock)
    assert [pause.name for pause in deployment.rows.all(select(Pause).order_by(Pause.name))] == kept


async def test_a_revoked_robot_is_reported_until_another_one_takes_its_place(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    robot.then(Rejected("wecom:93000", blame="channel"))
    deployment.notices.composed(new_order("A"))
    await dispatcher.run_once()
    sweep_once(deployment.store, a_policy(), deployment.clock)
    with deployment.store.reading() as uow:
        assert [fault.name for fault in uow.pauses.faults()] == ["wecom:robot-1"]
    deployment.clock.at += CHANNEL_REST
    sweep_once(deployment.store, a_policy(robots=("robot-2",)), deployment.clock)
    with deployment.store.reading() as uow:
        assert uow.pauses.faults() == []
    await GroupDispatcher(deployment.store, deployment.clock, {Destination("wecom", "robot-2"): robot}).run_once()
    assert [new_order("A").number in text for text in robot.texts] == [True]


def test_what_a_group_reads_depends_on_the_subject(deployment: Deployment):
    (message, _) = deployment.notices.composed(new_order("A"))
    order = read_content(message.subject, message.content)
    assert notice_of(order, ("m",), kind=WECOM).mentions == ("m",)
    batch = BatchContent(
        batch="B1", kind="regular", orders=1, rows=1, total=1, high=0, held=0, sha256="f" * 64, url="u"
    )
    assert notice_of(batch, ("m",), kind=WECOM).content.startswith("【新批次】B1")
    assert notice_of(batch, ("m",), kind=WECOM).mentions == ()
    alert = notice_of(AlertContent(sentence="x"), ("m",), kind=WECOM)
    assert (alert.content, alert.mentions) == ("【告警】x", ("m",))
    assert notice_of(AlertContent(sentence="x", ended=True), (), kind=WECOM).content == "【已恢复】x"


ODD = [
    {},
    {"number": "LB1"},
    {"v": 99, "number": "LB1"},
    {"sentence": 1},
    [],
    ["number"],
    "number",
    None,
]


@pytest.mark.parametrize("odd", ODD)
async def test_a_content_nobody_can_read_is_a_dead_letter_with_a_sentence_and_holds_up_nobody(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher, odd: object
):
    """P14: after an upgrade, or with a row that somebody damaged."""
    deployment.notices.composed(*new_orders(3, total="1.00"))
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(Message).where(Message.order_id == 1).values(content=odd))
    assert await dispatcher.run_once() == 2
    dead, *others = deployment.rows.messages(kind="order_wecom")
    assert dead.state == "dead"
    assert dead.last_reason is not None
    assert dead.last_reason.startswith("消息内容")
    assert [message.state for message in others] == ["sent", "sent"]
    assert await dispatcher.run_once() == 0


async def test_a_digest_passes_over_what_it_cannot_read(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """P14"""
    deployment.notices.composed(*new_orders(30, total="1.00"))
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(Message).where(Message.order_id == 7).values(content={"v": 99}))
    deployment.clock.at += LATER
    while await dispatcher.run_once():
        pass
    states = [message.state for message in deployment.rows.messages(kind="order_wecom")]
    assert states == ["merged"] * 6 + ["dead"] + ["merged"] * 23
    assert robot.texts == [text for text in robot.texts if text.startswith("【新订单汇总】29 笔")]


async def test_a_channel_that_breaks_is_an_unknown_outcome_and_the_message_is_tried_again(
    deployment: Deployment, robot: FakeRobot, dispatcher: GroupDispatcher
):
    """P14: no channel may raise; one that does costs its own message a retry, and nobody else's anything."""
    robot.then(ValueError("nobody foresaw this"))
    deployment.notices.composed(*new_orders(2, total="1.00"))
    await dispatcher.run_once()
    assert deployment.rows.message_states() == ["pending", "sent"]
    (first, _) = deployment.rows.messages(kind="order_wecom")
    assert first.last_reason == "wecom:ValueError"
