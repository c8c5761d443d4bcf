"""When a heartbeat that somebody owes us is due, late or missing: arithmetic over what was heard, nothing else.

A job of somebody else's says when it begins, ends well or fails. What counts is that it ends well in time: a run that
has begun and says nothing more is overdue from its beginning, and a new beginning heals nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

EARLY_AT_LEAST = timedelta(minutes=2)
EARLY_PART = 10
"""A success may come a tenth of the period early: clocks differ, and an idle machine is early by a minute. If it did
not count for its due time, that would be missed hours later."""


class BeatState(StrEnum):
    """How a heartbeat stands; ``new`` means that nothing was ever heard of it."""

    NEW = "new"
    UP = "up"
    LATE = "late"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What was heard of a heartbeat that is due once each ``every`` and may be late by ``grace``.

    ``failures`` counts those in a row, of which ``most_failures`` make a trouble; ``started_at`` is the beginning of a
    run that has not ended.
    """

    every: timedelta
    grace: timedelta
    most_failures: int = 1
    due_at: datetime | None = None
    started_at: datetime | None = None
    failures: int = 0

    @property
    def early(self) -> timedelta:
        """How long before its due time a success counts for it."""
        return max(EARLY_AT_LEAST, self.every / EARLY_PART)

    def succeeded(self, at: datetime) -> "Beat":
        """Return the heartbeat after a success.

        One that comes long before its due time is another run: the one that is due is still awaited. A due time that
        lies further ahead than any success can put it was written before the clock was set back.
        """
        due = self.due_at
        if due is None or at > due or due > at + self.every + self.early:
            due = at + self.every
        elif at >= due - self.early:
            due += self.every
        return replace(self, due_at=due, started_at=None, failures=0)

    def begun(self, at: datetime) -> "Beat":
        """Return the heartbeat after a run has begun; the oldest one that has not ended counts."""
        return replace(self, started_at=self.started_at or at)

    def failed(self, at: datetime) -> "Beat":
        """Return the heartbeat after a failure; a success is still due when it was."""
        return replace(self, due_at=self.due_at or at + self.every, started_at=None, failures=self.failures + 1)

    @property
    def overdue_at(self) -> datetime | None:
        """Since when a success is awaited; None while nothing was heard."""
        return min((moment for moment in (self.due_at, self.started_at) if moment is not None), default=None)

    def state(self, now: datetime) -> BeatState:
        """Return how it stands."""
        if self.failures >= self.most_failures:
            return BeatState.DOWN
        awaited = self.overdue_at
        if awaited is None:
            return BeatState.NEW
        if now > awaited + self.grace:
            return BeatState.DOWN
        return BeatState.LATE if now > awaited else BeatState.UP
