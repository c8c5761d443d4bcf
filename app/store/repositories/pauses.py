"""Destinations that are left alone for a while: a provider's limit, or a fault that a person must mend."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, not_, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from app.store.statements import add_pause, set_pause
from app.store.tables import Pause

LONGEST = timedelta(days=1)
"""No pause of any channel reaches further ahead: a provider's daily limit."""

AHEAD = "ahead:"
"""Before a destination's name: the note of attempts that are dated ahead of the clock, which was set back."""

NUMBER = "number:"
"""Before the mark of a phone: a provider takes no text message for this number for a while."""

PERSON = "person:"
"""Before a destination's name: the pause that a person ordered, which no provider's answer lengthens or lifts."""


def number_name(phone_index: bytes) -> str:
    """Return the name under which a number waits; the phone itself stands nowhere."""
    return f"{NUMBER}{phone_index.hex()}"


class PauseRepository:
    """Keeps and lifts pauses."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pause(
        self,
        name: str,
        *,
        reason: str,
        until: datetime,
        now: datetime,
        fault: bool = False,
        attempt: int | None = None,
        longest: timedelta = LONGEST,
    ) -> None:
        """Keep everybody from ``name`` until then; ``attempt`` is the newest there is.

        What is known already is only added to. A pause that holds is not cut short: of twenty messages under way the
        one that is told to wait a minute may be recorded after the one that is told to wait a day. A fault remains one,
        with its reason and the moment it began, until something gets through: a limit tells nothing about it.
        """
        row = {
            "name": name,
            "until": until,
            "reason": reason[:200],
            "fault": fault,
            "since": now,
            "after_attempt": attempt,
        }
        add_pause(self._session, row, now=now, furthest=now + longest)

    def order(self, name: str, *, why: str, by: str, until: datetime, now: datetime) -> None:
        """Keep everybody from ``name`` until then, as a person says; what was said before is replaced."""
        row = {"name": f"{PERSON}{name}", "until": until, "reason": why[:200], "since": now, "by": by}
        set_pause(self._session, {**row, "fault": False, "after_attempt": None})

    def countermand(self, name: str) -> bool:
        """Forget the pause that a person ordered; False if there is none."""
        return bool(self._session.execute(delete(Pause).where(Pause.name == f"{PERSON}{name}")).rowcount)

    def lift(self, name: str, *, by_attempt: int) -> None:
        """Forget the pause of ``name``: ``by_attempt`` got through, and began when the pause was known already.

        One that was under way while another was refused tells nothing of what the provider says now.
        """
        before = func.coalesce(Pause.after_attempt, 0) < by_attempt
        self._session.execute(delete(Pause).where(Pause.name == name, before))

    def forget_but(self, names: Iterable[str]) -> int:
        """Forget the pauses of all destinations but these, and what was noted of their attempts; return how many.

        Nothing is sent to them any more, so nothing would ever lift the pause.
        """
        kept = [kept for name in names for kept in (name, f"{AHEAD}{name}", f"{PERSON}{name}")]
        gone = and_(Pause.name.not_in(kept), not_(_OF_NUMBERS))
        return self._session.execute(delete(Pause).where(gone)).rowcount

    def forget_over(self, *, now: datetime, longest: timedelta = LONGEST) -> int:
        """Forget the waits of numbers, and what people ordered, that are over; return how many.

        One that was written before the clock was set back is over, too.
        """
        over = and_(or_(_OF_NUMBERS, _OF_PEOPLE), or_(Pause.until <= now, Pause.until > now + longest))
        return self._session.execute(delete(Pause).where(over)).rowcount

    def get(self, name: str) -> Pause | None:
        """Return the pause of ``name``, over or not."""
        return self._session.get(Pause, name, populate_existing=True)

    def holds(self, name: str, *, now: datetime, longest: timedelta) -> bool:
        """Tell whether ``name`` is to be left alone now, for the provider's sake or because a person says so.

        No pause of a provider reaches further ahead than ``longest``, and no person's further than a day: one that does
        was written before the clock was set back, and counts no more.
        """
        rows = select(Pause.name, Pause.until).where(Pause.name.in_((name, f"{PERSON}{name}")))
        return any(
            now < until <= now + (longest if known == name else LONGEST) for known, until in self._session.execute(rows)
        )

    def waiting_numbers(
        self, marks: Iterable[bytes], *, now: datetime, longest: timedelta = LONGEST
    ) -> dict[bytes, datetime]:
        """Return until when numbers wait, of these phones' marks those that do."""
        names = {number_name(mark): mark for mark in marks}
        held = and_(Pause.name.in_(names), Pause.until > now, Pause.until <= now + longest)
        return {
            names[name]: until for name, until in self._session.execute(select(Pause.name, Pause.until).where(held))
        }

    def faults(self) -> list[Pause]:
        """Return destinations that refused for a reason of their own and have taken nothing since."""
        return list(self._session.scalars(select(Pause).where(Pause.fault).order_by(Pause.name)))

    def of_channels(self) -> list[Pause]:
        """Return what is known of every destination, over or not; a few rows."""
        notes = or_(_OF_NUMBERS, _OF_PEOPLE, col(Pause.name).startswith(AHEAD, autoescape=True))
        return list(self._session.scalars(select(Pause).where(not_(notes)).order_by(Pause.name)))

    def of_people(self, *, now: datetime) -> list[Pause]:
        """Return what people have ordered and is not over; ``name`` is that of the destination behind ``person:``."""
        held = and_(_OF_PEOPLE, Pause.until > now, Pause.until <= now + LONGEST)
        return list(self._session.scalars(select(Pause).where(held).order_by(Pause.name)))


_OF_PEOPLE = col(Pause.name).startswith(PERSON, autoescape=True)
_OF_NUMBERS = col(Pause.name).startswith(NUMBER, autoescape=True)
