"""What a stage is like at such an hour on other days, so that a rule can tell a bad hour from a busy one."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import TypeVar

Number = TypeVar("Number", int, float)

FEWEST_ORDERS = 30
FEWEST_DAYS = 3

WEEKS = timedelta(weeks=4)
DAYS = timedelta(days=14)


class Cell(StrEnum):
    """Which hours of other days were compared with."""

    HOUR_OF_WEEK = "hour_of_week"
    HOUR_OF_DAY = "hour_of_day"
    ALL_HOURS = "all_hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What one kind of orders did in a stage in an hour; ``begins`` is on the merchant's wall clock."""

    begins: datetime
    entered: int
    left: int
    order_minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What is usual: the value, the hours it comes from, and how many days and orders it stands on."""

    value: float
    cell: Cell
    days: int
    orders: int


def usual_mean(hours: Iterable[Hour], *, at: datetime) -> Baseline | None:
    """Return the minutes that an order usually spends in a stage at such an hour, None where too little is known."""
    return _usual(hours, at=at, orders=lambda day: sum(h.left for h in day), value=_mean)


def usual_arrivals(hours: Iterable[Hour], *, at: datetime) -> Baseline | None:
    """Return how many orders usually enter a stage in such an hour, None where too little is known."""
    return _usual(hours, at=at, orders=lambda day: sum(h.entered for h in day), value=_arrivals)


def _usual(
    hours: Iterable[Hour],
    *,
    at: datetime,
    orders: Callable[[Sequence[Hour]], int],
    value: Callable[[Sequence[Hour]], float | None],
) -> Baseline | None:
    """Return the median of the daily values in the first cell that holds enough: one bad day cannot move it."""
    this_hour = at.replace(minute=0, second=0, microsecond=0)
    earlier = [hour for hour in hours if this_hour - WEEKS <= hour.begins < this_hour]
    same_hour = [hour for hour in earlier if hour.begins.hour == at.hour]
    lately = this_hour - DAYS
    cells = (  # each is looked through only where the one before it holds too little
        (Cell.HOUR_OF_WEEK, (hour for hour in same_hour if hour.begins.weekday() == at.weekday())),
        (Cell.HOUR_OF_DAY, (hour for hour in same_hour if hour.begins >= lately)),
        (Cell.ALL_HOURS, (hour for hour in earlier if hour.begins >= lately)),
    )
    for cell, of_cell in cells:
        days: dict[date, list[Hour]] = defaultdict(list)
        for hour in of_cell:
            days[hour.begins.date()].append(hour)
        counted = sum(orders(day) for day in days.values())
        values = [found for day in days.values() if (found := value(day)) is not None]
        if counted >= FEWEST_ORDERS and len(values) >= FEWEST_DAYS:
            return Baseline(value=median(values), cell=cell, days=len(values), orders=counted)
    return None


def _mean(day: Sequence[Hour]) -> float | None:
    left = sum(hour.left for hour in day)
    return sum(hour.order_minutes for hour in day) / left if left else None


def _arrivals(day: Sequence[Hour]) -> float:
    return sum(hour.entered for hour in day) / len(day)


def percentile(values: Sequence[Number], share: float) -> Number | None:
    """Return the smallest value that at least ``share`` of all do not exceed; None of none."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]
