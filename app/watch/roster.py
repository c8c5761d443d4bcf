"""The roster is changed: shifts, overrides with a reason, the fallback person; each by a verb with its record.

RosterError
├── BadTurn
├── NobodyCalled
├── NoSuchTurn
├── NoFallback
└── TakenAlready
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.problems import Refusal
from app.domain.roster import PLACES
from app.store.tables import Shift, ShiftOverride, User
from app.store.unit_of_work import UnitOfWork
from app.words import roster as words

LONGEST = timedelta(days=14)
"""Of one turn: whoever is on duty for longer was never asked."""

FURTHEST = timedelta(days=400)
MOST_DAYS = 31
"""Turns that are added at once, one a day."""

LONGEST_REASON = 200

_SERIALISED = "roster"


class RosterError(Refusal):
    """The roster cannot be changed so; the message is for the person who tried."""


class BadTurn(RosterError):
    """The time, the place or the reason is none that a turn can have."""


class NobodyCalled(RosterError):
    """There is no open account of that name."""


class NoSuchTurn(RosterError):
    """There is no shift or override of that id."""


class NoFallback(RosterError):
    """There is no fallback person yet, without whom no roster begins."""


class TakenAlready(RosterError):
    """Somebody has a shift in that place and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTurn:
    """Whom somebody wants on duty, in which place, from when until when."""

    name: str
    starts_at: datetime
    ends_at: datetime
    place: int = 1


def set_fallback(uow: UnitOfWork, name: str, *, by: Actor, now: datetime) -> None:
    """Set the fallback person; there is always one from then on.

    Raises:
        NobodyCalled: no open account is called so.
    """
    uow.leases.serialise(_SERIALISED)
    user = _open_account(uow, name)
    uow.roster.set_fallback(user.id or 0, by=by.name, now=now)
    uow.audit.record("roster.fallback", by=by, at=now, subject=name)


def add_shift(
    uow: UnitOfWork, wanted: WantedTurn, *, days: int = 1, zone: tzinfo, by: Actor, now: datetime
) -> list[int]:
    """Add a shift, on ``days`` days one after the other at the same hours of the wall clock; return their row ids.

    Raises:
        NobodyCalled, BadTurn, NoFallback: see :class:`RosterError`.
        TakenAlready: one of them lies over a shift that is there; then none is added.
    """
    uow.leases.serialise(_SERIALISED)
    user = _checked(uow, wanted, now=now)
    if not 1 <= days <= MOST_DAYS:
        raise BadTurn(f"连续天数须在 1 到 {MOST_DAYS} 之间。")
    ids = []
    for day in range(days):
        starts_at, ends_at = (_days_on(at, day, zone) for at in (wanted.starts_at, wanted.ends_at))
        _must_be_free(uow, wanted.place, starts_at, ends_at, zone=zone)
        shift = Shift(user_id=user.id or 0, place=wanted.place, starts_at=starts_at, ends_at=ends_at)
        ids.append(uow.roster.add(shift))
    detail = {**_told(wanted), "count": days}
    uow.audit.record("roster.add", by=by, at=now, subject=f"shift:{ids[0]}", detail=detail)
    return ids


def change_shift(uow: UnitOfWork, shift_id: int, wanted: WantedTurn, *, zone: tzinfo, by: Actor, now: datetime) -> None:
    """Give a shift another person, place or time.

    Raises:
        NoSuchTurn: there is none.
        NobodyCalled, BadTurn, NoFallback, TakenAlready: see :class:`RosterError`.
    """
    uow.leases.serialise(_SERIALISED)
    shift = _shift(uow, shift_id)
    user = _checked(uow, wanted, now=now)
    _must_be_free(uow, wanted.place, wanted.starts_at, wanted.ends_at, zone=zone, but=shift_id)
    shift.user_id, shift.place = user.id or 0, wanted.place
    shift.starts_at, shift.ends_at = wanted.starts_at, wanted.ends_at
    uow.roster.add(shift)
    uow.audit.record("roster.change", by=by, at=now, subject=f"shift:{shift_id}", detail=_told(wanted))


def remove_shift(uow: UnitOfWork, shift_id: int, *, by: Actor, now: datetime) -> None:
    """Take a shift away.

    Raises:
        NoSuchTurn: there is none.
    """
    uow.leases.serialise(_SERIALISED)
    shift = _shift(uow, shift_id)
    uow.roster.remove(shift)
    uow.audit.record("roster.remove", by=by, at=now, subject=f"shift:{shift_id}", detail=_of(uow, shift))


def add_override(uow: UnitOfWork, wanted: WantedTurn, *, reason: str, by: Actor, now: datetime) -> int:
    """Put somebody else on duty for a time, whatever the shifts say; return its row id.

    Raises:
        NobodyCalled, BadTurn, NoFallback: see :class:`RosterError`.
    """
    uow.leases.serialise(_SERIALISED)
    user = _checked(uow, wanted, now=now)
    why = harmless_text(reason).strip()[:LONGEST_REASON]
    if not why:
        raise BadTurn("请写明为什么换人，接班的人要看。")
    made = ShiftOverride(
        user_id=user.id or 0,
        place=wanted.place,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        reason=why,
        made_by=by.name,
        made_at=now,
    )
    row_id = uow.roster.add(made)
    detail = {**_told(wanted), "reason": why}
    uow.audit.record("roster.override", by=by, at=now, subject=f"override:{row_id}", detail=detail)
    return row_id


def remove_override(uow: UnitOfWork, override_id: int, *, by: Actor, now: datetime) -> None:
    """Take an override away: what lies under it holds again.

    Raises:
        NoSuchTurn: there is none.
    """
    uow.leases.serialise(_SERIALISED)
    override = uow.roster.override(override_id)
    if override is None:
        raise NoSuchTurn(f"没有编号为 {override_id} 的换班，可能刚被删除。")
    uow.roster.remove(override)
    uow.audit.record(
        "roster.remove_override", by=by, at=now, subject=f"override:{override_id}", detail=_of(uow, override)
    )


def _shift(uow: UnitOfWork, shift_id: int) -> Shift:
    shift = uow.roster.shift(shift_id)
    if shift is None:
        raise NoSuchTurn(f"没有编号为 {shift_id} 的班次，可能刚被删除。")
    return shift


def _checked(uow: UnitOfWork, wanted: WantedTurn, *, now: datetime) -> User:
    user = _open_account(uow, wanted.name)
    if wanted.place not in PLACES:
        raise BadTurn("请选第一值班或第二值班。")
    if not wanted.starts_at < wanted.ends_at:
        raise BadTurn("结束时间须晚于开始时间。")
    if wanted.ends_at - wanted.starts_at > LONGEST:
        raise BadTurn(f"一个班次最长 {LONGEST.days} 天。")
    if wanted.ends_at <= now:
        raise BadTurn("这段时间已经过去。")
    if wanted.starts_at > now + FURTHEST or wanted.starts_at < now - LONGEST:
        raise BadTurn("开始时间太远，请检查年份。")
    if uow.roster.fallback() is None:
        raise NoFallback("请先设置兜底人：没有人值班或没有人应答时找他。")
    return user


def _open_account(uow: UnitOfWork, name: str) -> User:
    user = uow.access.user_named(name)
    if user is None or user.disabled_at is not None:
        raise NobodyCalled(f"没有在用的账号 {harmless_text(name)[:64]}。")
    return user


def _must_be_free(
    uow: UnitOfWork, place: int, starts_at: datetime, ends_at: datetime, *, zone: tzinfo, but: int | None = None
) -> None:
    for shift in uow.roster.shifts(since=starts_at, until=ends_at):
        if shift.place == place and shift.id != but:
            user = uow.access.user(shift.user_id)
            when = words.span(shift.starts_at, shift.ends_at, zone)
            raise TakenAlready(f"这段时间已有 {user.name if user else '别人'} 的班（{when}）；临时换人请用“换班”。")


def _days_on(moment: datetime, days: int, zone: tzinfo) -> datetime:
    """Return a moment so many days later, at the same hour of the wall clock."""
    return (moment.astimezone(zone) + timedelta(days=days)).astimezone(moment.tzinfo)


def _told(wanted: WantedTurn) -> dict[str, object]:
    times = {"since": wanted.starts_at.isoformat(), "until": wanted.ends_at.isoformat()}
    return {"name": wanted.name, "place": wanted.place, **times}


def _of(uow: UnitOfWork, turn: Shift | ShiftOverride) -> dict[str, object]:
    user = uow.access.user(turn.user_id)
    return _told(
        WantedTurn(name=user.name if user else "", starts_at=turn.starts_at, ends_at=turn.ends_at, place=turn.place)
    )
