"""How long orders take in a stage, by all of them: also those that are still inside, which are the ones that matter.

The mean of those that have left cannot see an order that never leaves: where a stage stops, it stays as it was. The
order-minutes spent in a window, divided by those that left in it (Little's law), grow without bound instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

FEW = 10
"""Orders; of fewer a verdict is only a suspicion."""

SHORTEST_WINDOW = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFigures:
    """The figures of a stage over a window; times in minutes, None where nothing can be told of them.

    ``flow_mean`` is the mean of every rule; ``done_mean`` is shown beside it and in none. ``p50`` and ``p95`` are None
    where so many have not left yet that the true value lies above ``oldest``.
    """

    inside: int
    exits: int
    flow_mean: float
    done_mean: float | None
    p50: float | None
    p95: float | None
    oldest: float | None
    over: int
    """Orders inside for longer than the limit."""
    inferred: int
    """Exits whose time nobody told: in no mean."""

    @property
    def n(self) -> int:
        """How many orders the figures stand on."""
        return self.exits + self.inside

    @property
    def over_share(self) -> float:
        """The share of those inside that are over the limit."""
        return self.over / self.inside if self.inside else 0.0

    @property
    def is_thin(self) -> bool:
        """Whether a verdict would stand on too few orders, and is shown as 疑似 only."""
        return self.n < FEW


def window_of(limit: timedelta) -> timedelta:
    """Return the live window of a stage."""
    return max(SHORTEST_WINDOW, limit)


def flow_mean(order_minutes: float, exits: int) -> float:
    """Return the minutes spent in a stage for each order that left it; without an exit it grows with the waiting."""
    return order_minutes / max(1, exits)


def quantiles(left: Iterable[float], inside: Iterable[float], shares: Sequence[float]) -> list[float | None]:
    """Return the times under which ``shares`` of the orders lie (Kaplan-Meier).

    An order that is still inside is right-censored at its age: it tells that its time is longer than that. None where
    the curve does not come down so far.
    """
    times = sorted([(minutes, 0) for minutes in left] + [(minutes, 1) for minutes in inside])
    wanted = sorted(range(len(shares)), key=lambda place: shares[place])
    found: list[float | None] = [None] * len(shares)
    at_risk, surviving, next_wanted = len(times), 1.0, 0
    place = 0
    while place < len(times) and next_wanted < len(wanted):
        minutes = times[place][0]
        gone = here = 0
        while place < len(times) and times[place][0] == minutes:
            gone += times[place][1] == 0
            here += 1
            place += 1
        surviving *= 1 - gone / at_risk
        at_risk -= here
        while next_wanted < len(wanted) and 1 - surviving >= shares[wanted[next_wanted]] - 1e-12:
            found[wanted[next_wanted]] = minutes
            next_wanted += 1
    return found
