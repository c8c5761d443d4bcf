"""A hand-over is told before it and at it, to whoever comes and whoever goes, once each whatever dies; on both engines."""

from typing import Any

import pytest
from sqlalchemy import select

from app.access import accounts
from app.domain.contact import ContactWay
from app.notify.contents import DutyContent, read_content
from app.notify.duty import tell_duty
from app.notify.policy import Destination, MessagePolicy
from app.notify.rendered import rendered
from app.store.contacts import sealed_contact
from app.store.repositories.messages import MessageRepository
from app.store.tables import DutyNotice, Message
from app.watch import roster
from app.watch.roster import WantedTurn
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, TEN, ZONE, hours, minutes
from tests.deployment.notices import a_policy


class Watchers:
    """People on a roster, and what they are told."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.ids: dict[str, int] = {}
        for name in ("mei", "lan", "boss"):
            with deployment.store.writing() as uow:
                accounts.add_user(uow, name, role="ops", by=IT, now=TEN, password="boat-in-the-storm-7")
                user = uow.access.user_named(name)
                assert user
                self.ids[name] = user.id or 0
                user.phone = sealed_contact(KEYS, user.id or 0, ContactWay.PHONE, "13912345678")
                user.phone_verified_at = TEN
        with deployment.store.writing() as uow:
            roster.set_fallback(uow, "boss", by=IT, now=TEN)

    def shift(self, name: str, start: float, end: float, *, place: int = 1) -> None:
        wanted = WantedTurn(name=name, starts_at=TEN + hours(start), ends_at=TEN + hours(end), place=place)
        with self.deployment.store.writing() as uow:
            roster.add_shift(uow, wanted, zone=ZONE, by=IT, now=TEN)

    def override(self, name: str, start: float, end: float) -> None:
        wanted = WantedTurn(name=name, starts_at=TEN + hours(start), ends_at=TEN + hours(end))
        with self.deployment.store.writing() as uow:
            roster.add_override(uow, wanted, reason="有事", by=IT, now=TEN)

    def tell(self, hour: float, **chosen: Any) -> int:
        policy = self.policy(**chosen)
        return tell_duty(self.deployment.store, KEYS, policy, now=TEN + hours(hour))

    def policy(self, **chosen: Any) -> MessagePolicy:
        return a_policy(**{"duty_texts": True, **chosen})

    def through(self, start: float, end: float) -> None:
        """Let a worker look at every minute of a time."""
        moment = TEN + hours(start)
        while moment <= TEN + hours(end):
            tell_duty(self.deployment.store, KEYS, self.policy(), now=moment)
            moment += minutes(1)

    @property
    def told(self) -> list[tuple[str, bool, bool]]:
        """Who was told by text that he comes or goes, and whether it was ahead, in order."""
        names = {f"person:{n}": name for name, n in self.ids.items()}
        found = []
        for message in self.deployment.rows.messages():
            if message.subject == "duty" and message.channel == "sms":
                content = read_content(message.subject, message.content)
                assert isinstance(content, DutyContent)
                found.append((names[message.target], content.comes, content.ahead))
        return found

    @property
    def reminders(self) -> list[str]:
        return [rendered(m, codes=False).text for m in self.deployment.rows.messages() if m.subject == "alert"]


@pytest.fixture
def watchers(deployment: Deployment) -> Watchers:
    return Watchers(deployment)


def test_both_are_told_a_quarter_of_an_hour_before_and_at_the_change_and_once_each(watchers: Watchers):
    watchers.shift("mei", -1, 8)
    watchers.shift("lan", 8, 16)
    watchers.through(7, 9.5)
    assert sorted(watchers.told) == sorted(
        [("lan", True, True), ("mei", False, True), ("lan", True, False), ("mei", False, False)]
    )
    first = watchers.deployment.rows.messages()[-1].created_at
    moments = {m.created_at for m in watchers.deployment.rows.messages() if m.channel == "sms"}
    assert moments == {TEN + hours(7.75), TEN + hours(8)}
    assert first <= TEN + hours(8)


def test_a_worker_that_dies_at_any_step_has_told_nothing_or_all_of_it(
    watchers: Watchers, monkeypatch: pytest.MonkeyPatch
):
    """P16"""
    watchers.shift("mei", -1, 8)
    watchers.shift("lan", 8, 16)
    for step in ("before the messages", "after the messages"):
        with monkeypatch.context() as patch:
            add_new = MessageRepository.add_new

            def dies(self: MessageRepository, rows: Any, *, when: str = step, add: Any = add_new) -> set[str]:
                if when == "after the messages":
                    add(self, rows)
                raise SystemExit

            patch.setattr(MessageRepository, "add_new", dies)
            with pytest.raises(SystemExit):
                watchers.tell(8)
        assert watchers.told == []
        assert watchers.deployment.rows.all(select(DutyNotice)) == []
    for _ in range(3):
        watchers.tell(8)  # a new process each time
        watchers.tell(8.01)
    assert sorted(watchers.told) == [("lan", True, False), ("mei", False, False)]


def test_messages_that_were_cleared_away_are_not_written_again(watchers: Watchers):
    watchers.shift("mei", 0, 8)
    watchers.tell(0)
    with watchers.deployment.store.writing() as uow:
        uow._session.execute(Message.__table__.delete())  # type: ignore[attr-defined]  # noqa: SLF001 - as a purge
    watchers.tell(0.1)
    assert watchers.told == []


def test_the_open_alerts_are_handed_over_gravest_first(watchers: Watchers):
    with watchers.deployment.store.writing() as uow:
        uow.alerts.fire("coupons_low", level="yellow", text="券码不多", now=TEN)
        uow.alerts.fire("ledger_unbalanced", level="red", text="台账不平", now=TEN)
    watchers.shift("mei", 0, 8)
    watchers.tell(0)
    message = next(m for m in watchers.deployment.rows.messages() if m.target == f"person:{watchers.ids['mei']}")
    content = read_content(message.subject, message.content)
    assert isinstance(content, DutyContent)
    assert (content.open_alerts, content.alerts) == (2, ("台账不平", "券码不多"))
    text = rendered(message, codes=False).text
    assert text.startswith("【第一值班接班】2026-11-22 10:00由您接班。")
    assert text.index("台账不平") < text.index("券码不多")


def test_into_a_gap_the_fallback_person_comes_and_out_of_it_he_goes(watchers: Watchers):
    watchers.shift("mei", -1, 1)
    watchers.shift("lan", 2, 3)
    watchers.tell(1)
    assert sorted(watchers.told) == [("boss", True, False), ("mei", False, False)]
    watchers.tell(2)
    assert sorted(watchers.told)[:2] == [("boss", False, False), ("boss", True, False)]
    assert ("lan", True, False) in watchers.told


def test_an_override_hands_over_like_a_shift_and_what_is_long_past_is_not_told(watchers: Watchers):
    watchers.shift("mei", -1, 8)
    watchers.override("lan", 2, 4)
    watchers.tell(3.5)  # an hour and a half too late for the one, half an hour early for the other
    assert watchers.told == []
    watchers.tell(4)
    assert sorted(watchers.told) == [("lan", False, False), ("mei", True, False)]


def test_who_cannot_be_written_to_is_named_to_the_group(watchers: Watchers):
    with watchers.deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user
        user.phone_verified_at = None
        uow.access.save_user(user)
    watchers.shift("mei", 0, 8)
    watchers.tell(0)
    (group,) = [m for m in watchers.deployment.rows.messages() if m.channel == "wecom" and m.subject == "duty"]
    assert "mei：2026-11-22 10:00接班。" in rendered(group, codes=False).text
    assert "mei" not in [name for name, _, _ in watchers.told]


def test_e_mail_goes_beside_the_text_message(watchers: Watchers):
    with watchers.deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user
        user.email = sealed_contact(KEYS, user.id or 0, ContactWay.EMAIL, "mei@example.com")
        user.email_verified_at = TEN
        uow.access.save_user(user)
    watchers.shift("mei", 0, 8)
    watchers.tell(0, codes_by=frozenset({ContactWay.EMAIL}))
    mine = f"person:{watchers.ids['mei']}"
    assert sorted(m.channel for m in watchers.deployment.rows.messages() if m.target == mine) == ["email", "sms"]


def test_what_the_roster_lacks_is_told_once_a_day_by_day(watchers: Watchers):
    watchers.shift("mei", 0, 24)
    for hour in (-8, -2):  # two in the morning, eight
        watchers.tell(hour)
    assert watchers.reminders == []
    for hour in (3, 3.1, 5):
        watchers.tell(hour)
    (text,) = watchers.reminders
    assert "今后 14 天有 1 段没有人值班" in text
    watchers.tell(27)
    assert len(watchers.reminders) == 2


def test_an_emergency_group_hears_neither_of_hand_overs_nor_of_gaps(watchers: Watchers):
    """It hears of red alerts and of nothing else."""
    with watchers.deployment.store.writing() as uow:
        user = uow.access.user_named("mei")
        assert user
        user.phone_verified_at = None
        uow.access.save_user(user)
    watchers.shift("mei", 0, 8)
    groups = (Destination("wecom", "w"), Destination("wecom", "e", emergency=True))
    assert watchers.tell(0, groups=groups) == 3
    told = {(m.subject, m.target) for m in watchers.deployment.rows.messages() if m.channel == "wecom"}
    assert told == {("duty", "w"), ("alert", "w")}


def test_nobody_who_uses_no_roster_hears_of_it(deployment: Deployment):
    for hour in range(24):
        assert tell_duty(deployment.store, KEYS, a_policy(), now=TEN + hours(hour)) == 0
    assert deployment.rows.messages() == []
    assert deployment.rows.all(select(DutyNotice)) == []
