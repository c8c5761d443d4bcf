"""Remembers which orders were seen within the window, so that one that looks like another is found."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from app.store.look_alike_index import LookAlikeIndex, Sighting

_ROOM = 1000
"""Forgetting walks over everything remembered, so it waits until that has at least doubled."""


class LookAlikes:
    """Finds the order another looks like, a page at a time, in what was seen within the window.

    Fed with what has been decided before (``add``) and with each order as it is decided; what every order of later
    pages is too late for is forgotten now and then. Times need not grow.
    """

    def __init__(self, window: timedelta, seen: LookAlikeIndex) -> None:
        self._window = window
        self._seen = seen
        self._since: datetime | None = None
        self._added = 0
        self._compact_at = _ROOM

    def uncovered(self, moments: Sequence[datetime]) -> tuple[datetime, datetime | None] | None:
        """Return the span [since, until) of decided orders to be added before orders of these times can be judged.

        None if all is known, or the window is zero and nothing is ever looked for.
        """
        if not moments or not self._window:
            return None
        since = min(moments) - self._window
        if self._since is not None and since >= self._since:
            self._forget_before(since)
            return None
        span = since, self._since
        self._since = since
        return span

    def add(self, sightings: Iterable[Sighting]) -> None:
        """Remember orders.

        Raises:
            OSError: the disk refuses.
        """
        if self._window:
            self._added += self._seen.add(sightings)

    def look(self, mark: bytes, at: datetime, number: str) -> str | None:
        """Return the number of the first order that this one looks like."""
        return self._seen.first(mark, since=at - self._window, until=at + self._window, but=number)

    def _forget_before(self, since: datetime) -> None:
        if self._added < self._compact_at:
            return
        self._seen.forget_before(since)
        self._since = since
        self._added = len(self._seen)
        self._compact_at = max(_ROOM, 2 * self._added)
