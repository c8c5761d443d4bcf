"""Each rule of the watch finds its trouble and nothing else, wherever it is read; on both engines."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.domain.alert_life import Sight
from app.domain.states import HeldKind, MessageState
from app.orders import decide
from app.store.alert_steps import TroubleSighting
from app.store.repositories.pauses import number_name
from app.store.spool.file import SpoolCounts
from app.store.tables import METADATA
from app.watch.patrol import expire_alerts, keep_alerts, look
from app.watch.rule import Found, Rule, Situation, Trouble, WatchPolicy
from app.watch.rules import RULES
from app.watch.rules.batch_overdue import BATCH_OVERDUE
from app.watch.rules.channel_paused import CHANNEL_PAUSED
from app.watch.rules.coupons_falling import COUPONS_FALLING
from app.watch.rules.coupons_low import COUPONS_LOW
from app.watch.rules.dead_letters import DEAD_LETTERS
from app.watch.rules.disk_low import DISK_LOW
from app.watch.rules.disk_reserve import DISK_RESERVE
from app.watch.rules.ledger_unbalanced import LEDGER_UNBALANCED
from app.watch.rules.sms_capped import SMS_CAPPED
from app.watch.rules.spool_waiting import SPOOL_WAITING
from app.watch.rules.worker_silent import WORKER_SILENT
from tests.deployment import Deployment
from tests.deployment.facts import IT, TEN, hours, minutes, seconds
from tests.deployment.orders import new_order, new_orders

POLICY = WatchPolicy(
    batch_every=minutes(30), coupons_wanted=True, coupon_low_at=2, sms_per_day=10, sms_per_client_per_day=5
)


def _situation(deployment: Deployment, *, now: datetime | None = None, **fields: Any) -> Situation:
    fixed: dict[str, Any] = {"policy": POLICY, "folders": (), "spool": SpoolCounts}
    return Situation(store=deployment.store, now=now or deployment.clock.now(), **{**fixed, **fields})


def _found(rule: Rule, situation: Situation) -> list[tuple[str, str]]:
    return [(trouble.code, trouble.subject) for trouble in rule.find(situation)]


# ---- the rules


def test_a_new_deployment_has_no_trouble_but_a_worker_that_is_not_there_yet(deployment: Deployment):
    troubles = [trouble.code for one in look(RULES, _situation(deployment)) for trouble in one.troubles or ()]
    assert [code for code in troubles if "postgres" not in code and "standby" not in code] == ["worker_silent"]


def test_an_order_that_waits_longer_than_a_period_and_the_grace_is_overdue(deployment: Deployment):
    deployment.door.take(new_order("A"))
    assert _found(BATCH_OVERDUE, _situation(deployment, now=TEN + minutes(33))) == []
    assert _found(BATCH_OVERDUE, _situation(deployment, now=TEN + minutes(34))) == [("batch_overdue", "")]


def test_an_order_released_after_hours_makes_nobody_cry_overdue(deployment: Deployment):
    """It waits for a batch since it was released, not since it came in; the same for each of the four readers."""
    deployment.door.take(new_order("A"))
    number = new_order("A").number
    with deployment.store.writing() as uow:
        row = uow.orders.numbered(number)
        assert row is not None
        uow.orders.hold([row.id or 0], kind=HeldKind.LOOK_ALIKE, looks_like="LB1", reason="alike")
    deployment.clock.at += hours(5)
    with deployment.store.writing() as uow:
        decide.release(uow, number, preflight=deployment.maker.preflight(), by=IT, now=deployment.clock.now())
    assert _found(BATCH_OVERDUE, _situation(deployment)) == []
    with deployment.store.reading() as uow:
        assert uow.orders.longest_waiting_since() == deployment.clock.now()
    assert _found(BATCH_OVERDUE, _situation(deployment, now=deployment.clock.now() + minutes(34))) == [
        ("batch_overdue", "")
    ]


def test_a_worker_is_silent_without_a_leader_whose_lease_holds(deployment: Deployment):
    assert _found(WORKER_SILENT, _situation(deployment)) == [("worker_silent", "")]
    with deployment.store.writing() as uow:
        uow.leases.take("leader", holder="w", now=TEN, until=TEN + seconds(20))
    assert _found(WORKER_SILENT, _situation(deployment)) == []
    assert _found(WORKER_SILENT, _situation(deployment, now=TEN + seconds(21))) == [("worker_silent", "")]


def test_a_ledger_that_does_not_add_up_is_told(deployment: Deployment):
    deployment.door.take(*new_orders(3))
    assert _found(LEDGER_UNBALANCED, _situation(deployment)) == []
    with deployment.engines.writer.begin() as connection:
        connection.execute(update(METADATA.tables["tally"]).values(accepted=4))
    assert _found(LEDGER_UNBALANCED, _situation(deployment)) == [("ledger_unbalanced", "")]


def test_a_channel_at_fault_is_told_until_something_gets_through(deployment: Deployment):
    deployment.notices.composed(*new_orders(2))
    with deployment.store.writing() as uow:
        uow.pauses.pause("wecom:r", reason="wecom:45009", until=TEN + minutes(1), now=TEN)  # a limit of a minute
        uow.pauses.pause("ahead:wecom:r", reason="clock_set_back", until=TEN + hours(1), now=TEN, attempt=3)
        uow.pauses.pause(number_name(b"1" * 16), reason="aliyun:limit", until=TEN + hours(9), now=TEN)
        reason = "aliyun:isv.AMOUNT_NOT_ENOUGH"
        uow.pauses.pause("sms:", reason=reason, until=TEN + minutes(5), now=TEN, fault=True)
    assert _found(CHANNEL_PAUSED, _situation(deployment, now=TEN + hours(1))) == [("channel_paused", "sms:")]
    tried, _ = deployment.rows.messages(kind="order_sms")
    deployment.rows.alter(tried.id, due_at=TEN + minutes(5), last_reason="aliyun:connect")
    deployment.notices.add("in the morning", subject="coupon", channel="sms", due_at=TEN + hours(22))
    (trouble,) = CHANNEL_PAUSED.find(_situation(deployment))
    assert trouble.text == (
        "通知渠道 短信 发不出去：账户余额不足，请充值（aliyun:isv.AMOUNT_NOT_ENOUGH），11-22 10:00 起，2 条消息在等。"
        "消息已保留，请检查配置；恢复后自动发出。"
    )
    with deployment.store.writing() as uow:
        uow.pauses.lift("sms:", by_attempt=1)
    assert _found(CHANNEL_PAUSED, _situation(deployment)) == []


def test_coupons_that_rest_by_themselves_are_told_by_themselves(deployment: Deployment):
    deployment.notices.add_coupons("C-1", "C-2")
    deployment.notices.composed(*new_orders(2))
    with deployment.store.writing() as uow:
        reason = "tencent:FailedOperation.TemplateIncorrectOrUnapproved"
        uow.pauses.pause("sms:coupon", reason=reason, until=TEN + minutes(5), now=TEN, fault=True)
    (trouble,) = CHANNEL_PAUSED.find(_situation(deployment))
    assert trouble.text.startswith("通知渠道 短信（优惠券） 发不出去：短信模板不存在或未通过审核")
    assert "，2 条消息在等。" in trouble.text


def test_a_limit_is_told_once_it_is_long_or_follows_another_one(deployment: Deployment):
    """Nobody waits ten minutes without knowing why; a minute's limit that comes again and again is a long one."""
    with deployment.store.writing() as uow:
        uow.pauses.pause("dingtalk:r", reason="dingtalk:130101", until=TEN + minutes(10), now=TEN)
    (trouble,) = CHANNEL_PAUSED.find(_situation(deployment))
    assert trouble.text == (
        "通知渠道 钉钉 发不出去：发得太快，被限流（dingtalk:130101），11-22 10:00 起。消息已保留，预计 11-22 10:10 恢复。"
    )
    found = [_found(CHANNEL_PAUSED, _situation(deployment, now=TEN + minutes(n))) for n in (9, 10, 11)]
    assert found == [[("channel_paused", "dingtalk:r")]] * 2 + [[]]
    for n in range(3):
        at = TEN + hours(1) + n * minutes(1) + n * seconds(2)
        assert _found(CHANNEL_PAUSED, _situation(deployment, now=at)) == []
        with deployment.store.writing() as uow:
            uow.pauses.pause("wecom:r", reason="wecom:45009", until=at + minutes(1), now=at)
    assert _found(CHANNEL_PAUSED, _situation(deployment, now=at)) == [("channel_paused", "wecom:r")]


def test_a_limit_that_follows_another_one_is_one_episode(deployment: Deployment):
    """P16: nobody is told that it is over, and a second later that it has begun."""
    for n in range(3):
        at = TEN + n * (minutes(10) + seconds(2))
        deployment.clock.at = at
        with deployment.store.writing() as uow:
            uow.pauses.pause("dingtalk:r", reason="dingtalk:130101", until=at + minutes(10), now=at)
        _patrol(deployment, CHANNEL_PAUSED)
        deployment.clock.at += minutes(10)
        _patrol(deployment, CHANNEL_PAUSED)
    assert [(alert.rule, alert.episode, alert.state) for alert in deployment.rows.alerts()] == [
        ("channel_paused", 1, "firing")
    ]


def test_dead_letters_are_counted_by_channel(deployment: Deployment):
    deployment.notices.composed(*new_orders(2))
    for message in deployment.rows.messages(kind="order_wecom"):
        deployment.rows.alter(message.id, state=MessageState.DEAD)
    (trouble,) = DEAD_LETTERS.find(_situation(deployment))
    assert (trouble.subject, trouble.text[:9]) == ("wecom", "有 2 条消息发送")


def _give_coupons(deployment: Deployment, count: int, *, first: int = 0) -> None:
    """Draw codes for so many customers, each with an order of his own."""
    deployment.notices.composed(*new_orders(first + count)[first:])
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        for n in range(first, first + count):
            customer = {"phone_index": b"%d" % n, "order_id": n + 1, "client_id": "c1"}
            assert uow.coupons.give(incident_id=1, **customer, now=now)


@pytest.mark.parametrize(
    ("codes", "given", "found"),
    [(0, 0, []), (3, 0, []), (3, 1, [("coupons_low", "")]), (3, 3, [("coupons_low", "")])],
)
def test_a_pool_that_had_codes_is_low_and_then_empty(deployment: Deployment, codes: int, given: int, found: list[Any]):
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(codes)))
    _give_coupons(deployment, given)
    assert _found(COUPONS_LOW, _situation(deployment)) == found
    unwanted = replace(POLICY, coupons_wanted=False)
    assert _found(COUPONS_LOW, _situation(deployment, policy=unwanted)) == []


@pytest.mark.parametrize(
    ("codes", "given", "found"),
    [
        (19, 19, []),  # few
        (100, 50, []),  # as many are left
        (99, 50, [""]),
        (20, 20, [""]),
    ],
)
def test_a_pool_that_is_empty_within_the_hour_is_told_with_its_figures(
    deployment: Deployment, codes: int, given: int, found: list[str]
):
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(codes)))
    _give_coupons(deployment, given)
    assert _found(COUPONS_FALLING, _situation(deployment)) == [("coupons_falling", subject) for subject in found]
    assert _found(COUPONS_FALLING, _situation(deployment, now=TEN + hours(1) + seconds(1))) == []
    assert _found(COUPONS_FALLING, _situation(deployment, policy=replace(POLICY, coupons_wanted=False))) == []


def test_a_client_that_has_spent_its_hours_coupons_is_named(deployment: Deployment):
    deployment.notices.add_coupons(*(f"C-{n}" for n in range(200)))
    _give_coupons(deployment, 30)
    limited = _situation(deployment, policy=replace(POLICY, coupons_per_client_per_hour=30))
    assert _found(COUPONS_FALLING, limited) == [("coupons_falling", "c1")]
    (trouble,) = COUPONS_FALLING.find(limited)
    assert "旗舰店 最近一小时的优惠券已达上限 30 张" in trouble.text
    unlimited = _situation(deployment, policy=replace(POLICY, coupons_per_client_per_hour=0))
    assert _found(COUPONS_FALLING, unlimited) == []
    deployment.notices.add_coupons()
    _give_coupons(deployment, 90, first=30)
    (falling, _) = COUPONS_FALLING.find(limited)
    assert falling.text.startswith("最近一小时发出优惠券 120 张（同期订单 120 笔），只剩 80 张")


def test_the_days_text_messages_are_spent_by_all_or_by_one(deployment: Deployment):
    deployment.notices.composed(*new_orders(5))
    with deployment.store.writing() as uow:
        claimed = uow.messages.claim("sms", now=TEN, lease_until=TEN + minutes(1), limit=5, target="c1")
        uow.attempts.begin(claimed, now=TEN)
    assert _found(SMS_CAPPED, _situation(deployment)) == [("sms_capped", "c1")]
    all_spent = replace(POLICY, sms_per_day=5)
    assert _found(SMS_CAPPED, _situation(deployment, policy=all_spent)) == [("sms_capped", ""), ("sms_capped", "c1")]
    assert _found(SMS_CAPPED, _situation(deployment, policy=all_spent, now=TEN + hours(25))) == []


def test_a_folder_with_little_room_is_named(deployment: Deployment, tmp_path: Path):
    low = replace(POLICY, disk_low_bytes=1 << 60)
    assert _found(DISK_LOW, _situation(deployment, folders=(tmp_path / "missing", tmp_path))) == []
    assert _found(DISK_LOW, _situation(deployment, folders=(tmp_path / "missing", tmp_path), policy=low)) == [
        ("disk_low", tmp_path.name)
    ]


def test_a_disk_with_no_more_than_is_kept_for_orders_is_named(deployment: Deployment, tmp_path: Path):
    kept = replace(POLICY, disk_reserve_bytes=1 << 60)
    assert _found(DISK_RESERVE, _situation(deployment, folders=(tmp_path,))) == []
    situation = _situation(deployment, folders=(tmp_path,), policy=kept)
    assert _found(DISK_RESERVE, situation) == [("disk_reserve", tmp_path.name)]
    (trouble,) = DISK_RESERVE.find(situation)
    assert "订单照常受理" in trouble.text


def test_what_the_spool_holds_is_told_by_what_has_to_be_done(deployment: Deployment):
    spool = SpoolCounts(3, 2, ("spool-0.db.damaged-1",))
    assert _found(SPOOL_WAITING, _situation(deployment, spool=lambda: spool)) == [
        ("spool_waiting", "waiting"),
        ("spool_set_aside", "set_aside"),
        ("spool_damaged", "damaged"),
    ]


# ---- the alerts


class Switch:
    """A rule that finds what it is told to."""

    def __init__(self, *subjects: str) -> None:
        self.subjects: tuple[str, ...] = subjects
        self.text = "出事了"
        self.broken = False

    def find(self, _situation: Situation) -> Iterator[Trouble]:
        if self.broken:
            raise RuntimeError("cannot look")
        return (Trouble("trouble", self.text, subject) for subject in self.subjects)

    def rule(self, **fields: Any) -> Rule:
        return Rule(name="trouble", level="red", find=self.find, **fields)


def _told(deployment: Deployment) -> list[tuple[str, bool]]:
    deployment.notices.composed()
    return [(m.content["sentence"], m.content["ended"]) for m in deployment.rows.messages(kind="alert_wecom")]


def _patrol(deployment: Deployment, rule: Rule, *, machine: str = "") -> int:
    situation = _situation(deployment)
    return keep_alerts(look([rule], situation), situation, machine=machine)


def test_a_trouble_is_told_once_and_its_end_once_however_often_one_looks(deployment: Deployment):
    """P16"""
    switch = Switch("a", "b")
    assert [_patrol(deployment, switch.rule()) for _ in range(3)] == [2, 0, 0]
    assert _told(deployment) == [("出事了", False)] * 2
    switch.subjects = ("b",)
    assert [_patrol(deployment, switch.rule()) for _ in range(3)] == [1, 0, 0]
    assert _told(deployment) == [("出事了", False)] * 2 + [("出事了", True)]
    assert [(alert.subject, alert.state) for alert in deployment.rows.alerts()] == [("a", "resolved"), ("b", "firing")]


def test_a_trouble_that_does_not_last_is_told_to_nobody_and_the_time_is_kept_in_its_row(deployment: Deployment):
    """P16: a restart between two looks changes nothing; the patrol itself remembers nothing."""
    switch = Switch("a")
    rule = switch.rule(hold=minutes(3))
    _patrol(deployment, rule)
    deployment.clock.at += minutes(2)
    assert _patrol(deployment, rule) == 0
    switch.subjects = ()
    _patrol(deployment, rule)
    assert deployment.rows.alerts() == []
    switch.subjects = ("a",)
    _patrol(deployment, rule)
    deployment.clock.at += minutes(3)
    _patrol(deployment, rule)
    assert [(alert.state, alert.firing_since) for alert in deployment.rows.alerts()] == [
        ("firing", deployment.clock.now())
    ]
    assert _told(deployment) == [("出事了", False)]


def test_a_rule_that_cannot_look_is_never_all_is_well(deployment: Deployment):
    switch = Switch("a")
    _patrol(deployment, switch.rule())
    switch.broken = True
    situation = _situation(deployment)
    assert look([switch.rule()], situation) == [Found(look([switch.rule()], situation)[0].rule, None)]
    _patrol(deployment, switch.rule())
    assert [alert.state for alert in deployment.rows.alerts()] == ["firing"]


def test_one_rule_that_cannot_look_keeps_no_other_from_looking(deployment: Deployment):
    broken, sound = Switch(), Switch("a")
    broken.broken = True
    situation = _situation(deployment)
    rules = [broken.rule(), replace(sound.rule(), name="other")]
    assert keep_alerts(look(rules, situation), situation) == 1


def test_figures_in_the_text_change_without_telling_it_again(deployment: Deployment):
    switch = Switch("a")
    for n in range(3):
        switch.text = f"还剩 {n}"
        _patrol(deployment, switch.rule())
    assert [(alert.text, alert.version) for alert in deployment.rows.alerts()] == [("还剩 2", 3)]
    assert _told(deployment) == [("还剩 2", False)]


def test_each_machine_ends_only_its_own_troubles(deployment: Deployment):
    switch = Switch("disk")
    for machine in ("m1", "m2"):
        _patrol(deployment, switch.rule(), machine=machine)
    switch.subjects = ()
    _patrol(deployment, switch.rule(), machine="m1")
    assert [(alert.subject, alert.state) for alert in deployment.rows.alerts()] == [
        ("m1:disk", "resolved"),
        ("m2:disk", "firing"),
    ]


def test_an_alert_nobody_ends_ends_after_a_week(deployment: Deployment):
    _patrol(deployment, Switch("a").rule(), machine="gone")
    deployment.clock.at += hours(24 * 7)
    assert expire_alerts(_situation(deployment)) == 0
    deployment.clock.at += seconds(1)
    assert expire_alerts(_situation(deployment)) == 1
    assert [(alert.state, alert.end_reason) for alert in deployment.rows.alerts()] == [("resolved", "expired")]


def test_two_patrols_at_once_begin_one_episode(deployment: Deployment):
    """P16: by constraint."""
    with deployment.store.writing() as uow:
        assert uow.alerts.fire("trouble", level="red", text="x", now=TEN)
    row = {"fingerprint": "trouble", "rule": "trouble", "level": "red", "state": "firing", "text": "x"}
    again = METADATA.tables["alert"].insert().values(**row, episode=2, version=1, step=0, subject="")
    with pytest.raises(IntegrityError, match=r"(?i)unique"), deployment.engines.writer.begin() as connection:
        connection.execute(again)


def test_every_rule_has_a_name_of_its_own():
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_more_dead_letters_are_told_of_again_within_the_hour_and_no_sooner(deployment: Deployment):
    """A second customer who has heard nothing is news; the same figure again is not."""
    switch = Switch("sms")
    rule = switch.rule(again=hours(1))
    for passed, count, told in ((0, 1, 1), (30, 2, 1), (29, 3, 1), (1, 3, 2), (120, 3, 2)):
        deployment.clock.at += minutes(passed)
        switch.text = f"有 {count} 条"
        _patrol(deployment, rule)
        assert len(_told(deployment)) == told
    assert _told(deployment) == [("有 1 条", False), ("有 3 条", False)]
    assert DEAD_LETTERS.again == hours(1)


def test_an_alert_that_expired_is_not_told_as_over_and_what_still_holds_is_told_again(deployment: Deployment):
    """P16: nobody knows that it is over."""
    rule = Switch("a").rule()
    _patrol(deployment, rule)
    assert _told(deployment) == [("出事了", False)]
    deployment.clock.at += hours(24 * 7) + seconds(1)
    assert expire_alerts(_situation(deployment)) == 1
    assert _told(deployment) == [("出事了", False)]
    _patrol(deployment, rule)
    assert _told(deployment) == [("出事了", False)] * 2


def test_an_episode_that_was_over_before_anybody_heard_is_told_as_over(deployment: Deployment):
    switch = Switch("a")
    _patrol(deployment, switch.rule())
    switch.subjects = ()
    _patrol(deployment, switch.rule())
    assert _told(deployment) == [("出事了（现已恢复）", False)]


def test_a_late_look_does_not_end_an_episode_that_has_changed_since(deployment: Deployment):
    """P16"""
    switch = Switch("a")
    _patrol(deployment, switch.rule())
    with deployment.store.reading() as uow:
        (seen,) = uow.alerts.open()
    switch.text = "更糟了"
    _patrol(deployment, switch.rule())
    with deployment.store.writing() as uow:
        well = TroubleSighting(rule=seen.rule, subject=seen.subject, level=seen.level, sight=Sight.WELL)
        assert not uow.alerts.see(seen, well, now=deployment.clock.now())
    assert [alert.state for alert in deployment.rows.alerts()] == ["firing"]


def test_a_subject_longer_than_a_row_holds_is_cut_and_known_again(deployment: Deployment):
    switch = Switch("长" * 90, "长" * 91)
    assert [_patrol(deployment, switch.rule(), machine="m" * 30) for _ in range(2)] == [2, 0]
    switch.subjects = ()
    assert _patrol(deployment, switch.rule(), machine="m" * 30) == 2
