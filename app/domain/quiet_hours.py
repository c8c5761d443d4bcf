"""Coupon messages are marketing and go out in the daytime only; an order notice may go at any hour."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS = time(8)
CLOSES = time(21)
"""Carriers allow 8:00-22:00; an hour is kept back for what is under way."""


def earliest_send(moment: datetime, *, zone: ZoneInfo) -> datetime:
    """Return ``moment`` if marketing may be sent then, else the next time it may."""
    local = moment.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return moment
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, tzinfo=zone).astimezone(moment.tzinfo)
