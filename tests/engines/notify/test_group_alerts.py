"""Yellow alerts of one owner come in one e-mail, once each whatever dies, and in one summary a morning; both engines."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from app.access import accounts
from app.channels.kinds import WECOM
from app.domain.actor import Actor, Way
from app.domain.alert_life import Inhibitor
from app.domain.contact import ContactWay
from app.domain.person_target import for_person
from app.notify import group_alerts, summary
from app.notify.contents import AlertGroupContent, read_content
from app.notify.dispatch.email import MailDispatcher
from app.notify.dispatch.group import notice_of
from app.notify.escalate import escalate
from app.notify.policy import MessagePolicy
from app.notify.tell_on import tell_on
from app.store.ack import Claimant, ack_token
from app.store.alert_steps import TroubleSighting
from app.store.contacts import sealed_contact
from app.store.repositories.alert_groups import AlertGroupRepository
from app.store.repositories.messages import MessageRepository
from app.store.tables import AlertGroup, Message
from app.watch.attend import claim_alert, silence_alert
from app.watch.flow_map.change import WantedPlan, plan_stage
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, OPS, TEN, hours, minutes, seconds
from tests.deployment.notices import ROBOT, a_policy
from tests.fakes.channels import FakeMail

PEOPLE = {"mei": 2, "lan": 4}
"""Who keeps which stage."""

A_MINUTE = minutes(1)


class Desk:
    """Two keepers with an e-mail address each, alerts of their stages, and what they read."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.settings: tuple[str, ...] = ()
        self.ids: dict[str, int] = {}
        self.names: dict[str, str] = {"": "settings"}
        for name, stage in PEOPLE.items():
            with deployment.store.writing() as uow:
                accounts.add_user(uow, name, role="ops", by=IT, now=TEN, password="boat-in-the-storm-7")
                user = uow.access.user_named(name)
                assert user
                user.email = sealed_contact(KEYS, user.id or 0, ContactWay.EMAIL, f"{name}@shop.example")
                user.email_verified_at = TEN
                self.ids[name] = user.id or 0
                self.names[for_person(user.id or 0)] = name
            self.keeps(name, stage, seen=0)

    def keeps(self, name: str, stage: int, *, seen: int) -> None:
        wanted = WantedPlan(limit="30", owner="a", exceptions="b", keeper=name)
        with self.deployment.store.writing() as uow:
            plan_stage(uow, stage, wanted, seen=seen, by=OPS, now=self.now)

    @property
    def now(self) -> datetime:
        return self.deployment.clock.now()

    @property
    def policy(self) -> MessagePolicy:
        return a_policy(codes_by=frozenset({ContactWay.EMAIL}), alert_emails=self.settings)

    def fire(self, subject: str, *, stage: int = 2, level: str = "yellow") -> int:
        sighting = TroubleSighting(rule="slow", subject=subject, level=level, text=f"{subject} 慢", stage=stage)
        with self.deployment.store.writing() as uow:
            uow.alerts.see(None, sighting, now=self.now)
            return uow.alerts.open()[0].id or 0

    def end(self, subject: str) -> None:
        with self.deployment.store.writing() as uow:
            uow.alerts.resolve("slow", subject=subject, now=self.now)

    def look(self) -> int:
        self.deployment.notices.composed(policy=self.policy)
        return tell_on(self.deployment.store, KEYS, self.policy, now=self.now)

    def through(self, lasting: timedelta, *, every: timedelta = A_MINUTE, sending: bool = True) -> None:
        """Let a worker look, and send, again and again; the last time at the end."""
        until = self.now + lasting
        while True:
            self.look()
            if sending:
                self.send()
            if self.now >= until:
                return
            self.deployment.clock.at = min(self.now + every, until)

    def send(self) -> None:
        for message in self.deployment.rows.messages(state="pending"):
            self.deployment.rows.alter(message.id, state="sent")

    def mails(self) -> list[Message]:
        mails = [one for one in self.deployment.rows.messages() if one.channel == "email"]
        return [one for one in mails if one.state != "cancelled"]

    def told(self) -> list[tuple[float, str, str, str]]:
        """Return in which minute who was told what of which alerts."""
        return [
            ((m.created_at - TEN) / minutes(1), self.names[m.target], *_said(m))
            for m in self.mails()
            if "reason" in m.content
        ]


def _content(message: Message) -> AlertGroupContent:
    content = read_content(message.subject, message.content)
    assert isinstance(content, AlertGroupContent)
    return content


def _said(message: Message) -> tuple[str, str]:
    content = _content(message)
    marks = {"new": "+", "going_on": "=", "ended": "-"}
    return content.reason, " ".join(f"{marks[line.state]}{line.sentence.split()[0]}" for line in content.lines)


@pytest.fixture
def desk(deployment: Deployment) -> Desk:
    return Desk(deployment)


def test_what_comes_within_five_minutes_is_one_mail_to_each_owner(desk: Desk):
    desk.fire("a")
    desk.fire("x", stage=4)
    desk.through(minutes(3))
    desk.fire("b")
    desk.through(minutes(4))
    assert desk.told() == [(5, "mei", "first", "+a +b"), (5, "lan", "first", "+x")]


def test_those_of_the_settings_hear_of_all_in_one_mail_and_the_chat_groups_of_each_at_once(desk: Desk):
    desk.settings = ("boss@shop.example",)
    desk.fire("a")
    desk.fire("x", stage=4)
    desk.fire("n", stage=1)
    desk.through(minutes(6))
    assert ("settings", "first", "+a +x +n") in {one[1:] for one in desk.told()}
    assert len([m for m in desk.deployment.rows.messages() if m.channel == "wecom"]) == 3


def test_graver_alerts_wait_for_nothing(desk: Desk):
    desk.settings = ("boss@shop.example",)
    for level in ("notice", "orange", "red"):
        desk.fire(level, level=level)
    desk.look()
    assert len(desk.mails()) == 3


def test_a_mail_says_which_have_ended_and_which_go_on(desk: Desk):
    desk.fire("a")
    desk.fire("b")
    desk.through(minutes(10))
    desk.end("a")
    desk.through(minutes(5))
    desk.fire("c")
    desk.through(minutes(10))
    desk.end("b")
    desk.end("c")
    desk.through(minutes(10))
    assert desk.told() == [
        (5, "mei", "first", "+a +b"),
        (15, "mei", "some_resolved", "-a =b"),
        (20, "mei", "new_member", "+c =b"),
        (25, "mei", "all_resolved", "-b -c"),
    ]


def test_what_ends_before_anybody_heard_of_it_is_told_to_no_owner(desk: Desk):
    desk.fire("a")
    desk.look()
    desk.end("a")
    desk.through(minutes(30))
    assert desk.told() == []


def test_what_nobody_takes_on_is_told_again_after_a_day_until_somebody_does(desk: Desk):
    desk.deployment.clock.at = TEN + hours(11)  # of the summaries each is told elsewhere
    alert = desk.fire("a")
    desk.through(minutes(5))
    desk.through(hours(24), every=minutes(5))
    assert [(reason, what) for _, _, reason, what in desk.told()] == [
        ("first", "+a"),
        ("summary", "=a"),
    ]
    desk.deployment.clock.at += minutes(1)
    with desk.deployment.store.writing() as uow:
        claim_alert(uow, alert, by=Actor("lan", Way.CONSOLE), now=desk.now)
    desk.through(hours(48), every=minutes(30))
    assert [reason for _, _, reason, _ in desk.told()] == ["first", "summary"]


def test_without_a_summary_in_between_it_is_told_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.notify.tell_on.tell_summary", lambda *_, **__: 0)
    desk.fire("a")
    desk.through(minutes(5))
    desk.through(hours(50), every=minutes(30))
    assert desk.told() == [
        (5, "mei", "first", "+a"),
        (5 + 24 * 60, "mei", "repeat", "=a"),
        (5 + 48 * 60, "mei", "repeat", "=a"),
    ]


def test_whoever_takes_it_on_spares_the_owner_the_mail_that_has_not_left(desk: Desk):
    alert = desk.fire("a")
    desk.through(minutes(5), sending=False)
    with desk.deployment.store.writing() as uow:
        claim_alert(uow, alert, by=Actor("lan", Way.CONSOLE), now=desk.now)
    desk.through(hours(1))
    desk.end("a")
    desk.through(minutes(10))
    assert desk.told() == []


def test_an_owner_who_heard_of_it_among_others_hears_who_has_it(desk: Desk):
    alert = desk.fire("a")
    desk.fire("b")
    desk.through(minutes(5))
    with desk.deployment.store.writing() as uow:
        claim_alert(uow, alert, by=Actor("lan", Way.CONSOLE), now=desk.now)
    escalate(desk.deployment.store, KEYS, desk.policy, now=desk.now)
    (claimed,) = [m for m in desk.deployment.rows.messages() if m.content.get("taken_by") and m.channel == "email"]
    assert (desk.names[claimed.target], claimed.content["taken_by"]) == ("mei", "lan")


def test_silence_keeps_it_back_and_is_told_of_afterwards_and_the_end_comes_all_the_same(desk: Desk):
    alert = desk.fire("a")
    desk.look()
    with desk.deployment.store.writing() as uow:
        silence_alert(uow, alert, lasting=minutes(60), why="盘点", by=OPS, now=desk.now)
    desk.through(minutes(59))
    assert desk.told() == []
    desk.deployment.clock.at += minutes(2)
    with desk.deployment.store.writing() as uow:
        uow.alerts.wake(now=desk.now)
    desk.through(minutes(5))
    with desk.deployment.store.writing() as uow:
        silence_alert(uow, alert, lasting=minutes(60), why="盘点", by=OPS, now=desk.now)
    desk.end("a")
    desk.through(minutes(1))
    assert [one[2:] for one in desk.told()] == [("first", "+a"), ("all_resolved", "-a")]


def test_what_is_inhibited_is_not_asked_for(desk: Desk):
    desk.fire("a")
    desk.look()
    with desk.deployment.store.writing() as uow:
        uow.alerts.inhibit(uow.alerts.open()[0], Inhibitor.RED)
    desk.through(minutes(10))
    assert desk.told() == []
    with desk.deployment.store.writing() as uow:
        uow.alerts.inhibit(uow.alerts.open()[0], None)
    desk.through(minutes(1))
    assert [one[2:] for one in desk.told()] == [("first", "+a")]


def test_a_stage_that_changes_hands_asks_its_old_keeper_no_more_but_tells_him_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.notify.tell_on.tell_summary", lambda *_, **__: 0)
    desk.fire("a")
    desk.through(minutes(5))
    desk.keeps("lan", 2, seen=1)
    desk.through(hours(30), every=minutes(30))
    desk.end("a")
    desk.look()
    assert [one[1:] for one in desk.told()] == [("mei", "first", "+a"), ("mei", "all_resolved", "-a")]


def test_alerts_of_an_incident_are_a_group_of_their_own(desk: Desk):
    desk.fire("a")
    desk.look()
    with desk.deployment.store.writing() as uow:
        zone = desk.policy.zone
        incident = uow.incidents.open(drill=False, reason="停机", by="x", now=desk.now, zone=zone)
        incident_id = incident.id
    desk.fire("b")
    desk.through(minutes(5))
    assert [one[1:] for one in desk.told()] == [("mei", "first", "+a"), ("mei", "first", "+b")]
    assert [group.incident_id for group in desk.deployment.rows.all(select(AlertGroup).order_by(AlertGroup.id))] == [
        None,
        incident_id,
    ]


def test_nobody_is_told_that_an_alert_ended_of_which_nobody_knows_it(desk: Desk):
    desk.fire("a")
    desk.through(minutes(5))
    desk.deployment.clock.at += hours(1)
    with desk.deployment.store.writing() as uow:
        uow.alerts.expire(before=desk.now, now=desk.now)
    desk.through(minutes(10))
    assert [one[2] for one in desk.told()] == ["first"]


async def test_the_mail_has_a_link_of_its_readers_for_each_that_nobody_has(desk: Desk):
    first, second = desk.fire("a"), desk.fire("b")
    with desk.deployment.store.writing() as uow:
        claim_alert(uow, second, by=Actor("lan", Way.CONSOLE), now=desk.now)
    third = desk.fire("c")
    desk.through(minutes(5), sending=False)
    mail = FakeMail()
    await MailDispatcher(desk.deployment.store, desk.deployment.clock, mail, to=(), keyring=KEYS).run_once()
    (sent,) = mail.sent
    mei = desk.ids["mei"]
    assert sent.to == ("mei@shop.example",)
    assert sent.subject == "Lifeboat 【告警】黄灯：新出现 2 条"
    for alert in (first, third):
        assert f"https://lifeboat.example/a/{ack_token(KEYS, Claimant(alert, mei))}" in sent.text
    assert "b 慢" not in sent.text


async def test_those_of_the_settings_read_one_alert_as_it_would_read_alone(desk: Desk):
    desk.settings = ("boss@shop.example",)
    desk.fire("n", stage=1)
    desk.through(minutes(5), sending=False)
    mail = FakeMail()
    dispatcher = MailDispatcher(desk.deployment.store, desk.deployment.clock, mail, to=desk.settings, keyring=KEYS)
    await dispatcher.run_once()
    (sent,) = mail.sent
    assert (sent.to, sent.text) == (("boss@shop.example",), "【告警】n 慢（11-22 10:00 起）")


# ---- whatever dies ---------------------------------------------------------------------------------------------------


class _Dies(Exception):
    """A process that ends where it stands."""


@pytest.mark.parametrize("where", ["speak", "note_told", "note_over", "add_new"])
def test_a_process_that_dies_on_the_way_has_told_nothing_and_the_next_one_tells_it_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, where: str
):
    desk.fire("a")
    desk.look()
    desk.deployment.clock.at += minutes(5)
    dying = MessageRepository if where == "add_new" else AlertGroupRepository

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt  # no error of ours: whoever isolates those must not swallow it

    with monkeypatch.context() as patched:
        patched.setattr(dying, where, dies)
        with pytest.raises(KeyboardInterrupt):
            group_alerts.tell_groups(desk.deployment.store, desk.policy, now=desk.now)
    assert desk.mails() == []
    for _ in range(3):
        desk.look()
    assert [one[2:] for one in desk.told()] == [("first", "+a")]


def test_of_two_workers_that_see_the_same_one_tells(desk: Desk):
    desk.fire("a")
    desk.look()
    desk.deployment.clock.at += minutes(5)
    with desk.deployment.store.reading() as uow:
        ((group, _),) = uow.alert_groups.going_on()
    desk.look()
    with desk.deployment.store.writing() as uow:
        assert not uow.alert_groups.speak(group, now=desk.now)
    assert len(desk.mails()) == 1


def test_where_nothing_is_due_nothing_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.fire("a")
    desk.look()
    desk.deployment.clock.at += seconds(299)

    def no_writing() -> None:
        raise AssertionError("nothing was due")

    monkeypatch.setattr(desk.deployment.store, "writing", no_writing)
    assert group_alerts.tell_groups(desk.deployment.store, desk.policy, now=desk.now) == 0


# ---- the summary -----------------------------------------------------------------------------------------------------

MORNING = TEN + hours(23)
"""Nine o'clock of the next day."""


def _summaries(desk: Desk) -> list[tuple[float, str, str]]:
    rows = desk.deployment.rows.messages()
    told = [one for one in rows if one.content.get("reason") == "summary"]
    return [((m.created_at - MORNING) / minutes(1), desk.names.get(m.target, m.target), _said(m)[1]) for m in told]


def test_what_nobody_took_on_for_four_hours_is_in_the_next_mornings_summary(desk: Desk):
    taken = desk.fire("taken")
    desk.fire("a")
    desk.fire("over")
    desk.fire("x", stage=4)
    desk.fire("grave", level="orange")
    desk.through(minutes(6))
    with desk.deployment.store.writing() as uow:
        claim_alert(uow, taken, by=Actor("lan", Way.CONSOLE), now=desk.now)
    desk.end("over")
    desk.deployment.clock.at = MORNING - hours(4) + seconds(1)
    desk.fire("young")
    desk.deployment.clock.at = MORNING - minutes(20)
    desk.through(hours(14), every=minutes(20))
    assert _summaries(desk) == [(0, "mei", "=a"), (0, "robot-1", "=a =x"), (0, "lan", "=x")]


def test_the_day_after_it_comes_again_and_where_nothing_is_open_it_does_not(desk: Desk):
    desk.fire("a")
    desk.through(hours(48), every=minutes(20))
    desk.end("a")
    desk.through(hours(48), every=minutes(20))
    assert {minute for minute, who, _ in _summaries(desk) if who == "mei"} == {0, 24 * 60}


def test_it_comes_when_the_settings_say(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    policy = a_policy(codes_by=frozenset({ContactWay.EMAIL}), summary_at=time(20, 30))
    monkeypatch.setattr(Desk, "policy", policy)
    desk.fire("a")
    desk.through(hours(14), every=minutes(30))
    assert {minute for minute, _, _ in _summaries(desk)} == {(10.5 - 23) * 60}


def test_a_worker_that_was_away_all_day_tells_the_next_morning(desk: Desk):
    desk.fire("a")
    desk.look()
    desk.deployment.clock.at = MORNING + hours(12)
    desk.look()
    assert _summaries(desk) == []
    desk.deployment.clock.at = MORNING + hours(11)
    desk.look()
    desk.look()
    assert [who for _, who, _ in _summaries(desk)] == ["mei", "robot-1"]


def test_a_process_that_dies_in_the_summary_has_told_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.fire("a")
    desk.look()
    desk.deployment.clock.at = MORNING

    def dies(*_: object, **__: object) -> None:
        raise _Dies

    with monkeypatch.context() as patched:
        patched.setattr(AlertGroupRepository, "told_again", dies)
        with pytest.raises(_Dies):
            summary.tell_summary(desk.deployment.store, KEYS, desk.policy, now=desk.now)
    assert _summaries(desk) == []
    desk.look()
    desk.look()
    assert [who for _, who, _ in _summaries(desk)] == ["mei", "robot-1"]


def test_a_group_reads_the_summary_and_nobody_is_mentioned(desk: Desk):
    desk.fire("a")
    desk.look()
    desk.deployment.clock.at = MORNING
    desk.look()
    (message,) = [m for m in desk.deployment.rows.messages() if m.once.startswith("summary:") and m.channel == "wecom"]
    notice = notice_of(_content(message), ROBOT.mentions, kind=WECOM)
    assert notice.content == "【昨日未处理】黄灯：仍在继续 1 条\n仍在继续：\n· a 慢（11-22 10:00 起）"
    assert notice.mentions == ()
