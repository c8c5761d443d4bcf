"""Who is on duty, asked of the rows each time and never remembered; the one place that messages, page and list ask.

An alert is sent to whoever is on duty when it is sent, not to whoever was when it began.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from app.domain.contact import ContactWay
from app.domain.roster import AHEAD, FIRST, PLACES, SECOND, Stretch, gaps, holding, stretches
from app.store.contacts import reachable_at
from app.store.sealing import Keyring
from app.store.tables import User
from app.store.unit_of_work import UnitOfWork
from app.words import roster as words


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Whom to ask at a moment, in this order; None is skipped at once, and nobody stands in it twice."""

    first: User | None
    second: User | None
    fallback: User | None

    @property
    def in_charge(self) -> User | None:
        """Who is asked first; into a gap the fallback person comes."""
        return self.first or self.fallback

    @property
    def people(self) -> list[User]:
        """Everybody there is, in the order in which they are asked."""
        return [one for one in (self.first, self.second, self.fallback) if one is not None]


def on_duty(uow: UnitOfWork, now: datetime) -> OnDuty:
    """Return who is on duty now. Overrides win; whoever's account is closed is on duty no more, and is no fallback."""
    able = uow.roster.able()
    turns = uow.roster.turns(since=now, until=now + timedelta(microseconds=1))
    asked: list[int | None] = []
    for place in (FIRST, SECOND):
        turn = holding(turns, place, now, able=able)
        asked.append(turn.who if turn and turn.who not in asked else None)
    known = uow.roster.fallback()
    asked.append(known.user_id if known and known.user_id in able and known.user_id not in asked else None)
    first, second, fallback = (uow.access.user(one) if one is not None else None for one in asked)
    return OnDuty(first, second, fallback)


@dataclass(frozen=True, slots=True)
class RosterView:
    """What holds in each place over a time; ``names`` are those of all accounts by row id."""

    places: dict[int, list[Stretch]]
    names: dict[int, str]


def roster_view(uow: UnitOfWork, *, since: datetime, until: datetime) -> RosterView:
    """Return who is on duty from ``since`` to ``until``, overrides in force, gaps as stretches without a turn."""
    able, turns = uow.roster.able(), uow.roster.turns(since=since, until=until)
    places = {place: stretches(turns, place, since=since, until=until, able=able) for place in PLACES}
    return RosterView(places, {one.id or 0: one.name for one in uow.access.users()})


@dataclass(frozen=True, slots=True)
class RosterLacks:
    """What a roster lacks over the next 14 days; nothing where nobody uses one."""

    used: bool
    fallback: str | None = None
    gaps: tuple[Stretch, ...] = ()
    nobody_now: bool = False
    unverified: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def uses_roster(uow: UnitOfWork, now: datetime) -> bool:
    """Tell whether anybody uses a roster: there is a fallback person, or somebody is on duty in the next 14 days."""
    return uow.roster.fallback() is not None or bool(uow.roster.turns(since=now, until=now + AHEAD))


def roster_lacks(uow: UnitOfWork, keyring: Keyring, *, now: datetime) -> RosterLacks:
    """Find what the roster lacks: gaps, people without a verified phone, people whose account is closed, a fallback."""
    until = now + AHEAD
    turns, known, able = uow.roster.turns(since=now, until=until), uow.roster.fallback(), uow.roster.able()
    if not turns and known is None:
        return RosterLacks(used=False)
    people = {one.id or 0: one for one in uow.access.users()}
    holes = gaps(turns, since=now, until=until, able=able)
    fallback = people[known.user_id] if known is not None and known.user_id in able else None
    on = {turn.who for turn in turns} | ({known.user_id} if known else set())
    return RosterLacks(
        used=True,
        fallback=fallback.name if fallback else None,
        gaps=tuple(holes),
        nobody_now=bool(holes) and holes[0].starts_at == now,
        unverified=_names(one for who in on & able if not _has_phone(keyring, one := people[who])),
        absent=_names(people[who] for who in {turn.who for turn in turns} - able if who in people),
    )


def _has_phone(keyring: Keyring, user: User) -> bool:
    return reachable_at(keyring, user, ContactWay.PHONE) is not None


def _names(users: Iterable[User]) -> tuple[str, ...]:
    return tuple(sorted(one.name for one in users))


class Lack(NamedTuple):
    """One thing that a roster lacks: a stable code, and a Chinese sentence that says what to do."""

    code: str
    text: str


def lacks_in_words(lacks: RosterLacks, *, zone: tzinfo) -> list[Lack]:
    """Return what a roster lacks, in words: for doctor, the page, and the daily reminder alike."""
    if not lacks.used:
        return []
    found, fallback = [], lacks.fallback or "（未设）"
    if lacks.fallback is None:
        found.append(Lack("roster_fallback", words.NO_FALLBACK))
    if lacks.nobody_now:
        found.append(Lack("roster_nobody", words.NOBODY_NOW.format(fallback=fallback)))
    if lacks.gaps:
        spans = words.listed([words.span(one.starts_at, one.ends_at, zone) for one in lacks.gaps])
        sentence = words.GAPS.format(count=len(lacks.gaps), spans=spans, fallback=fallback)
        found.append(Lack("roster_gap", sentence))
    if lacks.unverified:
        found.append(Lack("roster_unverified", words.UNVERIFIED.format(names=words.listed(lacks.unverified))))
    if lacks.absent:
        found.append(Lack("roster_absent", words.ABSENT.format(names=words.listed(lacks.absent))))
    return found
