"""Who is on duty when: shifts, overrides that win over them, and what neither covers; asked anew each time."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

FIRST, SECOND = 1, 2
PLACES = (FIRST, SECOND)
"""Who is asked first, and who is asked where the first does not answer; behind both stands the fallback person."""

AHEAD = timedelta(days=14)
"""How far gaps are looked for: long enough to find somebody, short enough to be planned at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A person's time in a place, from ``starts_at`` until just before ``ends_at``; an override stands over others."""

    id: int
    who: int
    place: int = FIRST
    starts_at: datetime
    ends_at: datetime
    override: bool = False

    def holds(self, moment: datetime) -> bool:
        """Tell whether it covers a moment."""
        return self.starts_at <= moment < self.ends_at


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time without a change in a place: the turn that holds in it, or None where nobody is on duty."""

    starts_at: datetime
    ends_at: datetime
    turn: Turn | None

    @property
    def who(self) -> int | None:
        """Who is on duty in it."""
        return self.turn.who if self.turn else None


def holding(turns: Collection[Turn], place: int, moment: datetime, *, able: Collection[int]) -> Turn | None:
    """Return the turn that holds in a place at a moment; one of somebody not ``able`` (any more) counts for none.

    An override wins over a shift. Of two overrides the one that was made last wins, of two shifts, which the verbs
    never leave beside each other, the one that began last.
    """
    mine = [turn for turn in turns if turn.place == place and turn.who in able and turn.holds(moment)]
    return max(mine, key=_weight, default=None)


def _weight(turn: Turn) -> tuple[bool, datetime | int, int]:
    return turn.override, turn.id if turn.override else turn.starts_at, turn.id


def stretches(
    turns: Collection[Turn], place: int, *, since: datetime, until: datetime, able: Collection[int]
) -> list[Stretch]:
    """Return what holds in a place from ``since`` to ``until``, gaps too, without a break and in order.

    Turns of one person that follow each other are stretches of their own only where the turn changes.
    """
    edges = {moment for turn in turns for moment in (turn.starts_at, turn.ends_at) if since < moment < until}
    moments = sorted({since, until, *edges}) if since < until else []
    found: list[Stretch] = []
    for starts_at, ends_at in pairwise(moments):
        turn = holding(turns, place, starts_at, able=able)
        if found and found[-1].turn == turn:
            found[-1] = Stretch(found[-1].starts_at, ends_at, turn)
        else:
            found.append(Stretch(starts_at, ends_at, turn))
    return found


def gaps(turns: Collection[Turn], *, since: datetime, until: datetime, able: Collection[int]) -> list[Stretch]:
    """Return when nobody is first on duty."""
    return [one for one in stretches(turns, FIRST, since=since, until=until, able=able) if one.turn is None]


@dataclass(frozen=True, slots=True)
class DutyChange:
    """Somebody else takes over in a place; None stands for nobody, whom the fallback person stands in for."""

    at: datetime
    place: int
    before: int | None
    after: int | None


def changes(
    turns: Collection[Turn], *, since: datetime, until: datetime, able: Collection[int]
) -> Iterator[DutyChange]:
    """Yield the changes of person after ``since``, up to ``until``, by place and time."""
    for place in PLACES:
        around: Sequence[Stretch] = stretches(
            turns, place, since=since - timedelta(seconds=1), until=until + timedelta(seconds=1), able=able
        )
        for one, other in pairwise(around):
            if one.who != other.who and since < other.starts_at <= until:
                yield DutyChange(other.starts_at, place, one.who, other.who)
