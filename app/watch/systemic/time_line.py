"""One time line around the moment it began: changes, failed jobs, heartbeats and sick dependencies; pure.

The nearest of them in the two hours before is marked as the likeliest. That is a hint where to look first, and never
called the cause: what happened before is not therefore why.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

BEFORE = timedelta(hours=2)
AFTER = timedelta(minutes=30)
SAME_MINUTE = timedelta(minutes=1)
"""The beginning is known to the minute: what happened within it happened before it."""

Kind = Literal["change", "job", "heartbeat", "dependency"]


@dataclass(frozen=True, slots=True)
class TimeLineEntry:
    """Something that happened: what, since when, and what it is known by."""

    at: datetime
    kind: Kind
    text: str
    evidence: str
    likeliest: bool = False


def time_line(happenings: Iterable[TimeLineEntry], *, began_at: datetime) -> tuple[TimeLineEntry, ...]:
    """Return what happened around a moment, oldest first, with the nearest before it marked."""
    around = sorted(
        (one for one in happenings if began_at - BEFORE <= one.at <= began_at + AFTER),
        key=lambda one: (one.at, one.kind, one.text),
    )
    before = [n for n, one in enumerate(around) if one.at < began_at + SAME_MINUTE]
    if before:
        nearest = before[-1]
        around[nearest] = replace(around[nearest], likeliest=True)
    return tuple(around)
