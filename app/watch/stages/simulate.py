"""Makes up a day of orders, their lifecycle events and what goes wrong with them: the same for the same arguments.

Arrivals are a Poisson stream that sleeps at night, times in a stage are lognormal. It is for trying rules and pages out
before a main system is connected, and for measuring what a rule would see.
"""

import heapq
import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Literal, cast

from app.domain.marks import STAGES
from app.domain.problems import InvalidOrder
from app.domain.working_clock import WALL_CLOCK, WorkingClock

SOURCES = {"天猫旗舰店": "wangdiantong", "抖音小店": "jushuitan"}
"""The storefronts of the day, and the program that tells of each."""

MEDIANS = (1.0, 7.0, 18.0, 30.0, 70.0)
"""Minutes in each stage; with ``SIGMA`` the means are some 38 % more."""

SIGMA = 0.8
HIGH = 0.15
"""The share of high-priority orders."""

NIGHT = 0.08
"""Orders at four in the morning, as a share of those at four in the afternoon."""

EXAMPLES = (
    "stop:3@10:00-10:50",
    "slow:4x6@9:00-12:00",
    "blind:jushuitan@11:10-11:40",
    "unpaid:天猫旗舰店@12:00-12:40",
)

_FAULT = re.compile(r"(stop|slow|blind|unpaid):([^@x]+)(?:x([0-9.]+))?@(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


Kind = Literal["stop", "slow", "blind", "unpaid"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong from minute ``begins`` to ``ends`` of the day.

    ``stop`` lets nothing leave a stage, ``slow`` lets it take ``factor`` times as long, ``blind`` keeps what a source
    tells until the end, ``unpaid`` loses what the payments of a storefront tell.
    """

    kind: Kind
    what: str
    begins: float
    ends: float
    factor: float = 6.0


def fault_of(text: str) -> Fault:
    """Read a fault such as ``stop:3@10:00-10:50``, ``slow:4x6@9:00-12:00``, ``blind:jushuitan@11:10-11:40``.

    Raises:
        InvalidOrder: it is none.
    """
    found = _FAULT.fullmatch(text.strip())
    if found is None:
        raise InvalidOrder(f"看不懂的故障“{text[:60]}”，例如 {'、'.join(EXAMPLES)}。")
    kind, what, factor = found[1], found[2], float(found[3] or 6)
    begins, ends = (int(found[n]) * 60 + int(found[n + 1]) for n in (4, 6))
    stages = {str(stage.number) for stage in STAGES}
    known = {"stop": stages, "slow": stages, "blind": set(SOURCES.values()), "unpaid": set(SOURCES)}[kind]
    if what not in known or not 0 <= begins < ends <= 24 * 60 or factor <= 0:
        raise InvalidOrder(f"故障“{text[:60]}”指向的对象、时间或倍数不对；对象可以是 {'、'.join(sorted(known))}。")
    return Fault(cast("Kind", kind), what, begins, ends, factor)


def simulated(
    *,
    seed: int,
    day: date,
    zone: tzinfo,
    rate: float,
    faults: Sequence[Fault] = (),
    warehouse: WorkingClock = WALL_CLOCK,
) -> Iterator[dict[str, Any]]:
    """Yield the events of a day in the order in which they would arrive, as ``POST /v1/lifecycle-events`` takes them.

    ``rate`` is how many orders a minute come in the busiest hour. Orders of the day go on beyond midnight, and while
    the ``warehouse`` is closed those in it wait.
    """
    chance = random.Random(f"{seed} {day.isoformat()}")  # noqa: S311 - a made-up day is to be the same again
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    works = None if warehouse is WALL_CLOCK else _WorkingDay(midnight, warehouse)
    waiting: list[tuple[float, int, dict[str, Any]]] = []
    serial = 0
    for number, minute in enumerate(_arrivals(chance, rate)):
        channel = chance.choice(tuple(SOURCES))
        order = f"S{day:%y%m%d}{number:06d}"
        attributes = {"priority": "high"} if chance.random() < HIGH else {}
        for mark, at in _way(chance, minute, channel, faults, works):
            event = {
                "source": SOURCES[channel],
                "event_id": f"{order}-{mark}",
                "order": order,
                "channel": channel,
                "mark": mark,
                "at": (midnight + timedelta(minutes=at)).isoformat(timespec="seconds"),
                "attributes": attributes,
            }
            serial += 1
            heapq.heappush(waiting, (_heard(at, SOURCES[channel], faults), serial, event))
        while waiting and waiting[0][0] <= minute:  # nothing that comes later can be heard before
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _arrivals(chance: random.Random, rate: float) -> Iterator[float]:
    """Yield the minutes of the day at which orders come (thinning of a stream at the highest rate)."""
    minute = 0.0
    while (minute := minute + chance.expovariate(rate)) < 24 * 60:
        by_day = (1 + math.cos((minute - 16 * 60) / (24 * 60) * 2 * math.pi)) / 2
        if chance.random() < NIGHT + (1 - NIGHT) * by_day:
            yield minute


@dataclass(frozen=True, slots=True)
class _WorkingDay:
    """A day whose warehouse is closed at times."""

    midnight: datetime
    clock: WorkingClock

    def after(self, minute: float, took: float) -> float:
        """Return the minute of the day by which so many minutes of work have passed since another."""
        since = self.midnight.astimezone(UTC) + timedelta(minutes=minute)
        return (self.clock.ahead(since, timedelta(minutes=took)) - self.midnight) / timedelta(minutes=1)


def _way(
    chance: random.Random, placed: float, channel: str, faults: Sequence[Fault], works: _WorkingDay | None
) -> Iterator[tuple[str, float]]:
    """Yield the marks of an order and their minutes; a payment that nobody tells of is the end of what is known."""
    at = placed
    yield str(STAGES[0].begins), at
    for stage, median in zip(STAGES, MEDIANS, strict=True):
        took = chance.lognormvariate(math.log(median), SIGMA)
        for fault in _now(faults, "slow", str(stage.number), at):
            took *= fault.factor
        at = works.after(at, took) if works is not None and stage.clock == "warehouse" else at + took
        for fault in _now(faults, "stop", str(stage.number), at):
            at = fault.ends + chance.uniform(0, 5)  # they leave one after the other once it goes on
        if stage.ends == "paid" and any(_now(faults, "unpaid", channel, at)):
            return
        yield str(stage.ends), at


def _now(faults: Sequence[Fault], kind: Kind, what: str, at: float) -> Iterator[Fault]:
    return (one for one in faults if (one.kind, one.what) == (kind, what) and one.begins <= at < one.ends)


def _heard(at: float, source: str, faults: Sequence[Fault]) -> float:
    return max([at, *(fault.ends for fault in _now(faults, "blind", source, at))])
