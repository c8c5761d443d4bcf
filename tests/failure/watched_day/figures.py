"""What the watch can know of the orders at a minute, and the figures that the facts define over it; nothing of Lifeboat.

A stage's live window is the longer of half an hour and its limit. An order that is called off has never been.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median, stdev

from tests.failure.watched_day.before import HoursBefore
from tests.failure.watched_day.truth import CARRIER, CHANNELS, DAY, HOUR, MARKS, MINUTE, TrueOrder

LIMITS = {1: 5, 2: 30, 3: 60, 4: 120, 5: 240}
"""Minutes."""

HALF_HOUR = 30
FEWEST_ORDERS, FEWEST_DAYS = 30, 3


def window_of(stage: int) -> int:
    """Return the live window of a stage in minutes."""
    return max(HALF_HOUR, LIMITS[stage])


@dataclass(slots=True)
class KnownVisit:
    """A stay in a stage as far as it is known; ``left`` is None until it is."""

    entered: int
    left: int | None = None


@dataclass(slots=True)
class StageFigures:
    """One storefront's orders in one stage over the live window; times in minutes."""

    spent: float
    exits: int
    entered: int
    inside: int
    times: list[float]

    @property
    def n(self) -> int:
        return self.exits + self.inside

    @property
    def mean(self) -> float:
        """Order-minutes divided by those that left: the mean of every rule."""
        return self.spent / max(1, self.exits)

    @property
    def surely_above(self) -> float:
        """What the mean is above by no chance: less 1.64 standard errors."""
        return self.mean - 1.64 * (stdev(self.times) / math.sqrt(self.n) if len(self.times) > 1 else 0.0)


@dataclass
class Known:
    """What is known, minute by minute: call ``at`` with ever later minutes."""

    orders: Sequence[TrueOrder]
    now: int = 0
    visits: dict[tuple[str, int], dict[str, KnownVisit]] = field(default_factory=dict)
    heard: dict[str, list[int]] = field(default_factory=dict)
    """By feed: the moments at which it told something new."""
    _news: list[tuple[int, int, TrueOrder]] = field(default_factory=list)
    _next: int = 0

    def __post_init__(self) -> None:
        self.visits = {(channel, stage): {} for channel in CHANNELS for stage in LIMITS}
        self._news = sorted(
            ((known, mark, order) for order in self.orders for mark, known in enumerate(order.known)),
            key=lambda one: one[:2],
        )

    def at(self, now: int) -> None:
        """Learn what can be known by then, and forget who left before every window."""
        self.now = now
        while self._next < len(self._news) and self._news[self._next][0] <= now:
            known, mark, order = self._news[self._next]
            self._next += 1
            feed = CARRIER if mark == len(MARKS) - 1 else order.feed.name
            moments = self.heard.setdefault(feed, [])
            if not moments or moments[-1] != known:
                moments.append(known)
            self._learn(mark, order)
        end = now // MINUTE * MINUTE
        for (_, stage), visits in self.visits.items():
            since = end - window_of(stage) * MINUTE
            for number in [number for number, one in visits.items() if one.left is not None and one.left < since]:
                del visits[number]

    def _learn(self, mark: int, order: TrueOrder) -> None:
        if mark == len(order.at):  # called off
            for stage in LIMITS:
                self.visits[order.channel, stage].pop(order.number, None)
            return
        told = order.told(mark)
        if mark > 0:
            self.visits[order.channel, mark][order.number].left = told
        if mark < len(MARKS) - 1:
            self.visits[order.channel, mark + 1][order.number] = KnownVisit(told)

    def figures(self, channel: str, stage: int) -> StageFigures:
        """Return the figures at the last whole minute."""
        end = self.now // MINUTE * MINUTE
        since = end - window_of(stage) * MINUTE
        found = StageFigures(0.0, 0, 0, 0, [])
        for one in self.visits[channel, stage].values():
            if one.entered >= end:
                continue
            left = one.left if one.left is not None and one.left < end else None
            found.spent += (min(left or end, end) - max(one.entered, since)) / MINUTE
            found.entered += one.entered >= since
            found.exits += left is not None
            found.inside += left is None
            found.times.append(((left or end) - one.entered) / MINUTE)
        return found

    def over(self, channel: str, stage: int) -> int:
        """Count who has been in a stage for longer than its limit."""
        before = self.now // MINUTE * MINUTE - LIMITS[stage] * MINUTE
        return sum(one.left is None and one.entered < before for one in self.visits[channel, stage].values())

    def backlog(self, channels: Sequence[str]) -> tuple[list[int], int, int]:
        """Return the unprocessed orders of the last eleven minutes, oldest first, and who came and went in ten."""
        end = self.now // MINUTE * MINUTE
        samples, came, went = [0] * 11, 0, 0
        for channel in channels:
            for stage in (2, 3):
                for one in self.visits[channel, stage].values():
                    left = one.left if one.left is not None else end + DAY
                    for place, minute in enumerate(range(end - 10 * MINUTE, end + 1, MINUTE)):
                        samples[place] += one.entered < minute <= left
                    came += stage == 2 and end - 10 * MINUTE <= one.entered < end
                    went += stage == 3 and end - 10 * MINUTE <= left < end
        return samples, came, went

    def silent(self, feed: str) -> float:
        """Return for how many minutes a feed has told nothing new."""
        moments = self.heard.get(feed, [])
        return (self.now - moments[-1]) / MINUTE if moments else 0.0

    def usual_gap(self, feed: str) -> float:
        """Return the 99th percentile of a feed's gaps before this hour, in minutes."""
        moments = self.heard.get(feed, [])
        known = moments[: bisect_right(moments, self.now // HOUR * HOUR)]
        gaps = sorted(after - before for before, after in pairwise(known))
        return gaps[math.ceil(len(gaps) * 0.99) - 1] / MINUTE if gaps else 0.0


class Usual:
    """What is usual in an hour, by the hours before."""

    def __init__(self, before: HoursBefore) -> None:
        self._before = before
        samples: dict[tuple[int, int], list[int]] = {}
        inside = 0
        for minute in range(min(before.unprocessed), 0):
            samples.setdefault((minute // (DAY // MINUTE), minute // 60 % 24), []).append(inside)
            inside += before.unprocessed.get(minute, 0)
        self._backlogs = samples

    def mean(self, channel: str, stage: int, hour: int) -> float | None:
        """Return the median of the daily means at this hour of the day, or of all hours where there are too few."""
        spent, left = self._before.spent, self._before.left
        for of_day in _cells(hour):
            days = [
                (
                    sum(spent.get((channel, stage, one), 0) for one in day),
                    sum(left.get((channel, stage, one), 0) for one in day),
                )
                for day in of_day
            ]
            means = [seconds / MINUTE / exits for seconds, exits in days if exits]
            if sum(exits for _, exits in days) >= FEWEST_ORDERS and len(means) >= FEWEST_DAYS:
                return median(means)
        return None

    def came(self, channel: str, hour: int) -> float:
        """Return how many orders usually come in half an hour at this hour of the day."""
        return median(self._before.entered.get((channel, 1, hour - 24 * day), 0) for day in range(1, 15)) / 2

    def backlog(self, hour: int) -> float:
        """Return the 95th percentile of the unprocessed in this hour of the week."""
        of_week = sorted(one for week in (1, 2) for one in self._backlogs.get((-7 * week, hour), []))
        return float(of_week[math.ceil(len(of_week) * 0.95) - 1]) if of_week else 0.0


def _cells(hour: int) -> Iterator[list[list[int]]]:
    """Yield the hours to compare with: of the week (four weeks; two are there), of the day, then all of two weeks."""
    yield [[hour - 24 * 7 * week] for week in (1, 2)]
    yield [[hour - 24 * day] for day in range(1, 15)]
    yield [list(range(-24 * day, -24 * (day - 1))) for day in range(1, 15)]
