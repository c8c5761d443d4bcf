"""The roster: shifts, overrides, the fallback person, and what has been told of it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain.roster import Turn
from app.store.statements import insert_new
from app.store.tables import DutyFallback, DutyNotice, Shift, ShiftOverride, User

MOST = 2_000
"""Shifts of a look: years of a small team's, and a bound on what a look may cost."""


class RosterRepository:
    """Keeps who is on duty and finds it; nothing here is remembered between two questions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def shifts(self, *, since: datetime, until: datetime) -> list[Shift]:
        """Return the shifts that touch a time, by their beginning."""
        touching = select(Shift).where(Shift.ends_at > since, Shift.starts_at < until)
        return list(self._session.scalars(touching.order_by(Shift.starts_at, Shift.id).limit(MOST)))

    def overrides(self, *, since: datetime, until: datetime) -> list[ShiftOverride]:
        """Return the overrides that touch a time, by their beginning."""
        touching = select(ShiftOverride).where(ShiftOverride.ends_at > since, ShiftOverride.starts_at < until)
        return list(self._session.scalars(touching.order_by(ShiftOverride.starts_at, ShiftOverride.id).limit(MOST)))

    def turns(self, *, since: datetime, until: datetime) -> list[Turn]:
        """Return shifts and overrides that touch a time, as the rules take them."""
        return [
            *(_turn(one, override=False) for one in self.shifts(since=since, until=until)),
            *(_turn(one, override=True) for one in self.overrides(since=since, until=until)),
        ]

    def able(self) -> set[int]:
        """Return the row ids of the people who can be on duty: whoever's account is open."""
        return set(self._session.scalars(select(User.id).where(User.disabled_at.is_(None))))

    def shift(self, shift_id: int) -> Shift | None:
        """Return the shift with this row id."""
        return self._session.get(Shift, shift_id)

    def override(self, override_id: int) -> ShiftOverride | None:
        """Return the override with this row id."""
        return self._session.get(ShiftOverride, override_id)

    def add(self, turn: Shift | ShiftOverride) -> int:
        """Add a shift or an override, or keep one that was changed; return its row id."""
        self._session.add(turn)
        self._session.flush()
        return turn.id or 0

    def remove(self, turn: Shift | ShiftOverride) -> None:
        """Remove a shift or an override."""
        self._session.delete(turn)
        self._session.flush()

    def fallback(self) -> DutyFallback | None:
        """Return who is asked where nobody on duty answers; None where there is no roster yet."""
        return self._session.get(DutyFallback, 1)

    def set_fallback(self, user_id: int, *, by: str, now: datetime) -> None:
        """Set the fallback person."""
        self._session.merge(DutyFallback(id=1, user_id=user_id, set_by=by[:80], set_at=now))

    def tell_once(self, keys: Collection[str], *, now: datetime) -> set[str]:
        """Write down that these are being told now, in the caller's transaction; return those that were not before."""
        rows = [{"once": key, "told_at": now} for key in sorted(set(keys))]
        return set(insert_new(self._session, DutyNotice, rows, unique=("once",)))

    def told(self, keys: Collection[str]) -> set[str]:
        """Return which of these have been told."""
        return set(self._session.scalars(select(DutyNotice.once).where(DutyNotice.once.in_(sorted(keys)))))

    def forget_notices(self, *, before: datetime) -> int:
        """Forget what was told before a moment; return how many."""
        return self._session.execute(delete(DutyNotice).where(DutyNotice.told_at < before)).rowcount


def _turn(row: Shift | ShiftOverride, *, override: bool) -> Turn:
    return Turn(
        id=row.id or 0,
        who=row.user_id,
        place=row.place,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        override=override,
    )
