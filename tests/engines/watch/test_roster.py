"""The roster: resolved when asked, overrides in force everywhere, gaps and unreachable people seen; on both engines."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from app.access import accounts, contacts
from app.access.accounts import FallbackPerson
from app.domain.contact import ContactWay
from app.store.contacts import sealed_contact
from app.store.on_duty import lacks_in_words, on_duty, roster_lacks, roster_view
from app.watch import roster
from app.watch.roster import BadTurn, NobodyCalled, NoFallback, NoSuchTurn, TakenAlready, WantedTurn
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, TEN, ZONE, hours

DAY = timedelta(days=1)


class Table:
    """A roster and the people on it."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        for name in ("mei", "lan", "zhang", "boss"):
            with deployment.store.writing() as uow:
                accounts.add_user(uow, name, role="ops", by=IT, now=TEN, password="boat-in-the-storm-7")
                user = uow.access.user_named(name)
                assert user
                user.phone = sealed_contact(KEYS, user.id or 0, ContactWay.PHONE, "13912345678")
                user.phone_verified_at = TEN

    def fallback(self, name: str = "boss") -> None:
        with self.deployment.store.writing() as uow:
            roster.set_fallback(uow, name, by=IT, now=TEN)

    def shift(
        self, name: str, start: float, end: float, *, place: int = 1, days: int = 1, zone: ZoneInfo = ZONE
    ) -> list[int]:
        with self.deployment.store.writing() as uow:
            return roster.add_shift(uow, wanted(name, start, end, place=place), days=days, zone=zone, by=IT, now=TEN)

    def override(self, name: str, start: float, end: float, *, reason: str = "有事") -> int:
        with self.deployment.store.writing() as uow:
            return roster.add_override(uow, wanted(name, start, end), reason=reason, by=IT, now=TEN)

    def on(self, hour: float) -> list[str | None]:
        with self.deployment.store.reading() as uow:
            found = on_duty(uow, TEN + hours(hour))
            return [one.name if one else None for one in (found.first, found.second, found.fallback)]

    def listed(self, start: float, end: float) -> list[str | None]:
        with self.deployment.store.reading() as uow:
            view = roster_view(uow, since=TEN + hours(start), until=TEN + hours(end))
        return [view.names[one.who] if one.who else None for one in view.places[1]]

    def codes(self) -> list[str]:
        with self.deployment.store.reading() as uow:
            return [one.code for one in lacks_in_words(roster_lacks(uow, KEYS, now=TEN), zone=ZONE)]


def wanted(name: str, start: float, end: float, *, place: int = 1) -> WantedTurn:
    return WantedTurn(name=name, starts_at=TEN + hours(start), ends_at=TEN + hours(end), place=place)


@pytest.fixture
def table(deployment: Deployment) -> Table:
    return Table(deployment)


def test_whoever_is_on_duty_is_found_when_asked_and_an_override_wins(table: Table):
    table.fallback()
    table.shift("mei", 0, 8)
    table.shift("lan", 0, 8, place=2)
    assert table.on(1) == ["mei", "lan", "boss"]
    override = table.override("zhang", 2, 4)
    assert [table.on(hour)[0] for hour in (1, 2, 3.9, 4)] == ["mei", "zhang", "zhang", "mei"]
    assert table.listed(0, 8) == ["mei", "zhang", "mei"]  # the list honours it too
    with table.deployment.store.writing() as uow:
        roster.remove_override(uow, override, by=IT, now=TEN)
    assert table.on(3) == ["mei", "lan", "boss"]
    assert table.on(9) == [None, None, "boss"]


def test_nobody_is_asked_twice(table: Table):
    table.fallback("mei")
    table.shift("mei", 0, 8)
    table.shift("mei", 0, 8, place=2)
    assert table.on(1) == ["mei", None, None]


def test_a_closed_account_is_on_duty_no_more_and_the_fallback_cannot_be_closed(table: Table):
    table.fallback()
    table.shift("mei", 0, 300)
    table.override("lan", 0, 4)
    with table.deployment.store.writing() as uow:
        accounts.disable_user(uow, "lan", by=IT, now=TEN)
    assert table.on(1) == ["mei", None, "boss"]
    assert table.codes() == ["roster_gap", "roster_absent"]
    with pytest.raises(FallbackPerson), table.deployment.store.writing() as uow:
        accounts.disable_user(uow, "boss", by=IT, now=TEN)


def test_no_roster_begins_without_a_fallback_person(table: Table):
    assert table.codes() == []  # nobody uses one
    with pytest.raises(NoFallback):
        table.shift("mei", 0, 8)
    with pytest.raises(NoFallback):
        table.override("mei", 0, 8)
    table.fallback()
    assert table.codes() == ["roster_nobody", "roster_gap"]


def test_gaps_of_the_next_fourteen_days_are_seen_and_what_is_covered_is_none(table: Table):
    table.fallback()
    table.shift("mei", 0, 24, days=15)
    assert table.codes() == []
    with table.deployment.store.reading() as uow:
        sixth = uow.roster.shifts(since=TEN + hours(120), until=TEN + hours(144))[0].id or 0
    with table.deployment.store.writing() as uow:
        roster.remove_shift(uow, sixth, by=IT, now=TEN)
    assert table.codes() == ["roster_gap"]
    with table.deployment.store.reading() as uow:
        lacks = roster_lacks(uow, KEYS, now=TEN)
        (sentence,) = [one.text for one in lacks_in_words(lacks, zone=ZONE)]
    assert [(one.starts_at, one.ends_at) for one in lacks.gaps] == [(TEN + 5 * DAY, TEN + 6 * DAY)]
    assert "11-27 10:00 至 11-28 10:00" in sentence
    table.override("lan", 120, 144)
    assert table.codes() == []


def test_a_person_without_a_verified_phone_is_told_of(table: Table):
    table.fallback()
    table.shift("mei", 0, 24 * 14)
    with table.deployment.store.writing() as uow:
        contacts.set_contact(uow, "mei", ContactWay.PHONE, "13700000000", keyring=KEYS, by=IT, now=TEN)
    assert table.codes() == ["roster_unverified"]


def test_shifts_that_repeat_keep_their_hours_on_the_wall_clock(table: Table):
    """Berlin's clock goes back on 25 October 2026: the night between is an hour longer."""
    berlin = ZoneInfo("Europe/Berlin")
    table.fallback()
    start = (TEN.astimezone(berlin).replace(month=10, day=24, hour=8) - TEN) / hours(1)
    with table.deployment.store.writing() as uow:
        roster.add_shift(uow, wanted("mei", start, start + 8), days=2, zone=berlin, by=IT, now=TEN + hours(start - 1))
        shifts = uow.roster.shifts(since=TEN - 60 * DAY, until=TEN)
    assert [one.starts_at.astimezone(berlin).hour for one in shifts] == [8, 8]
    assert shifts[1].starts_at - shifts[0].starts_at == hours(25)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (NobodyCalled, {"name": "nobody"}),
        (BadTurn, {"end": 0}),
        (BadTurn, {"end": 24 * 15}),
        (BadTurn, {"start": -9, "end": -1}),
        (BadTurn, {"place": 3}),
        (BadTurn, {"days": 32}),
        (TakenAlready, {"start": 4}),
    ],
)
def test_what_is_no_turn_is_refused_and_nothing_of_it_is_kept(
    table: Table, kind: type[Exception], change: dict[str, object]
):
    table.fallback()
    table.shift("lan", 0, 8)
    asked: dict[str, object] = {"name": "mei", "start": 8, "end": 16, "days": 3} | change
    with pytest.raises(kind):
        table.shift(**asked)  # type: ignore[arg-type]
    with table.deployment.store.reading() as uow:
        assert len(uow.roster.shifts(since=TEN - 60 * DAY, until=TEN + 60 * DAY)) == 1


def test_of_several_days_none_is_kept_where_one_is_taken(table: Table):
    table.fallback()
    table.shift("lan", 24, 30)
    with pytest.raises(TakenAlready, match="lan"):
        table.shift("mei", 0, 8, days=3)
    assert table.listed(0, 8) == [None]


def test_a_shift_is_changed_and_the_audit_tells_what_was_done(table: Table):
    table.fallback()
    (shift,) = table.shift("mei", 0, 8)
    with table.deployment.store.writing() as uow:
        roster.change_shift(uow, shift, wanted("lan", 0, 6), zone=ZONE, by=IT, now=TEN)
    assert table.on(5) == ["lan", None, "boss"]
    assert table.on(7) == [None, None, "boss"]
    with table.deployment.store.reading() as uow:
        (deed,) = uow.audit.of(f"shift:{shift}", "roster.change")
    assert deed.detail["name"] == "lan"
    for act in (roster.remove_shift, roster.remove_override):
        with pytest.raises(NoSuchTurn), table.deployment.store.writing() as uow:
            act(uow, 999, by=IT, now=TEN)


def test_an_override_needs_a_reason(table: Table):
    table.fallback()
    with pytest.raises(BadTurn):
        table.override("mei", 0, 8, reason=" ")
