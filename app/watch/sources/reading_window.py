"""Which stretch of time is read next: its end lies in the past, and it begins before the last one ended.

Rows are asked for by when they were changed. With its end in the past a row can only leave a window, by being changed
again, and never enter it; what was committed late is found by the overlap.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

LEAST = timedelta(seconds=15)
"""A shorter step is not worth its calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRules:
    """How a source is read: ``margin`` behind its clock, ``overlap`` over what was read, ``span`` at most at once."""

    margin: timedelta = timedelta(seconds=120)
    overlap: timedelta = timedelta(minutes=10)
    span: timedelta = timedelta(minutes=60)
    first: timedelta = timedelta(hours=24)
    """How far back the first window of all begins."""


@dataclass(frozen=True, slots=True)
class ReadingWindow:
    """A stretch of time, both ends counted in; ``until`` is where the source stands once all of it is stored."""

    since: datetime
    until: datetime
    catching_up: bool


def next_window(stands_at: datetime | None, *, server_now: datetime, rules: WindowRules) -> ReadingWindow | None:
    """Return what to read next of a source that is read up to ``stands_at``; None while that is not worth a call."""
    end = server_now - rules.margin
    if stands_at is None:
        stands_at = since = end - rules.first
    elif stands_at > end:  # written while a clock was ahead
        since = end - rules.overlap
    elif end - stands_at < LEAST:
        return None
    else:
        since = stands_at - rules.overlap
    until = min(end, since + rules.span)
    return ReadingWindow(since, until, catching_up=until < end)
