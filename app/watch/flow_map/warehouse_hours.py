"""When the warehouse works: a person words it anew, and the clock of its stages runs by it from a little later on.

Never from earlier: the sums of the stages hold readings of the clock, and only a past that stays as it was keeps them
right without adding every visit up again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from app.domain.actor import Actor
from app.domain.flow import AHEAD
from app.domain.problems import NotInThisState
from app.domain.warehouse_hours import ALL_DAY, WEEKDAYS, WrongHours, hours_of, span_words, special_days_of
from app.store.repositories.stage_clocks import WAREHOUSE
from app.store.tables import WarehouseHoursRow
from app.store.unit_of_work import UnitOfWork
from app.words import WEEKDAYS as DAY_WORDS

MINUTE = timedelta(minutes=1)
NOT_BEFORE = AHEAD + 3 * MINUTE
"""So much later new hours hold at the earliest: events may be ahead of us by the one part, hosts by the other."""


@dataclass(frozen=True, slots=True)
class WantedHours:
    """Hours as somebody typed them: seven texts, Monday first, and a line for each special day."""

    week: Sequence[str]
    special_days: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursInForce:
    """The newest wording; version 0 where there is none, and the warehouse counts as open always.

    It holds from ``starts_at`` on, which may still lie ahead. ``open`` is how things stand now; where it is not,
    ``opens_at`` is when that changes.
    """

    version: int
    week: tuple[str, ...]
    special_days: Mapping[str, str]
    zone: str
    starts_at: datetime | None
    changed_at: datetime | None
    changed_by: str
    open: bool
    opens_at: datetime | None

    @property
    def always(self) -> bool:
        """Whether it is open without an end."""
        return not self.special_days and set(self.week) == {ALL_DAY}


def hours_in_force(uow: UnitOfWork, *, zone: ZoneInfo, now: datetime) -> HoursInForce:
    """Return when the warehouse works; ``zone`` is the merchant's, for hours that nobody has worded yet."""
    row, clock = uow.warehouse_hours.latest().get(WAREHOUSE), uow.clocks.warehouse()
    is_open = clock.is_open(now)
    return HoursInForce(
        version=row.version if row else 0,
        week=tuple(row.week) if row else (ALL_DAY,) * WEEKDAYS,
        special_days=row.special_days if row else {},
        zone=row.zone if row else zone.key,
        starts_at=row.starts_at if row else None,
        changed_at=row.changed_at if row else None,
        changed_by=row.changed_by if row else "",
        open=is_open,
        opens_at=None if is_open else clock.opens_at(now),
    )


def set_hours(
    uow: UnitOfWork, wanted: WantedHours, *, seen: int, zone: ZoneInfo, by: Actor, now: datetime
) -> WarehouseHoursRow:
    """Word the hours anew, on the wall clocks of ``zone``; ``seen`` is the version that was looked at, 0 for none.

    Raises:
        NotInThisState: something typed is no time, or somebody else has worded them since.
    """
    try:
        special = special_days_of(wanted.special_days)
        hours = hours_of(wanted.week, special)
    except WrongHours as error:
        raise NotInThisState(str(error)) from None
    row = WarehouseHoursRow(
        clock=WAREHOUSE,
        version=seen + 1,
        starts_at=_earliest(uow, now),
        zone=zone.key,
        week=[span_words(spans) for spans in hours.week],
        special_days={day.isoformat(): span_words(spans) for day, spans in hours.special},
        changed_at=now,
        changed_by=by.name,
    )
    if not uow.warehouse_hours.follow(row):
        raise NotInThisState("作业时间刚被别人改过，请看过新的再改。")
    told = {"version": row.version, "since": row.starts_at.isoformat(), "zone": row.zone}
    text = "；".join(filter(None, (week_words(row.week), "，".join(special_words(row.special_days)))))
    uow.audit.record("flow.hours", by=by, at=now, subject=f"clock:{WAREHOUSE}", detail={**told, "text": text})
    return row


def _earliest(uow: UnitOfWork, now: datetime) -> datetime:
    """Return the whole minute from which new hours may hold: after all that the clock has been read at so far.

    What was worded before may hold from later than that, and what was told may lie ahead, where a clock was set back.
    """
    last = uow.warehouse_hours.latest().get(WAREHOUSE)
    known = [at for at in (uow.health.newest_minute(), last.starts_at if last else None) if at is not None]
    return max([now + NOT_BEFORE, *known]).replace(second=0, microsecond=0) + MINUTE


def week_words(week: Sequence[str]) -> str:
    """Return the hours of a week in words, days alike together."""
    days = [(DAY_WORDS[str(number)], text) for number, text in enumerate(week, start=1)]
    parts = []
    for text, alike in groupby(days, key=lambda day: day[1]):
        names = [name for name, _ in alike]
        name = names[0] if len(names) == 1 else f"{names[0]}至{names[-1]}"
        parts.append(f"{name} {text or '休'}")
    return "；".join(parts)


def special_words(special_days: Mapping[str, str]) -> list[str]:
    """Return the special days as they are typed."""
    return [f"{day} {text or '休'}" for day, text in sorted(special_days.items())]
