"""A clock that stands still while the warehouse is closed: how much working time lies between two moments.

It counts from the year 2000. Until hours were set for the first time it runs always, and from then on in the hours that
held at each moment: what it says of a moment never changes afterwards, so sums of its readings stay right.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.domain.times import EARLIEST
from app.domain.warehouse_hours import WarehouseHours

SECOND = timedelta(seconds=1)
_TICK = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)
_AHEAD = timedelta(days=60)
"""So far beyond what is asked for the openings are worked out, so that it is done anew six times a year."""


@dataclass(frozen=True, slots=True)
class HoursPeriod:
    """From when on hours hold, on the wall clocks of a zone."""

    begins_at: datetime
    hours: WarehouseHours
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class _Turns:
    """The moments at which the clock starts or stops, up to one; ``read`` is what it shows at each."""

    until: datetime
    moments: tuple[datetime, ...] = ()
    read: tuple[timedelta, ...] = ()
    runs: tuple[bool, ...] = ()


class WorkingClock:
    """Reads working time. Without a period it runs always, and is the wall clock."""

    def __init__(self, periods: Sequence[HoursPeriod] = ()) -> None:
        self._periods = tuple(periods)
        self._turns = _Turns(EARLIEST)

    def read(self, moment: datetime) -> timedelta:
        """Return the working time since the year 2000; of two moments the later one never reads less."""
        turns = self._turns_until(moment)
        place = bisect_right(turns.moments, moment) - 1
        if place < 0:
            return moment - EARLIEST
        return turns.read[place] + (moment - turns.moments[place] if turns.runs[place] else timedelta())

    def seconds(self, moment: datetime) -> int:
        """Return the same in whole seconds."""
        return self.read(moment) // SECOND

    def between(self, since: datetime, until: datetime) -> timedelta:
        """Return the working time from one moment to another."""
        return self.read(until) - self.read(since)

    def back(self, moment: datetime, span: timedelta) -> datetime:
        """Return the moment after which exactly ``span`` of working time had passed by ``moment``.

        Of the moments of a closed time it is the first. So whoever came before it has been here for more than
        ``span``, and whoever came at it or later has not.
        """
        return self._first(self.read(moment) - span, self._turns_until(moment))

    def ahead(self, moment: datetime, span: timedelta) -> datetime:
        """Return the first moment by which ``span`` of working time will have passed since ``moment``."""
        wanted, far = self.read(moment) + span, moment + span
        while self.read(far) < wanted:
            far += _AHEAD
        return self._first(wanted, self._turns_until(far))

    def is_open(self, moment: datetime) -> bool:
        """Tell whether it runs."""
        turns = self._turns_until(moment)
        place = bisect_right(turns.moments, moment) - 1
        return place < 0 or turns.runs[place]

    def opens_at(self, moment: datetime) -> datetime:
        """Return when it runs again; the moment itself if it does."""
        return self.ahead(moment, _TICK) - _TICK

    def _turns_until(self, moment: datetime) -> _Turns:
        """Return the turns up to a moment at least; two threads that work them out at once come to the same."""
        if self._periods and moment > self._turns.until:
            self._turns = _turns(self._periods, moment + _AHEAD)
        return self._turns

    @staticmethod
    def _first(wanted: timedelta, turns: _Turns) -> datetime:
        """Return the first moment at which the clock shows it."""
        place = bisect_left(turns.read, wanted) - 1
        if place < 0:
            return EARLIEST + wanted
        return turns.moments[place] + (wanted - turns.read[place])


WALL_CLOCK = WorkingClock()


@lru_cache(maxsize=16)
def clock_of(periods: tuple[HoursPeriod, ...]) -> WorkingClock:
    """Return the clock of some periods, in order; the same one for the same periods, since it remembers its turns."""
    return WorkingClock(periods)


def first_showing(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the wall clock shows so many minutes after a day's midnight, or more.

    A time that a clock shows twice is the first of the two, and one that it passes over is when it jumps.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    shown = wall.replace(tzinfo=zone).astimezone(UTC)
    if _on_the_wall(shown, zone) == wall:
        return shown
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    jump = range((shown - before) // SECOND + 1)
    return before + SECOND * bisect_left(jump, wall, key=lambda n: _on_the_wall(before + n * SECOND, zone))


def _on_the_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _turns(periods: Sequence[HoursPeriod], until: datetime) -> _Turns:
    moments, runs = [periods[0].begins_at], [False]
    read = [moments[0] - EARLIEST]
    for opens, closes in _open_times(periods, until):
        if opens == moments[-1]:
            runs[-1] = True
        else:
            moments.append(opens)
            read.append(read[-1])
            runs.append(True)
        moments.append(closes)
        read.append(read[-1] + (closes - opens))
        runs.append(False)
    return _Turns(until, tuple(moments), tuple(read), tuple(runs))


def _open_times(periods: Sequence[HoursPeriod], until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when it is open, in order and apart from each other, at least those times that begin before ``until``."""
    for place, one in enumerate(periods):
        last = periods[place + 1].begins_at if place + 1 < len(periods) else None
        done, stop = one.begins_at, until if last is None else last
        day = one.begins_at.astimezone(one.zone).date() - 2 * _ONE_DAY
        while day <= stop.astimezone(one.zone).date() + _ONE_DAY:
            for begins, ends in one.hours.on(day):
                opens = max(done, first_showing(day, begins, one.zone))
                closes = first_showing(day, ends, one.zone)
                closes = closes if last is None else min(closes, last)
                if opens < closes:
                    yield opens, closes
                    done = closes
            day += _ONE_DAY
