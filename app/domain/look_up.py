"""Looking orders up in the main system: how it ends, when it may begin, and when the main system is left alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

NOT_BEFORE = timedelta(seconds=120)
"""After an order was handed over: a slow main system stores it seconds after we have answered the customer."""

LEAST_APART = timedelta(seconds=30)
"""Between two looks for one order, also where a person wants them at once."""

QUIET = timedelta(seconds=60)
"""As long as orders that were sent to it first keep coming, the main system is not back: its "no" is not believed."""

SHORTEST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(minutes=10)
FAILURES = 5
"""Calls in a row without an answer after which it is left alone."""


class LookUpState(StrEnum):
    """How the look for one order stands."""

    OPEN = "open"
    FOUND = "found"
    ABSENT = "absent"
    PERSON = "person"
    """No machine can tell; whoever knows more says so."""
    OVER = "over"
    """Somebody else has settled it meanwhile."""


def may_be_asked_at(handed_over_at: datetime, *, now: datetime) -> datetime:
    """Return when an order may be looked up first; one handed over "ahead" of the clock counts from now."""
    return min(handed_over_at, now) + NOT_BEFORE


def is_back(last_handed_over: datetime | None, *, now: datetime) -> bool:
    """Tell whether the main system takes orders again, as far as no proxy has had to pass on one that it sent."""
    return last_handed_over is None or not now - QUIET < last_handed_over <= now


@dataclass(slots=True)
class CircuitBreaker:
    """Leaves a main system alone that does not answer: for longer each time, with one call to see whether it does."""

    _failures: int = 0
    _rest: timedelta = SHORTEST_REST
    _open_until: datetime | None = None

    def allows(self, now: datetime) -> bool:
        """Tell whether it may be called; a rest that is longer than any was noted before the clock was set back."""
        return self._open_until is None or not now < self._open_until <= now + LONGEST_REST

    def answered(self) -> None:
        """Note that it has answered: all is well again."""
        self._failures, self._rest, self._open_until = 0, SHORTEST_REST, None

    def failed(self, now: datetime) -> None:
        """Note a call without an answer; the first after a rest opens it again, and doubles the rest."""
        self._failures += 1
        if self._failures >= FAILURES:
            self.leave_alone(self._rest, now=now)
            self._rest = min(self._rest * 2, LONGEST_REST)

    def leave_alone(self, wait: timedelta, *, now: datetime) -> None:
        """Call nobody for ``wait``, as it has asked for, or until a person has put the access right."""
        self._open_until = now + min(wait, LONGEST_REST)
