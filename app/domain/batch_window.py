"""When a batch is due: on the multiples of the period on the wall clock, by default at every half hour."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def window_start(moment: datetime, *, every: timedelta, zone: ZoneInfo) -> datetime:
    """Return the latest boundary not after ``moment``, counted from local midnight, in the time zone of ``moment``."""
    local = moment.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + (local - midnight) // every * every).astimezone(moment.tzinfo)


def is_due(now: datetime, *, oldest_waiting_at: datetime | None, every: timedelta, zone: ZoneInfo) -> bool:
    """Tell whether some order has waited past a boundary.

    Judged by the order and not by the last batch, so a missed run is made up at the next tick, a second run finds
    nothing, and a clock that steps back or forward can neither skip an order nor batch it twice.
    """
    if oldest_waiting_at is None:
        return False
    if oldest_waiting_at > now:  # the clock was set back after the order came in
        return oldest_waiting_at - now > every
    return oldest_waiting_at < window_start(now, every=every, zone=zone)


GRACE = timedelta(minutes=3)
"""A batch is late when its making takes longer than this after its time has come."""


def is_overdue(now: datetime, *, oldest_waiting_at: datetime | None, every: timedelta) -> bool:
    """Tell whether an order has waited so long that the maker of batches must be dead or stuck."""
    return oldest_waiting_at is not None and now - oldest_waiting_at > every + GRACE
