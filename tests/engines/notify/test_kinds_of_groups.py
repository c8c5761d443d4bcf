"""Groups of different kinds side by side: each hears everything, at its own pace and in its own length."""

import pytest
from sqlalchemy import select

from app.channels.base import GroupNotice
from app.channels.kinds import DINGTALK, FEISHU, KINDS, WECOM, ChannelKind
from app.domain.outcome import Outcome, Rejected, Throttled, Unreachable
from app.domain.send_budget import KEPT_FOR_ALERTS, MERGE_AFTER
from app.notify.dispatch.group import GroupDispatcher
from app.notify.dispatch.sweep import sweep_once
from app.notify.policy import Destination, MessagePolicy
from app.store.tables import Attempt, Message
from tests.deployment import Deployment
from tests.deployment.facts import TEN, minutes, seconds
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order, new_orders
from tests.fakes.channels import FakeRobot, most_within

LATER = MERGE_AFTER + seconds(1)
GROUPS = {
    WECOM: Destination("wecom", "w", ("zhangsan",)),
    FEISHU: Destination("feishu", "f", ("ou_a1",)),
    DINGTALK: Destination("dingtalk", "d", ("13800138000",)),
}
POLICY = a_policy(groups=tuple(GROUPS.values()))
Robots = dict[ChannelKind, FakeRobot]


@pytest.fixture
def robots(deployment: Deployment) -> Robots:
    return {kind: FakeRobot(clock=deployment.clock, kind=kind) for kind in GROUPS}


@pytest.fixture
def dispatcher(deployment: Deployment, robots: Robots) -> GroupDispatcher:
    return _dispatcher(deployment, robots)


def _dispatcher(deployment: Deployment, robots: Robots) -> GroupDispatcher:
    return GroupDispatcher(deployment.store, deployment.clock, {GROUPS[kind]: robot for kind, robot in robots.items()})


def _only(kind: ChannelKind) -> MessagePolicy:
    return a_policy(groups=(GROUPS[kind],))


async def test_one_order_and_one_batch_reach_every_kind_of_group(
    deployment: Deployment, robots: Robots, dispatcher: GroupDispatcher
):
    deployment.door.take(new_order("A"))
    deployment.maker.add_published("B1", sha256="f" * 64)
    deployment.notices.composed(policy=POLICY)
    assert await dispatcher.run_once() == 5  # Feishu hears of the batch a little later
    assert [len(robots[kind].texts) for kind in GROUPS] == [2, 1, 2]
    deployment.clock.at += seconds(100)
    assert await dispatcher.run_once() == 1
    for kind, robot in robots.items():
        assert sorted(text[:6] for text in robot.texts) == ["【新批次】B", "【高优处理】"]
        assert {notice.mentions for _, notice, _ in robot.seen} == {(), GROUPS[kind].mentions}
        (order,) = (notice for _, notice, _ in robot.seen if notice.mentions)
        assert "跑步鞋" in order.content
        assert "跑步鞋" not in order.bare
        assert new_order("A").number in order.bare
    kinds = {message.kind for message in deployment.rows.messages(state="sent")}
    assert kinds == {f"{subject}_{kind.name}" for subject in ("order", "batch") for kind in GROUPS}


async def test_each_kind_is_held_to_its_own_pace(deployment: Deployment, robots: Robots):
    """Alerts may use the whole budget: eighteen, and eighty in bursts of four."""
    for n in range(100):
        with deployment.store.writing() as uow:
            uow.alerts.fire("trouble", level="red", text="红灯", now=deployment.clock.now(), subject=str(n))
    for _ in range(2):  # alerts are composed fifty at a time
        deployment.notices.composed(policy=POLICY)
    dispatcher = _dispatcher(deployment, robots)
    for _ in range(120):  # a minute, in steps of the timetable
        await dispatcher.run_once()
        deployment.clock.at += seconds(0.5)
    moments = {kind: [at for at, _, _ in robot.seen] for kind, robot in robots.items()}
    assert [len(moments[kind]) for kind in GROUPS] == [18, 80, 18]
    assert most_within(moments[FEISHU], seconds(1)) == 4
    for kind, when in moments.items():
        assert most_within(when, kind.pace.window) == kind.pace.limit


class Squeamish(FakeRobot):
    """A robot that refuses every message's words, and takes it without those of strangers."""

    async def send(self, message: GroupNotice) -> Outcome:
        self.then(Rejected("dingtalk:430104"))
        refused = await super().send(message)
        assert message.again is not None
        await message.again(refused)
        return await super().send(GroupNotice(message.bare, message.mentions))


async def test_a_message_that_takes_two_calls_counts_twice_in_the_pace(deployment: Deployment):
    """Beyond twenty calls in a minute DingTalk hears nothing for ten: alerts neither."""
    robot = Squeamish(clock=deployment.clock, kind=DINGTALK)
    deployment.notices.composed(*new_orders(9), policy=_only(DINGTALK))
    dispatcher = _dispatcher(deployment, {DINGTALK: robot})
    assert await dispatcher.run_once() == 8
    assert len(robot.seen) == DINGTALK.pace.limit - KEPT_FOR_ALERTS
    outcomes = [(attempt.outcome, attempt.reason) for attempt in deployment.rows.all(select(Attempt))]
    assert sorted(outcomes, key=str) == [("delivered", None)] * 8 + [("rejected", "dingtalk:430104")] * 8


async def test_one_kind_that_is_throttled_holds_up_no_other(
    deployment: Deployment, robots: Robots, dispatcher: GroupDispatcher
):
    robots[DINGTALK].then(Throttled(minutes(10), "dingtalk:130101"))
    deployment.notices.composed(new_order("A"), policy=POLICY)
    await dispatcher.run_once()
    assert [len(robots[kind].texts) for kind in GROUPS] == [1, 1, 0]
    deployment.clock.at += minutes(10) - seconds(1)
    assert await dispatcher.run_once() == 0
    deployment.clock.at += seconds(1)
    assert await dispatcher.run_once() == 1
    assert len(robots[DINGTALK].texts) == 1


async def test_a_digest_is_as_long_as_its_kind_allows(
    deployment: Deployment, robots: Robots, dispatcher: GroupDispatcher
):
    deployment.notices.composed(*new_orders(300, total="1.00"), policy=POLICY)
    deployment.clock.at += LATER
    await dispatcher.run_once()
    listed = {kind: robots[kind].texts[0].count("****") for kind in GROUPS}
    assert all(robot.texts[0].startswith("【新订单汇总】300 笔") for robot in robots.values())
    assert 80 < listed[WECOM] < listed[DINGTALK] < listed[FEISHU] < 300


async def test_high_orders_need_fewer_messages_where_messages_are_longer(
    deployment: Deployment, robots: Robots, dispatcher: GroupDispatcher
):
    orders = new_orders(150)
    deployment.notices.composed(*orders, policy=POLICY)
    deployment.clock.at += LATER
    await dispatcher.run_once()
    assert [len(robots[kind].texts) for kind in GROUPS] == [4, 1, 2]
    for robot in robots.values():
        text = "\n".join(robot.texts)
        assert all(text.count(order.number) == 1 for order in orders)


# ---- a robot that is gone


@pytest.mark.parametrize(("gone", "left"), [(FEISHU, WECOM), (WECOM, DINGTALK), (DINGTALK, FEISHU)])
async def test_what_was_composed_for_a_robot_that_is_gone_goes_to_one_of_another_kind(
    deployment: Deployment, robots: Robots, gone: ChannelKind, left: ChannelKind
):
    order = new_order("A")
    deployment.notices.composed(order, policy=_only(gone))
    assert sweep_once(deployment.store, _only(left), deployment.clock) == 1
    assert await _dispatcher(deployment, {left: robots[left]}).run_once() == 1
    (notice,) = (notice for _, notice, _ in robots[left].seen)
    assert order.number in notice.content
    assert notice.mentions == GROUPS[left].mentions
    (message,) = deployment.rows.messages(kind=f"order_{left.name}")
    assert (message.state, message.target) == ("sent", GROUPS[left].target)
    assert sweep_once(deployment.store, _only(left), deployment.clock) == 0


async def test_a_digest_made_for_longer_messages_is_divided_and_still_names_every_order(
    deployment: Deployment, robots: Robots
):
    """P9: a hundred and fifty numbers that Feishu took at once would be refused by WeCom for their length."""
    orders = new_orders(150)
    deployment.notices.composed(*orders, policy=_only(FEISHU))
    deployment.clock.at += LATER
    robots[FEISHU].then(Unreachable("off"))
    await _dispatcher(deployment, {FEISHU: robots[FEISHU]}).run_once()
    assert [message.state for message in deployment.rows.messages(kind="digest_feishu")] == ["pending"]
    sweep_once(deployment.store, _only(WECOM), deployment.clock)
    deployment.clock.at += minutes(1)
    await _dispatcher(deployment, {WECOM: robots[WECOM]}).run_once()
    assert len(robots[WECOM].texts) == 4
    text = "\n".join(robots[WECOM].texts)
    assert all(text.count(order.number) == 1 for order in orders)
    assert {message.state for message in deployment.rows.messages(kind="digest_wecom")} == {"sent"}
    texts = {message.id: _numbers(message) for message in deployment.rows.messages(kind="digest_wecom")}
    for member in deployment.rows.all(select(Message).where(Message.state == "merged")):
        assert member.content["number"] in texts[member.merged_into]


async def test_a_digest_is_divided_though_one_of_its_orders_messages_cannot_be_read(
    deployment: Deployment, robots: Robots
):
    """P14: what the digest itself names is known; its members only need to follow their orders."""
    orders = new_orders(150)
    deployment.notices.composed(*orders, policy=_only(FEISHU))
    deployment.clock.at += LATER
    robots[FEISHU].then(Unreachable("off"))
    await _dispatcher(deployment, {FEISHU: robots[FEISHU]}).run_once()
    merged = deployment.rows.all(select(Message).where(Message.state == "merged").order_by(Message.id))
    for member in (merged[3], merged[-1]):
        deployment.rows.alter(member.id, content={"v": 99})
    sweep_once(deployment.store, _only(WECOM), deployment.clock)
    deployment.clock.at += minutes(1)
    await _dispatcher(deployment, {WECOM: robots[WECOM]}).run_once()
    text = "\n".join(robots[WECOM].texts)
    assert all(text.count(order.number) == 1 for order in orders)
    texts = {message.id: _numbers(message) for message in deployment.rows.messages(kind="digest_wecom")}
    numbers = {member.id: member.content["number"] for member in merged}
    for member in deployment.rows.all(select(Message).where(Message.state == "merged")):
        assert numbers[member.id] in texts[member.merged_into]


async def test_a_digest_that_cannot_be_read_is_a_dead_letter_and_holds_up_nobody(
    deployment: Deployment, robots: Robots
):
    """P14"""
    deployment.notices.composed(*new_orders(30), policy=_only(FEISHU))
    deployment.clock.at += LATER
    robots[FEISHU].then(Unreachable("off"))
    dispatcher = _dispatcher(deployment, {FEISHU: robots[FEISHU]})
    await dispatcher.run_once()
    (digest,) = deployment.rows.messages(kind="digest_feishu")
    deployment.rows.alter(digest.id, content={"v": 99})
    deployment.notices.composed(new_order("A"), policy=_only(FEISHU))
    deployment.clock.at += seconds(2)
    await dispatcher.run_once()
    assert [message.state for message in deployment.rows.messages(kind="digest_feishu")] == ["dead"]
    assert robots[FEISHU].texts[0].startswith(f"【高优处理】{new_order('A').number}")


async def test_a_digest_for_shorter_messages_is_sent_whole_by_a_robot_with_longer_ones(
    deployment: Deployment, robots: Robots
):
    deployment.notices.composed(*new_orders(30, total="1.00"), policy=_only(WECOM))
    deployment.clock.at += LATER
    robots[WECOM].then(Unreachable("off"))
    await _dispatcher(deployment, {WECOM: robots[WECOM]}).run_once()
    sweep_once(deployment.store, _only(DINGTALK), deployment.clock)
    deployment.clock.at += minutes(1)
    await _dispatcher(deployment, {DINGTALK: robots[DINGTALK]}).run_once()
    assert [text[:14] for text in robots[DINGTALK].texts] == ["【新订单汇总】30 笔，合计"[:14]]


async def test_a_message_is_called_the_same_at_each_attempt_and_no_two_alike(deployment: Deployment, robots: Robots):
    robots[DINGTALK].then(Unreachable("off"))
    deployment.notices.composed(*new_orders(2), policy=_only(DINGTALK))
    dispatcher = _dispatcher(deployment, {DINGTALK: robots[DINGTALK]})
    await dispatcher.run_once()
    deployment.clock.at += seconds(2)
    await dispatcher.run_once()
    names = [notice.reference for _, notice, _ in robots[DINGTALK].seen]
    assert names == [f"lb-1-{int(TEN.timestamp())}", f"lb-3-{int(TEN.timestamp())}", names[0]]


def test_every_kind_of_group_is_tried_here():
    assert [kind for kind in KINDS.values() if kind.is_group] == list(GROUPS)


def _numbers(message: Message) -> set[str]:
    return {order["number"] for order in message.content["high"]}


def test_an_emergency_group_hears_of_red_alerts_and_of_nothing_else(deployment: Deployment):
    emergency = Destination("wecom", "e", emergency=True)
    policy = a_policy(groups=(GROUPS[WECOM], emergency))
    deployment.door.take(new_order("A"))
    deployment.maker.add_published("B1", sha256="f" * 64)
    with deployment.store.writing() as uow:
        for level in ("notice", "yellow", "orange", "red"):
            uow.alerts.fire("trouble", level=level, text=level, now=deployment.clock.now(), subject=level)
    deployment.notices.composed(policy=policy)
    told: dict[str, list[str]] = {}
    for message in deployment.rows.messages():
        told.setdefault(message.target, []).append(message.content.get("sentence", message.subject))
    assert told["e"] == ["red"]
    assert sorted(told["w"]) == ["batch", "notice", "orange", "order", "red", "yellow"]
