"""Finds the minute in which a stage's exits fell under half of what is usual; pure, no row is read here.

A minute alone tells nothing where few orders leave: at one in two minutes every second minute is empty. So as many
minutes are taken together as usually see seven exits (then none at all is chance once in a thousand times), and within
those the minute is taken at which the count turned.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

MINUTE = timedelta(minutes=1)
EXPECTED = 7.0
LONGEST = 60
"""Minutes taken together at most: of a stage with fewer exits than seven an hour no such minute can be told."""

FEWEST_DAYS = 3
HALF = 0.5


def usual_exits(
    by_minute: Mapping[datetime, int],
    *,
    now: datetime,
    looked_at: timedelta,
    runs: Callable[[datetime], bool] = lambda _minute: True,
) -> list[float]:
    """Return the usual exits of each minute of the time before ``now`` that is looked at, oldest first.

    They are the median of the same hour of the days before, where three days have any; else the median of the tens of
    minutes looked at, which a stop of less than half that time does not move. In a minute in which the stage's clock
    does not run none is usual, so that closing is no fall.
    """
    minutes = int(looked_at / MINUTE)
    start = now - minutes * MINUTE
    by_hour: dict[tuple[int, int], int] = {}
    for minute, count in by_minute.items():
        if minute < start:
            ago = int((now - minute - MINUTE) / timedelta(hours=1))
            key = (ago // 24, ago % 24)
            by_hour[key] = by_hour.get(key, 0) + count
    running = [runs(start + n * MINUTE) for n in range(minutes)]
    here = [by_minute.get(start + n * MINUTE, 0) for n in range(minutes) if running[n]]
    first = next((n for n, count in enumerate(here) if count), len(here))
    tens = [sum(here[n : n + 10]) / 10 for n in range(first, len(here) - 9, 10)]
    fallback = median(tens) if tens else 0.0
    usual = []
    for n in range(minutes):
        hour = (minutes - n - 1) // 60 % 24
        days = [count for (_, of_hour), count in by_hour.items() if of_hour == hour]
        expected = median(days) / 60 if len(days) >= FEWEST_DAYS else fallback
        usual.append(expected if running[n] else 0.0)
    return usual


def onset_of(exits: Sequence[int], usual: Sequence[float], *, start: datetime) -> datetime | None:
    """Return the minute in which the exits fell for the last time; None if they did not, or too few are usual.

    ``exits`` and ``usual`` are of the same minutes, the first of which is ``start``.
    """
    falls: list[tuple[int, int]] = []
    low_before = True  # what is low from the first minute on fell before it, or there was nothing yet
    for n in range(len(exits)):
        width = _width(usual, n)
        if width is None:
            continue
        low = sum(exits[n : n + width]) < HALF * sum(usual[n : n + width])
        if low and not low_before:
            falls.append((n, width))
        low_before = low
    if not falls:
        return None
    first, width = falls[-1]
    return start + _turn(exits, usual, first=max(0, first - width), last=min(len(exits), first + width)) * MINUTE


def _width(usual: Sequence[float], n: int) -> int | None:
    """Return how many minutes from this one on see enough exits for a verdict; None if there are not so many."""
    expected = 0.0
    for width in range(1, min(LONGEST, len(usual) - n) + 1):
        expected += usual[n + width - 1]
        if expected >= EXPECTED:
            return width
    return None


def _turn(exits: Sequence[int], usual: Sequence[float], *, first: int, last: int) -> int:
    """Return the minute before which the exits were most above, and after which most below, three quarters of usual."""
    best, height, best_height = first, 0.0, 0.0
    for n in range(first, last):
        height += exits[n] - 0.75 * usual[n]
        if height >= best_height:
            best, best_height = n + 1, height
    return best
