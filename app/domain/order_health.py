"""When the order flow is unwell: what each of the watch's rules of order health sees in a stage's figures.

Every rule has two lines: beyond one it is wrong, below the other it is well, and between them nothing changes. Minutes
and counts come in, a sight goes out; what the thresholds were chosen by stands in docs/watch.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from statistics import median

from app.domain.alert_life import Sight

HOUR = timedelta(hours=1)


class RedCounts(StrEnum):
    """Which orders of an open incident count as its backlog."""

    OVERDUE = "overdue"
    """Those that have waited for a batch for too long: at 100 a minute more than 200 wait in every half hour, quite
    healthily."""
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """A stage is one where its mean is beyond ``times`` its limit, seen in enough orders."""

    times: float = 2.0
    clears_below: float = 1.5
    orders: int = 10
    inside: int = 3
    hold: timedelta = timedelta(minutes=5)
    """How long it has to last before anybody is told."""

    def sight(self, *, flow_mean: float, limit: float, n: int, inside: int) -> Sight:
        """Look at a stage's mean in minutes."""
        if flow_mean > self.times * limit and n >= self.orders and inside >= self.inside:
            return Sight.WRONG
        return Sight.WELL if flow_mean < self.clears_below * limit else Sight.BETWEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A kind of orders takes longer than ``times`` what it takes on other days."""

    times: float = 1.5
    clears_below: float = 1.25
    orders: int = 30
    of_limit: float = 0.5
    """Less than this part of the limit is nothing to speak of, however unusual."""
    sure: float = 1.64
    """Standard errors: one in twenty is above by chance."""
    hold: timedelta = timedelta(minutes=10)

    def may_be(self, *, flow_mean: float, baseline: float, limit: float, n: int) -> bool:
        """Tell whether it is worth asking how far the orders' times lie apart."""
        return n >= self.orders and flow_mean > max(self.times * baseline, self.of_limit * limit)

    def sight(self, *, flow_mean: float, baseline: float, limit: float, n: int, deviation: float) -> Sight:
        """Look at a mean in minutes; ``deviation`` is the standard deviation of the ``n`` orders' times so far."""
        if self.may_be(flow_mean=flow_mean, baseline=baseline, limit=limit, n=n):
            surely = flow_mean - self.sure * deviation / math.sqrt(n) > baseline
            return Sight.WRONG if surely else Sight.BETWEEN
        return Sight.WELL if flow_mean < self.clears_below * baseline else Sight.BETWEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class GateBlocked:
    """Nothing enters the warehouse although somebody waits; where nobody waits, a quiet hour is just quiet."""

    waiting: int = 3
    high_waiting: int = 1

    def sight(self, *, entered: int, over: int, high_over: int) -> Sight:
        """Look at who entered lately, and at the paid orders that have waited longer than their limit."""
        somebody = over >= self.waiting or high_over >= self.high_waiting
        return Sight.WRONG if entered == 0 and somebody else Sight.WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersSilent:
    """No order came although some should have; by chance that happens once in ``e ** expected`` times."""

    expected: float = 7.0

    def sight(self, *, came: int, expected: float | None) -> Sight:
        """Look at who came, and at how many came in such a time on other days, None where nobody knows."""
        if came > 0:
            return Sight.WELL
        return Sight.WRONG if expected is not None and expected >= self.expected else Sight.BETWEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedBlind:
    """A source tells nothing for longer than it ever does, and for longer than chance alone would have it.

    Without the second test every source of a shop that sleeps is blind at night.
    """

    at_least: timedelta = timedelta(minutes=10)
    gaps: float = 3.0
    """Times its 99th-percentile gap."""
    expected: float = 7.0
    """Times it should have been heard meanwhile; by chance it is heard not once in ``e ** expected`` such times."""

    def sight(
        self, *, silent: timedelta, usual_gap: timedelta, heard_an_hour: float, unreadable: timedelta = timedelta()
    ) -> Sight:
        """Look at how long a source has been silent.

        ``usual_gap`` is the 99th percentile of its gaps, ``heard_an_hour`` how often it was heard in the hour before.
        One that we ask ourselves may have been ``unreadable`` for so long: then nothing can be heard, expected or not.
        That it answers without a row is no proof of life: what it reads from may have stopped.
        """
        if unreadable >= self.at_least:
            return Sight.WRONG
        long = silent >= max(self.at_least, self.gaps * usual_gap)
        return Sight.WRONG if long and heard_an_hour * (silent / HOUR) >= self.expected else Sight.WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogGrowing:
    """More orders are unprocessed than ever at such a time, and they become more."""

    above: float = 200.0
    usual: float = 1.5
    """Times the 95th percentile of other weeks."""
    clears_below: float = 0.8
    more: int = 10
    significance: float = 2.0
    hold: timedelta = timedelta(minutes=3)
    red_counts: RedCounts = RedCounts.OVERDUE
    """Which orders of an open incident are its backlog."""

    def line(self, usual: float | None) -> float:
        """Return the line; ``usual`` is the 95th percentile at such a time, None where nobody knows."""
        return max(self.above, self.usual * usual) if usual is not None else self.above

    def grows(self, samples: Sequence[int], *, came: int, went: int) -> bool:
        """Tell whether a backlog grows, by its last eleven minutes, oldest first, and by who came and went meanwhile.

        A flow in balance trembles, so three things must agree; "more than ten minutes ago" alone is true in 40 % of all
        minutes.
        """
        if len(samples) < 2 or samples[-1] - samples[0] < self.more or came + went == 0:  # noqa: PLR2004 - two points
            return False
        return (came - went) / math.sqrt(came + went) > self.significance and slope(samples) > 0

    def sight(self, *, backlog: int, line: float, grows: bool) -> Sight:
        """Look at a backlog."""
        if grows and backlog > line:
            return Sight.WRONG
        return Sight.BETWEEN if grows and backlog >= self.clears_below * line else Sight.WELL


def slope(samples: Sequence[int]) -> float:
    """Return how much samples rise from one to the next, whatever a few of them do (Theil-Sen: the median slope)."""
    pairs = ((b - a) / (n - m) for m, a in enumerate(samples) for n, b in enumerate(samples[m + 1 :], start=m + 1))
    return median(pairs)


def starved(*, entered: int, upstream_is_wrong: bool) -> bool:
    """Tell whether a stage stands still only because nothing comes from the one before it."""
    return entered == 0 and upstream_is_wrong
