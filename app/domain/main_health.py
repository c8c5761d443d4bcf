"""Whether the main system takes orders: judged by its health address, a look-up, and the orders that proxies pass on.

A health address alone lies: it answers while every order hangs. So an order that had been sent to the main system
before it came to us outweighs it, at once; and before the main system counts as back, all that is asked must have
answered, and no such order have come, for a whole window.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from app.domain.dependency import Probed

GAP = timedelta(minutes=1)
"""Between looks further apart than this anything may have happened: what they found is no unbroken time."""

STALE = timedelta(minutes=2)
"""A look that is older says nothing of now: nobody looks any more."""

LONGEST_ORDER = timedelta(days=1)
"""What a person says of the main system holds no longer; whoever still thinks so says it again."""


class MainState(StrEnum):
    """How the main system stands."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
    """Nobody can tell: its health address answers and a look-up does not, or nobody has looked for a window yet."""


class Answers(StrEnum):
    """What one look found."""

    WELL = "well"
    ILL = "ill"
    UNCLEAR = "unclear"
    """Its health address answers, and a look-up does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MainHealth:
    """What the looks so far have come to; ``since`` is since when each look was well, or none was."""

    state: MainState = MainState.UNKNOWN
    answers: Answers | None = None
    since: datetime | None = None
    looked_at: datetime | None = None


def answers_of(health: Probed, lookup: Probed | None) -> Answers:
    """Return what one look found; without an address to look an order up at, its health address says all."""
    if health.ms is None:
        return Answers.ILL
    return Answers.UNCLEAR if lookup is not None and lookup.ms is None else Answers.WELL


def after_look(
    known: MainHealth, answers: Answers, *, sent_at: datetime | None, window: timedelta, now: datetime
) -> MainHealth:
    """Return how the main system stands after one more look.

    ``sent_at`` is when the newest order came that had been sent to it before; ``window`` is twice the time for which a
    proxy lets it rest.
    """
    alike = known.answers is not None and (known.answers is Answers.WELL) == (answers is Answers.WELL)
    since = known.since if alike and _follows(known.looked_at, now) else None
    seen = replace(known, answers=answers, since=since or now, looked_at=now)
    if is_recent(sent_at, window=window, now=now):
        return replace(seen, state=MainState.DOWN)
    if since is None or now - since < window:
        return seen
    match answers:
        case Answers.WELL:
            return replace(seen, state=MainState.UP)
        case Answers.ILL:
            return replace(seen, state=MainState.DOWN)
        case Answers.UNCLEAR:
            # It counts as back only once all of it answers; but as down it counts only where something says so.
            return replace(seen, state=MainState.UNKNOWN) if seen.state is MainState.UP else seen
        case _:
            assert_never(answers)


def is_recent(at: datetime | None, *, window: timedelta, now: datetime) -> bool:
    """Tell whether a moment lies within a window; one ahead of the clock, which was set back, within as much."""
    return at is not None and abs(now - at) <= window


def is_in_force(until: datetime | None, *, now: datetime) -> bool:
    """Tell whether what a person says still holds; what claims to hold too long was said on another clock."""
    return until is not None and now < until <= now + LONGEST_ORDER


def _follows(looked_at: datetime | None, now: datetime) -> bool:
    return looked_at is not None and timedelta() <= now - looked_at <= GAP
