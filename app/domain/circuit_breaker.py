"""When a main system that does not answer is left alone, and for how long."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.main_system import CreateOutcome, FindOutcome, MainUnknown

SHORTEST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(minutes=10)
FAILURES = 5
"""Calls in a row without an answer after which it is left alone."""


@dataclass(slots=True)
class CircuitBreaker:
    """Leaves a main system alone that does not answer: for longer each time, with one call to see whether it does."""

    _failures: int = 0
    _rest: timedelta = SHORTEST_REST
    _open_until: datetime | None = None

    def allows(self, now: datetime) -> bool:
        """Tell whether it may be called; a rest that is longer than any was noted before the clock was set back."""
        return self._open_until is None or not now < self._open_until <= now + LONGEST_REST

    def heard(self, outcome: CreateOutcome | FindOutcome, *, now: datetime) -> None:
        """Note what a call came to: only where asking again may tell more was it no answer."""
        if isinstance(outcome, MainUnknown) and outcome.helps:
            self.failed(now)
        else:
            self.answered()

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
