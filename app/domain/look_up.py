"""Looking orders up in the main system: how it ends, and when it may begin."""

from datetime import datetime, timedelta
from enum import StrEnum

NOT_BEFORE = timedelta(seconds=120)
"""After an order was handed over: a slow main system stores it seconds after we have answered the customer."""

LEAST_APART = timedelta(seconds=30)
"""Between two looks for one order, also where a person wants them at once."""

QUIET = timedelta(seconds=60)
"""As long as orders that were sent to it first keep coming, the main system is not back: its "no" is not believed."""


class LookUpState(StrEnum):
    """How the look for one order stands."""

    OPEN = "open"
    FOUND = "found"
    ABSENT = "absent"
    PERSON = "person"
    """No machine can tell; whoever knows more says so."""
    OVER = "over"
    """Somebody else has settled it meanwhile."""


def may_be_asked_at(handed_over_at: datetime, *, now: datetime) -> datetime:
    """Return when an order may be looked up first; one handed over "ahead" of the clock counts from now."""
    return min(handed_over_at, now) + NOT_BEFORE


def is_back(last_handed_over: datetime | None, *, now: datetime) -> bool:
    """Tell whether the main system takes orders again, as far as no proxy has had to pass on one that it sent."""
    return last_handed_over is None or not now - QUIET < last_handed_over <= now
