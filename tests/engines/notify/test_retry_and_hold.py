"""A person has dead letters sent again, stops a channel and lets it go on; on both engines."""

import pytest

from app.channels.kinds import COUPONS
from app.domain.outcome import Throttled
from app.domain.states import MessageState
from app.notify.channel_health import channel_health
from app.notify.dispatch.group import GroupDispatcher
from app.notify.dispatch.requeue import DeadLetters, MessageError, chosen_dead, requeue_dead
from app.notify.dispatch.sweep import sweep_once
from app.notify.hold import HoldError, hold_channel, named, release_channel
from app.notify.rendered import rendered
from app.watch.rule import Situation, WatchPolicy
from app.watch.rules.channel_paused import CHANNEL_PAUSED
from tests.deployment import Deployment
from tests.deployment.facts import OPS, TEN, hours, minutes, seconds
from tests.deployment.notices import ROBOT, a_policy
from tests.deployment.orders import new_order, new_orders
from tests.fakes.channels import FakeRobot

NAME = f"{ROBOT.channel}:{ROBOT.target}"


def _die(deployment: Deployment, *ids: int) -> None:
    with deployment.store.writing() as uow:
        for message_id in ids:
            uow.messages.finish(
                message_id,
                MessageState.DEAD,
                from_states=(MessageState.PENDING,),
                now=deployment.clock.now(),
                reason="wecom:connect (10 attempts)",
            )


def _chosen(deployment: Deployment, wanted: DeadLetters) -> list[int]:
    with deployment.store.reading() as uow:
        return chosen_dead(uow, wanted)


def _retry(deployment: Deployment, wanted: DeadLetters) -> int:
    with deployment.store.writing() as uow:
        return requeue_dead(uow, wanted, by=OPS, now=deployment.clock.now())


# ---- another try


def test_dead_letters_are_chosen_by_number_by_kind_and_by_time(deployment: Deployment):
    deployment.notices.composed(*new_orders(3))
    by_kind = {m.id: m.kind for m in deployment.rows.messages()}
    groups = [i for i, kind in by_kind.items() if kind == "order_wecom" and i]
    texts = [i for i, kind in by_kind.items() if kind == "order_sms" and i]
    _die(deployment, *groups)
    deployment.clock.at += hours(1)
    _die(deployment, *texts)
    everything = sorted([*groups, *texts])
    assert _chosen(deployment, DeadLetters()) == everything
    assert _chosen(deployment, DeadLetters(kind="order_wecom")) == groups
    assert _chosen(deployment, DeadLetters(since=TEN + minutes(30))) == texts
    assert _chosen(deployment, DeadLetters(kind="order_wecom", since=TEN + minutes(30))) == []
    assert _chosen(deployment, DeadLetters(ids=(groups[0], groups[0], 999))) == [groups[0]]
    assert _retry(deployment, DeadLetters(kind="order_wecom")) == 3
    assert deployment.rows.message_states() == ["pending"] * 3
    assert _chosen(deployment, DeadLetters()) == texts
    with deployment.store.reading() as uow:
        (deed,) = uow.audit.page()
    assert (deed.action, deed.detail) == ("messages.retry", {"count": 3, "kind": "order_wecom"})


def test_what_is_not_dead_any_more_is_counted_for_nobody(deployment: Deployment):
    """Two who press the button at once send it once."""
    deployment.notices.composed(new_order("A"))
    _die(deployment, 1)
    assert _retry(deployment, DeadLetters(ids=(1,))) == 1
    assert _retry(deployment, DeadLetters(ids=(1,))) == 0
    for wanted in (DeadLetters(), DeadLetters(ids=()), DeadLetters(kind="bogus"), DeadLetters(since=TEN)):
        with pytest.raises(MessageError):
            _retry(deployment, wanted)


# ---- a channel that a person stops


def _hold(deployment: Deployment, name: str = NAME, why: str = "换机器人", **fields: object) -> None:
    with deployment.store.writing() as uow:
        hold_channel(uow, [name], why=why, by=OPS, now=deployment.clock.now(), **{"lasting": hours(1), **fields})  # type: ignore[arg-type]


def _release(deployment: Deployment, name: str = NAME) -> int:
    with deployment.store.writing() as uow:
        return release_channel(uow, [name], by=OPS, now=deployment.clock.now())


async def test_a_stopped_channel_keeps_its_messages_until_it_goes_on(
    deployment: Deployment, dispatcher: GroupDispatcher, robot: FakeRobot
):
    deployment.notices.composed(new_order("A"))
    _hold(deployment)
    assert await dispatcher.run_once() == 0
    assert _release(deployment) == 1
    assert await dispatcher.run_once() == 1
    assert len(robot.texts) == 1
    with pytest.raises(HoldError, match="没有被人暂停"):
        _release(deployment)
    with deployment.store.reading() as uow:
        deeds = [(deed.action, deed.actor, deed.subject) for deed in reversed(uow.audit.page())]
    assert deeds == [("channel.hold", "ops", NAME), ("channel.release", "ops", NAME)]


async def test_it_goes_on_by_itself_at_the_end_and_after_the_clock_was_set_back(
    deployment: Deployment, dispatcher: GroupDispatcher
):
    deployment.notices.composed(new_order("A"), new_order("B"))
    _hold(deployment)
    deployment.clock.at += hours(1) - seconds(1)
    assert await dispatcher.run_once() == 0
    deployment.clock.at += seconds(1)
    assert await dispatcher.run_once() > 0
    _hold(deployment, lasting=hours(24))
    deployment.clock.at -= minutes(1)
    with deployment.store.reading() as uow:
        assert not uow.pauses.holds(NAME, now=deployment.clock.now(), longest=hours(1))
    with deployment.store.writing() as uow:
        assert uow.pauses.forget_over(now=deployment.clock.now()) == 1


async def test_a_success_under_way_does_not_lift_what_a_person_ordered_and_a_limit_neither_lengthens_nor_ends_it(
    deployment: Deployment, dispatcher: GroupDispatcher, robot: FakeRobot
):
    deployment.notices.composed(*new_orders(3))
    robot.then(Throttled(minutes(1), "wecom:45009"))
    await dispatcher.run_once()
    _hold(deployment, lasting=minutes(30))
    with deployment.store.writing() as uow:
        uow.pauses.lift(NAME, by_attempt=10_000)
    assert await dispatcher.run_once() == 0
    sweep_once(deployment.store, a_policy(), deployment.clock)
    assert await dispatcher.run_once() == 0
    _hold(deployment, lasting=minutes(5))  # what was said last counts, shorter or not
    deployment.clock.at += minutes(5)
    assert await dispatcher.run_once() > 0


def test_a_stop_has_a_reason_and_lasts_a_day_at_most(deployment: Deployment):
    for lasting in (hours(24) + seconds(1), hours(0)):
        with pytest.raises(HoldError, match="24 小时"):
            _hold(deployment, lasting=lasting)
    with pytest.raises(HoldError, match="为什么"):
        _hold(deployment, why="\n")


def test_a_channel_is_named_by_its_whole_name_or_with_all_its_robots():
    known = a_policy(robots=("a", "b")).destinations()
    assert named("wecom", known=known) == ["wecom:a", "wecom:b"]
    assert named("wecom:b", known=known) == ["wecom:b"]
    assert named("sms", known=known) == ["sms:"]
    assert named(COUPONS, known=known) == [COUPONS]
    for unknown in ("feishu", "wecom:c", "<b>", ""):
        with pytest.raises(HoldError, match="可选：email:、sms:、sms:coupon、wecom:a"):
            named(unknown, known=known)


def test_everybody_sees_who_stopped_a_channel_and_why(deployment: Deployment):
    deployment.notices.composed(new_order("A"))
    _hold(deployment)
    policy = WatchPolicy(
        batch_every=minutes(30), coupons_wanted=True, coupon_low_at=2, sms_per_day=10, sms_per_client_per_day=5
    )
    situation = Situation(store=deployment.store, now=TEN, policy=policy, folders=(), spool=lambda: None)  # type: ignore[arg-type, return-value]
    (trouble,) = CHANNEL_PAUSED.find(situation)
    assert trouble.subject == f"person:{NAME}"
    assert trouble.text.startswith("通知渠道 企业微信 由 ops 暂停：换机器人，1 条消息在等。11-22 11:00 自动恢复")


# ---- how the channels are


async def test_the_channels_tell_how_they_are(deployment: Deployment, dispatcher: GroupDispatcher, robot: FakeRobot):
    deployment.notices.composed(*new_orders(2))
    assert await dispatcher.run_once() == 2
    policy = a_policy(mail_sent=False)
    with deployment.store.reading() as uow:
        group, texts, coupons = channel_health(uow, policy, now=deployment.clock.now())
    assert (group.name, group.label, group.condition, group.waiting) == (NAME, "企业微信群", "well", 0)
    assert (group.used, group.budget, group.last and group.last.outcome) == (2, 18, "delivered")
    assert (texts.label, texts.condition, texts.waiting, texts.budget) == ("短信", "well", 2, 10_000)
    assert (coupons.label, coupons.condition) == ("短信（优惠券）", "well")
    robot.then(Throttled(minutes(5), "wecom:45009"))
    deployment.notices.composed(new_order("C"))
    await dispatcher.run_once()
    with deployment.store.reading() as uow:
        limited = channel_health(uow, policy, now=deployment.clock.now())[0]
    assert (limited.condition, limited.why, limited.waiting) == ("limited", "发得太快，被限流", 1)
    _hold(deployment)
    with deployment.store.reading() as uow:
        held = channel_health(uow, policy, now=deployment.clock.now())[0]
        dry = channel_health(uow, a_policy(sms_sent=False), now=deployment.clock.now())[1]
    assert (held.condition, held.why, held.by) == ("held", "换机器人", "ops")
    assert dry.condition == "recorded"


# ---- what a message says


def test_a_message_is_shown_as_it_reads_and_its_code_only_to_who_may_see_it(deployment: Deployment):
    deployment.notices.add_coupons("SAVE-2026")
    deployment.notices.composed(new_order("A"))
    texts = {m.kind: rendered(m, codes=False).text for m in deployment.rows.messages()}
    assert texts["order_wecom"].startswith("【高优处理】LB")
    assert "应急单号 LB" in texts["order_sms"]
    assert "优惠券 （发送时抽取）" in texts["coupon_sms"]
    (coupon,) = deployment.rows.messages(kind="coupon_sms")
    coupon.content = {**coupon.content, "coupon": "SAVE-2026", "worth": "20 元"}
    assert "送您20 元 优惠券 SAVE-2026" in rendered(coupon, codes=True).text
    assert "送您20 元 优惠券 *****2026" in rendered(coupon, codes=False).text


def test_a_message_that_cannot_be_read_says_so(deployment: Deployment):
    deployment.notices.add("x")
    (message,) = deployment.rows.messages()
    shown = rendered(message, codes=True)
    assert (shown.text, shown.trouble[:10]) == ("", "消息内容缺少或写错了"[:10])
