"""Which moments can be the time of an order or a payment; anything else is a program's way to say "no time"."""

from datetime import UTC, datetime, timedelta, tzinfo

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before it lie the "no time" of .NET, Java, Excel, Delphi and SQL servers: the years 1, 1899, 1900 and 1970."""

AHEAD = timedelta(days=2 * 365 + 1)
"""Two years: pre-sales are dated ahead, and a clock may be wrong; 2038 and 9999 mean "no end"."""


def is_a_time(moment: datetime, *, now: datetime) -> bool:
    """Tell whether an aware ``moment`` lies between the year 2000 and two years after ``now``."""
    return moment >= EARLIEST and moment - AHEAD <= now


def local_text(moment: datetime, zone: tzinfo) -> str:
    """Return a moment on the wall clock of ``zone``, to the second; blank where no clock can show it."""
    try:
        return moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")[:19]
    except OverflowError:
        return ""
