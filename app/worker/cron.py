"""When a job of the calendar is due: minutes of the day on the merchant's wall clock, as a trigger for APScheduler.

Nothing is due more often than once a minute, and nothing has jitter: with cron it can skip a day around midnight.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

LOOKS_BACK = timedelta(hours=1)
"""The scheduler lists every firing it has missed before it makes one of them. Where a machine starts in 1970 and then
learns the time, that would be thirty million minutes; so the list goes back no further than this."""


class Cron(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """Due whenever one of its cron expressions is."""

    def __init__(self, *crons: CronTrigger) -> None:
        self._crons = crons

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return the first moment after ``previous``, or, without one, from ``now`` on; APScheduler calls it so."""
        if previous is not None:
            previous = max(previous, now - LOOKS_BACK)
        found = [cron.get_next_fire_time(previous, now) for cron in self._crons]
        return min((moment for moment in found if moment is not None), default=None)

    def next_from(self, now: datetime) -> datetime | None:
        """Return the first moment that is not before ``now``."""
        return self.get_next_fire_time(None, now)


def at(zone: ZoneInfo, *, minute: str | int, hour: str | int = "*", day: str | int = "*") -> Cron:
    """Return when a cron expression is due; weekdays are left out, for APScheduler counts them from Monday."""
    return Cron(CronTrigger(timezone=zone, day=day, hour=hour, minute=minute))


def each(period: timedelta, zone: ZoneInfo) -> Cron:
    """Return the multiples of a period that divides the day, counted from local midnight as batches are.

    One cron expression says "every 30 minutes", but none says "every 45": the hours that share their minutes are
    gathered, and each such group is an expression.
    """
    step = period // timedelta(minutes=1)
    hours: defaultdict[int, list[int]] = defaultdict(list)
    for boundary in range(0, 24 * 60, step):
        hours[boundary % 60].append(boundary // 60)
    minutes: defaultdict[str, list[int]] = defaultdict(list)
    for minute, shared in hours.items():
        minutes[",".join(map(str, shared))].append(minute)
    return Cron(
        *(
            CronTrigger(timezone=zone, hour=shared, minute=",".join(map(str, group)))
            for shared, group in minutes.items()
        )
    )
