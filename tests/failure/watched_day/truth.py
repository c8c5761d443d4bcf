"""What is true of every order of the story: when it came, when each stage let it go, and what each feed could tell when.

Times are whole seconds since midnight in Shanghai of the bad day; the days before it have negative ones. Nothing here
knows Lifeboat.
"""

import math
import random
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 11, 20, tzinfo=ZONE)
"""Of the bad day, a Friday."""

MINUTE, HOUR, DAY = 60, 3600, 86_400
MARKS = ("placed", "paid", "queued", "picking_printed", "packed", "collected")
PRINTED = MARKS.index("picking_printed")
MEDIANS = (1.0, 7.0, 18.0, 20.0, 40.0)
"""Minutes in each stage."""

SIGMA = 0.8
CANCELLED = 0.02


@dataclass(frozen=True, slots=True)
class Feed:
    """An ERP: how far its clock is ahead and how long it is left alone, in seconds."""

    name: str
    ahead: int
    margin: int


WDT = Feed("wdt", ahead=90, margin=120)
JST = Feed("jst", ahead=0, margin=180)
CARRIER = "kd"
PUSHED_AFTER = 20 * MINUTE
"""So much later than a scan the carrier tells of it: far later than any ERP."""

TMALL, MINI, DOUYIN = "天猫旗舰店", "小程序商城", "抖音小店"
CHANNELS = {TMALL: (WDT, 0.28), MINI: (WDT, 0.42), DOUYIN: (JST, 0.30)}
"""Which program tells of a storefront's orders, and its share of them."""

KUNSHAN, DONGGUAN = "昆山仓", "东莞仓"
IN_KUNSHAN = 0.85
"""The share of all storefronts' orders that the warehouse ships whose printing stops."""

OPENS, CLOSES = 7 * HOUR, 14 * HOUR
"""Orders come from five to two: long enough before what is looked at for every stage to be as full as it gets."""


def at_clock(text: str) -> int:
    """Return ``10:50`` as seconds of the bad day."""
    hour, minute = text.split(":")
    return int(hour) * HOUR + int(minute) * MINUTE


def moment(seconds: int) -> datetime:
    """Return a time of the story as a moment, in UTC."""
    return (MIDNIGHT + timedelta(seconds=seconds)).astimezone(UTC)


PRINTING_STOPS = (at_clock("10:00"), at_clock("10:50"))
FEED_BLIND = (at_clock("11:10"), at_clock("11:40"))
CALLBACKS_FAIL = (at_clock("12:00"), at_clock("12:40"))
LETS_GO_WITHIN = 5 * MINUTE
"""What was held up is let go one after the other."""


@dataclass(slots=True)
class TrueOrder:
    """An order; ``at`` has the times of its marks in turn, ``cancelled`` when it was called off."""

    number: str
    channel: str
    warehouse: str
    at: list[int]
    cancelled: int | None = None
    known: list[int] = field(default_factory=list)
    """When the watch could know of each mark, in turn, and after them of its cancelling."""
    printed_said: int | None = None
    """When the row was last changed in which the printing was first seen: no ERP has a time of its own for that."""

    @property
    def feed(self) -> Feed:
        """Who tells of it."""
        return CHANNELS[self.channel][0]

    def told(self, mark: int) -> int:
        """Return the time that is told of a mark: by the clock of whoever tells."""
        at = self.printed_said if mark == PRINTED and self.printed_said is not None else self.at[mark]
        return at + (self.feed.ahead if mark < len(MARKS) - 1 else 0)


def orders_of(day: int, *, seed: int, per_minute: float, bad: bool = False) -> Iterator[TrueOrder]:
    """Yield the orders of a day, ``day`` days after the bad one; the same for the same arguments."""
    chance = random.Random(f"{seed} {day}")
    names, shares = list(CHANNELS), [share for _, share in CHANNELS.values()]
    at, number = float(day * DAY + OPENS), 0
    while (at := at + chance.expovariate(per_minute / MINUTE)) < day * DAY + CLOSES:
        number += 1
        channel = chance.choices(names, shares)[0]
        warehouse = KUNSHAN if chance.random() < IN_KUNSHAN else DONGGUAN
        times = [int(at)]
        for stage, median in enumerate(MEDIANS, start=1):
            left = times[-1] + max(1, int(MINUTE * chance.lognormvariate(math.log(median), SIGMA)))
            times.append(_held_up(stage, left, channel, warehouse, chance) if bad else left)
        order = TrueOrder(f"W{day + 100:03d}{number:06d}", channel, warehouse, times)
        if bad and chance.random() < CANCELLED:  # called off in the warehouse's queue; of other days they are left out
            order.cancelled = times[2] + chance.randrange(1, max(2, times[3] - times[2]))
            order.at = times[:3]
        yield order


def _held_up(stage: int, left: int, channel: str, warehouse: str, chance: random.Random) -> int:
    """Return when an order leaves a stage in truth, given when it would have."""
    begins, ends = (0, 0)
    if stage == PRINTED and warehouse == KUNSHAN:
        begins, ends = PRINTING_STOPS
    elif stage == MARKS.index("paid") and channel == MINI:
        begins, ends = CALLBACKS_FAIL
    return ends + chance.randrange(LETS_GO_WITHIN) if begins <= left < ends else left


def tell(orders: Sequence[TrueOrder], *, reads: Mapping[str, Sequence[int]]) -> None:
    """Note when each mark could be known, given when each feed was read with success.

    A row is found by the time of its last change, in windows that end ``margin`` before the reading: what has changed
    again since is found once that change is old enough, with all that was before it.
    """
    for order in orders:
        own = [*order.at[:5], *([order.cancelled] if order.cancelled is not None else [])]
        known = [_read_at(own, at, order.feed, reads[order.feed.name]) for at in own]
        if len(order.at) == len(MARKS):
            known.append(_pushed_at(order.at[5], known[4], reads[CARRIER]))
        order.known = known
        if len(order.at) > PRINTED:
            order.printed_said = max(change for change in own if change <= max(known[PRINTED], order.at[PRINTED]))


NEVER = 10 * DAY


def _read_at(changes: Sequence[int], at: int, feed: Feed, reads: Sequence[int]) -> int:
    for place in range(bisect_left(reads, at + feed.margin), len(reads)):
        read = reads[place]
        if max(change for change in changes if change <= read) <= read - feed.margin:
            return read
    return NEVER


def _pushed_at(scanned: int, packed_known: int, rounds: Sequence[int]) -> int:
    """Return when a scan is pushed: of a parcel that was told of in one round, and subscribed to in the next."""
    place = max(bisect_left(rounds, scanned + PUSHED_AFTER), bisect_left(rounds, packed_known) + 2)
    return rounds[place] if place < len(rounds) else NEVER
