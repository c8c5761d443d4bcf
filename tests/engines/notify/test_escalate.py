"""An alert that nobody takes on is told to further people, step by step, once each whatever dies; on both engines."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.access import accounts
from app.domain.actor import Actor, Way
from app.domain.contact import ContactWay
from app.domain.escalation import escalations_of
from app.notify.contents import AlertContent, read_content
from app.notify.dispatch.email import MailDispatcher
from app.notify.dispatch.group import GroupDispatcher
from app.notify.dispatch.sms import SmsDispatcher
from app.notify.escalate import escalate
from app.notify.policy import Destination, MessagePolicy
from app.store.ack import Claimant, ack_code, ack_token
from app.store.contacts import sealed_contact
from app.store.repositories.messages import MessageRepository
from app.store.tables import Message
from app.watch import roster
from app.watch.attend import claim_alert, silence_alert
from app.watch.roster import WantedTurn
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, TEN, ZONE, hours, minutes, seconds
from tests.deployment.notices import ROBOT, a_policy
from tests.fakes.channels import FakeMail, FakeRobot, FakeSms

ALARM_GROUP = Destination("wecom", "alarm", emergency=True)
PEOPLE = {"mei": "ops", "lan": "ops", "boss": "ops", "root": "admin"}


class Watch:
    """People on a roster, an alert, and what is told of it."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.ids: dict[str, int] = {}
        self.mails = False
        self.steps: tuple[str, ...] = ()
        with deployment.store.writing() as uow:
            for name, role in PEOPLE.items():
                accounts.add_user(uow, name, role=role, by=IT, now=TEN, password="boat-in-the-storm-7")
                user = uow.access.user_named(name)
                assert user
                self.ids[name] = user.id or 0
                user.phone = sealed_contact(KEYS, user.id or 0, ContactWay.PHONE, "13912345678")
                user.phone_verified_at = TEN

    def roster(self, *, first: str = "", second: str = "", fallback: str = "boss") -> None:
        with self.deployment.store.writing() as uow:
            roster.set_fallback(uow, fallback, by=IT, now=TEN)
            for place, name in ((1, first), (2, second)):
                if name:
                    turn = WantedTurn(name=name, starts_at=TEN, ends_at=TEN + hours(24), place=place)
                    roster.add_shift(uow, turn, zone=ZONE, by=IT, now=TEN)

    def unverify(self, name: str) -> None:
        with self.deployment.store.writing() as uow:
            user = uow.access.user_named(name)
            assert user
            user.phone_verified_at = None

    async def deliver(self, sms: FakeSms, mail: FakeMail) -> None:
        """Send what waits for people."""
        store, clock = self.deployment.store, self.deployment.clock
        texts = SmsDispatcher(store, KEYS, clock, sms, dry_run=sms, per_day=100, per_client=100)
        mails = MailDispatcher(store, clock, mail, to=(), keyring=KEYS)
        while await texts.run_once() + await mails.run_once():
            pass

    @property
    def policy(self) -> MessagePolicy:
        ways = frozenset({ContactWay.EMAIL}) if self.mails else frozenset()
        return a_policy(
            groups=(ROBOT, ALARM_GROUP), alert_texts=True, codes_by=ways, escalations=escalations_of(self.steps)
        )

    def fire(self, level: str) -> None:
        with self.deployment.store.writing() as uow:
            uow.alerts.fire("trouble", level=level, text="出事了", now=self.now)

    def end(self) -> None:
        with self.deployment.store.writing() as uow:
            uow.alerts.resolve("trouble", now=self.now)

    def claim(self, name: str) -> None:
        with self.deployment.store.writing() as uow:
            claim_alert(uow, 1, by=Actor(name, Way.CONSOLE), now=self.now)

    @property
    def now(self) -> datetime:
        return self.deployment.clock.now()

    def look(self) -> int:
        self.deployment.notices.composed(policy=self.policy)
        return escalate(self.deployment.store, KEYS, self.policy, now=self.now)

    def through(self, lasting: timedelta, *, sending: bool = True) -> None:
        """Let a worker look, and send, every half minute of a time."""
        until = self.now + lasting
        while self.now <= until:
            self.look()
            if sending:
                self.send()
            self.deployment.clock.at += seconds(30)

    def send(self) -> None:
        for message in self.deployment.rows.messages(state="pending"):
            self.deployment.rows.alter(message.id, state="sent")

    def told(self, channel: str = "sms") -> list[tuple[float, str, str]]:
        """Return in which minute who, or which group, was told what."""
        names = {f"person:{n}": name for name, n in self.ids.items()}
        return [
            ((m.created_at - TEN) / minutes(1), names.get(m.target, m.target), _what(m))
            for m in self.deployment.rows.messages()
            if m.channel == channel and m.state != "cancelled"
        ]


def _what(message: Message) -> str:
    content = read_content(message.subject, message.content)
    assert isinstance(content, AlertContent)
    return "end" if content.ended else f"claimed by {content.taken_by}" if content.taken_by else content.sentence


@pytest.fixture
def watch(deployment: Deployment) -> Watch:
    return Watch(deployment)


def _people(told: list[tuple[float, str, str]]) -> list[tuple[float, str]]:
    return [(minute, who) for minute, who, _ in told]


def test_orange_goes_from_the_first_to_the_second_to_the_fallback_and_then_repeats(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.through(minutes(75))
    assert _people(watch.told()) == [(0, "mei"), (5, "lan"), (10, "boss"), (40, "mei"), (70, "mei")]
    assert _people(watch.told("wecom")) == [(0, "robot-1"), (10, "robot-1"), (40, "robot-1"), (70, "robot-1")]
    assert watch.told("wecom")[1][2] == "出事了（已 10 分钟无人认领，通知 boss）"


@pytest.mark.parametrize(
    ("written", "verified", "ways"),
    [
        ((), ("phone", "email"), ["email", "sms"]),
        (("orange.1=sms>email",), ("phone", "email"), ["sms"]),
        (("orange.1=sms>email",), ("email",), ["email"]),
        (("orange.1=email",), ("phone", "email"), ["email"]),
        (("orange.1=sms+group",), ("phone", "email"), ["sms"]),
    ],
)
def test_a_step_tells_by_the_ways_of_the_settings(
    watch: Watch, written: tuple[str, ...], verified: tuple[str, ...], ways: list[str]
):
    watch.mails, watch.steps = True, written
    watch.roster(first="mei", second="lan")
    with watch.deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user
        user.email = sealed_contact(KEYS, user.id or 0, ContactWay.EMAIL, "mei@shop.example")
        user.phone_verified_at = TEN if "phone" in verified else None
        user.email_verified_at = TEN if "email" in verified else None
    watch.fire("orange")
    watch.through(minutes(1))
    assert sorted(way for way in ("sms", "email") if [one for one in watch.told(way) if one[1] == "mei"]) == ways
    assert len(watch.told("wecom")) == (2 if "orange.1=sms+group" in written else 1)


def test_a_step_that_no_way_of_it_reaches_is_passed_over_at_once(watch: Watch):
    watch.steps = ("orange.1=email",)
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.through(minutes(1))
    assert _people(watch.told()) == [(0, "lan")]


def test_red_asks_all_on_duty_and_then_every_lead_and_tells_the_emergency_group_again(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("red")
    watch.through(minutes(26))
    asked = _people(watch.told())
    assert sorted(who for minute, who in asked if minute == 5) == ["lan", "mei"]
    assert sorted(who for minute, who in asked if minute == 10) == ["boss", "lan", "mei", "root"]
    assert sorted(who for minute, who in asked if minute == 25) == ["lan", "mei"]
    groups = _people(watch.told("wecom"))
    assert sorted(groups) == [(0, "alarm"), (0, "robot-1"), (25, "alarm"), (25, "robot-1")]


def test_a_step_that_reaches_nobody_is_passed_over_at_once(watch: Watch):
    watch.roster(first="mei")
    watch.unverify("mei")
    watch.fire("orange")
    watch.through(minutes(1))
    assert _people(watch.told()) == [(0, "boss")]


def test_into_a_gap_the_fallback_person_comes_and_without_a_roster_the_group_hears_again_in_its_time(watch: Watch):
    watch.fire("orange")
    watch.through(minutes(12))
    assert watch.told() == []
    assert _people(watch.told("wecom")) == [(0, "robot-1"), (5, "robot-1")]
    watch.roster()
    watch.through(minutes(30))
    assert _people(watch.told()) == [(35, "boss")]


def test_whoever_takes_it_on_ends_the_asking_and_all_who_heard_hear_of_it(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.through(minutes(6))
    watch.claim("lan")
    watch.through(minutes(40))
    assert [one[1:] for one in watch.told()] == [
        ("mei", "出事了（通知 mei）"),
        ("lan", _asked("lan", 5)),
        ("mei", "claimed by lan"),
    ]
    assert [what for _, _, what in watch.told("wecom")] == ["出事了", "claimed by lan"]


def test_what_has_not_left_when_somebody_takes_it_on_does_not_leave(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.look()
    watch.claim("lan")
    states = {m.target: m.state for m in watch.deployment.rows.messages()}
    assert states == {"robot-1": "cancelled", f"person:{watch.ids['mei']}": "cancelled"}
    reasons = {m.last_reason for m in watch.deployment.rows.messages()}
    assert reasons == {"lan 已认领，不再发送"}


def test_when_he_does_nothing_for_an_hour_it_begins_from_the_top(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.through(minutes(6))
    watch.claim("lan")
    watch.deployment.clock.at += hours(1)
    with watch.deployment.store.writing() as uow:
        assert uow.alerts.wake(now=watch.now) == 1
    woken = (watch.now - TEN) / minutes(1)
    watch.through(minutes(6))
    assert [one for one in _people(watch.told()) if one[0] >= woken] == [(woken, "mei"), (woken + 5, "lan")]


def test_its_end_is_told_to_exactly_those_who_heard_of_it(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.through(minutes(4))
    watch.end()
    watch.through(minutes(20))
    assert [one[1:] for one in watch.told()] == [("mei", "出事了（通知 mei）"), ("mei", "end")]
    assert [what for _, _, what in watch.told("wecom")] == ["出事了", "end"]


def test_who_was_to_hear_of_it_and_did_not_hears_nothing_of_its_end(watch: Watch):
    watch.roster(first="mei")
    watch.fire("orange")
    watch.look()
    watch.end()
    watch.look()
    assert [m.state for m in watch.deployment.rows.messages() if m.channel == "sms"] == ["cancelled"]
    assert [what for _, _, what in watch.told("wecom")] == ["出事了", "end"]  # a group reads both


def test_while_it_is_silenced_nobody_is_asked(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.through(minutes(1))
    with watch.deployment.store.writing() as uow:
        silence_alert(uow, 1, lasting=hours(1), why="在修", by=Actor("lan", Way.CONSOLE), now=watch.now)
    watch.through(minutes(50))
    assert _people(watch.told()) == [(0, "mei")]


def test_an_inhibited_alert_asks_nobody_and_goes_on_where_it_was(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.through(minutes(1))
    alert = watch.deployment.rows.alerts()[0]
    with watch.deployment.store.writing() as uow:
        assert uow.alerts.inhibit(alert, "red")  # type: ignore[arg-type]
    watch.through(minutes(10))
    assert _people(watch.told()) == [(0, "mei")]
    with watch.deployment.store.writing() as uow:
        assert uow.alerts.inhibit(watch.deployment.rows.alerts()[0], None)
    resumed = (watch.now - TEN) / minutes(1)
    watch.through(minutes(1))
    assert _people(watch.told()) == [(0, "mei"), (resumed, "lan")]


def test_yellow_wakes_nobody(watch: Watch):
    watch.roster(first="mei")
    watch.fire("yellow")
    watch.through(minutes(60))
    assert watch.told() == []
    assert len(watch.told("wecom")) == 1


@pytest.mark.parametrize("written_first", [True, False])
def test_a_worker_that_dies_at_a_step_has_asked_nobody_and_the_next_asks_once(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, *, written_first: bool
):
    """P16"""
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.deployment.notices.composed(policy=watch.policy)
    for moment in (minutes(0), minutes(5), minutes(10)):
        watch.deployment.clock.at = TEN + moment
        before = watch.told()
        with monkeypatch.context() as patch:
            add_new = MessageRepository.add_new

            def dies(self: MessageRepository, rows: Any, *, add: Any = add_new) -> set[str]:
                if written_first:
                    add(self, rows)
                raise SystemExit

            patch.setattr(MessageRepository, "add_new", dies)
            with pytest.raises(SystemExit):
                escalate(watch.deployment.store, KEYS, watch.policy, now=watch.now)
        assert watch.told() == before
        for _ in range(3):  # a new process each time
            escalate(watch.deployment.store, KEYS, watch.policy, now=watch.now)
    assert _people(watch.told()) == [(0, "mei"), (5, "lan"), (10, "boss")]


def test_a_clock_that_is_set_back_a_day_keeps_nobody_waiting(watch: Watch):
    watch.roster(first="mei", second="lan")
    watch.fire("orange")
    watch.through(minutes(1))
    watch.deployment.clock.at -= hours(24)
    watch.look()
    assert [who for _, who, _ in watch.told()] == ["mei", "boss"]  # nobody has a shift by that clock


def test_one_alert_that_breaks_keeps_no_other_from_being_told(watch: Watch, monkeypatch: pytest.MonkeyPatch):
    watch.roster(first="mei")
    with watch.deployment.store.writing() as uow:
        uow.alerts.fire("odd", level="orange", text="怪", now=TEN)
    watch.fire("orange")
    watch.deployment.notices.composed(policy=watch.policy)
    from app.notify import escalate as module  # noqa: PLC0415 - one function of it is broken here

    whole = module._sentence  # noqa: SLF001

    def breaks(alert: Any, *rest: Any) -> str:
        if alert.rule == "odd":
            raise RuntimeError
        return whole(alert, *rest)

    monkeypatch.setattr(module, "_sentence", breaks)
    watch.look()
    assert _people(watch.told()) == [(0, "mei")]


async def test_a_text_brings_the_code_a_mail_the_link_and_the_end_neither(watch: Watch):
    watch.roster(first="mei")
    sms, mail = FakeSms(), FakeMail()
    with watch.deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user
        user.email = sealed_contact(KEYS, user.id or 0, ContactWay.EMAIL, "mei@shop.example")
        user.email_verified_at = TEN
    watch.mails = True
    watch.fire("orange")
    watch.look()
    await watch.deliver(sms, mail)
    claimant = Claimant(1, watch.ids["mei"])
    assert sms.sent[0].values == {"level": "橙灯告警", "time": "10:00", "code": ack_code(KEYS, claimant)}
    assert f"https://lifeboat.example/a 输入 {ack_code(KEYS, claimant)} 认领" in sms.sent[0].text
    assert (sms.sent[0].template, sms.sent[0].phone) == ("alert", "13912345678")
    assert f"https://lifeboat.example/a/{ack_token(KEYS, claimant)}" in mail.sent[0].text
    watch.end()
    watch.look()
    await watch.deliver(sms, mail)
    assert sms.sent[1].values == {"level": "已恢复", "time": "10:00", "code": "无需"}
    assert "/a/" not in mail.sent[1].text
    assert ack_code(KEYS, claimant) not in sms.sent[1].text


async def test_e_mails_have_no_share_and_each_alert_comes_by_itself(watch: Watch):
    watch.roster(first="mei")
    mail = FakeMail()
    with watch.deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user
        user.email = sealed_contact(KEYS, user.id or 0, ContactWay.EMAIL, "mei@shop.example")
        user.email_verified_at = TEN
        for n in range(12):
            uow.alerts.fire("trouble", level="orange", text=f"出事了 {n}", subject=str(n), now=TEN)
    watch.mails = True
    watch.look()
    await watch.deliver(FakeSms(), mail)
    assert sorted(one.text.split("\n")[0] for one in mail.sent) == sorted(
        f"【告警】出事了 {n}（通知 mei）" for n in range(12)
    )


async def test_what_cannot_be_read_does_not_keep_the_others_from_being_summed_up(watch: Watch):
    watch.roster(first="mei")
    sms = FakeSms()
    with watch.deployment.store.writing() as uow:
        for n in range(9):
            uow.alerts.fire("trouble", level="orange", text=f"出事了 {n}", subject=str(n), now=TEN)
    watch.look()
    texts = [m for m in watch.deployment.rows.messages() if m.channel == "sms"]
    watch.deployment.rows.alter(texts[-1].id, content=["odd"])
    await watch.deliver(sms, FakeMail())
    assert [one.values["level"] for one in sms.sent] == ["橙灯告警"] * 4 + ["另有5条"]
    assert sms.sent[-1].values["time"] == "今天"


async def test_in_the_group_whoever_is_on_duty_is_called_with_a_link_of_his_own(watch: Watch):
    watch.roster(first="mei")
    everyday, alarm = FakeRobot(clock=watch.deployment.clock), FakeRobot(clock=watch.deployment.clock)
    robots = {ROBOT: everyday, ALARM_GROUP: alarm}
    groups = GroupDispatcher(watch.deployment.store, watch.deployment.clock, robots, keyring=KEYS)
    for n, level in enumerate(("orange", "red", "yellow"), start=1):
        with watch.deployment.store.writing() as uow:
            uow.alerts.fire("trouble", level=level, text=f"{level} 出事", subject=level, now=TEN)
        watch.look()
        await groups.run_once()
        link = f"https://lifeboat.example/a/{ack_token(KEYS, Claimant(n, watch.ids['mei']))}"
        said = everyday.seen[-1][1]
        assert (link in said.content, "13912345678" in said.mentions) == (level != "yellow", level == "red"), level
    assert [one.mentions for _, one, _ in alarm.seen] == [("13912345678",)]
    assert "点此认领" in alarm.texts[0]
    kept = str([message.content for message in watch.deployment.rows.messages()])
    assert "点此认领" not in kept
    with watch.deployment.store.writing() as uow:
        uow.alerts.resolve("trouble", subject="red", now=TEN)
    watch.look()
    await groups.run_once()
    assert alarm.texts[-1] == "【已恢复】red 出事"


async def test_a_long_alert_with_long_names_still_fits_its_group_with_the_link_whole(watch: Watch):
    watch.roster(first="mei")
    robot = FakeRobot(clock=watch.deployment.clock)
    with watch.deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user
        user.name = "梅" * 64
        uow.alerts.fire("trouble", level="red", text="很长的告警" * 200, now=TEN)
    watch.look()
    groups = GroupDispatcher(watch.deployment.store, watch.deployment.clock, {ROBOT: robot}, keyring=KEYS)
    await groups.run_once()
    assert robot.texts[0].endswith(f"/a/{ack_token(KEYS, Claimant(1, watch.ids['mei']))}")
    assert robot.texts[0].startswith("【告警】很长的告警")


async def test_the_last_text_of_a_persons_share_says_how_many_alerts_wait(watch: Watch):
    watch.roster(first="mei")
    sms = FakeSms()
    with watch.deployment.store.writing() as uow:
        for n in range(12):
            uow.alerts.fire("trouble", level="orange", text=f"出事了 {n}", subject=str(n), now=TEN)
    watch.look()
    await watch.deliver(sms, FakeMail())
    assert [one.values["level"] for one in sms.sent] == ["橙灯告警"] * 4 + ["另有8条"]
    assert "另有8条告警，请登录控制台查看" in sms.sent[4].text
    states = [m.state for m in watch.deployment.rows.messages() if m.channel == "sms"]
    assert sorted(states) == ["merged"] * 8 + ["sent"] * 5


def _asked(name: str, after: int) -> str:
    return f"出事了（已 {after} 分钟无人认领，通知 {name}）"
