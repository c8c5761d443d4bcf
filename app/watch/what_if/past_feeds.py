"""When each source was heard before a past minute, by the moments at which its events came in."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from app.domain.order_health import HOUR
from app.store.unit_of_work import UnitOfWork
from app.watch.stages.health import MINUTE, FeedFigures


class _Heard:
    """What one source told: the moments of the hour before it was heard last, and those that are still to come."""

    def __init__(self, last: datetime | None) -> None:
        self.last = last
        self.hour: deque[datetime] = deque()
        self.coming: Iterator[datetime] = iter(())

    def listen(self, until: datetime) -> None:
        """Hear what comes before a moment."""
        for moment in self.coming:
            if moment >= until:
                self.coming = chain((moment,), self.coming)
                break
            self.last = moment
            self.hour.append(moment)
        while self.hour and self.last is not None and self.hour[0] <= self.last - HOUR:
            self.hour.popleft()


class PastFeeds:
    """Moves on from minute to minute; that a source could not be read is written down nowhere, and not known here."""

    def __init__(self, uow: UnitOfWork, *, since: datetime) -> None:
        self._feeds = {source: _Heard(uow.health.heard(source, before=since)) for source in sorted(uow.health.feeds())}
        for source, one in self._feeds.items():
            if one.last is not None:
                first, last = (at.replace(minute=0, second=0, microsecond=0) for at in (one.last - HOUR, one.last))
                told = (at for hour in dict.fromkeys((first, last)) for at in uow.health.heard_in(source, hour)[1])
                one.hour.extend(at for at in told if one.last - HOUR < at <= one.last)

    def go_on(self, uow: UnitOfWork, since: datetime, until: datetime) -> None:
        """Read what was told between two moments, the first of them a whole hour."""
        for source, one in self._feeds.items():
            hours, hour = [], since
            while hour < until:
                hours.append(uow.health.heard_in(source, hour)[1])
                hour += HOUR
            one.coming = chain(one.coming, *hours)

    def at(self, minute: datetime) -> list[FeedFigures]:
        """Return how each source had been heard."""
        found = []
        for source, one in self._feeds.items():
            one.listen(minute + MINUTE)
            found.append(FeedFigures(source=source, heard=one.last, often=len(one.hour)))
        return found
