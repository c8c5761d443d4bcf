"""What is usual at an hour: read from the hours that were closed, once an hour, and kept for all looks within it."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from app.domain.baseline import DAYS, WEEKS, Baseline, Hour, percentile, usual_arrivals, usual_mean
from app.domain.marks import STAGES
from app.store.repositories.health import StageHourSum
from app.store.tables import BacklogHour, FeedHour, StageHour
from app.store.unit_of_work import UnitOfWork

P99, P95 = 0.99, 0.95

_BEGINS = attrgetter("begins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What is usual in one hour."""

    means: dict[tuple[str, bool, int], Baseline | None] = field(default_factory=dict)
    in_an_hour: dict[str, Baseline | None] = field(default_factory=dict)
    gaps: dict[str, timedelta] = field(default_factory=dict)
    backlog: float | None = None
    """The 95th percentile of the backlog in this hour of the week."""

    def mean(self, channel: str, high: bool, stage: int) -> Baseline | None:  # noqa: FBT001 - a column
        """Return the usual minutes of a kind in a stage."""
        return self.means.get((channel, high, stage))

    def arrivals(self, channel: str) -> float | None:
        """Return how many orders of a channel usually come in half an hour."""
        usual = self.in_an_hour.get(channel)
        return None if usual is None else usual.value / 2

    def gap(self, source: str) -> timedelta:
        """Return the 99th percentile of a source's gaps."""
        return self.gaps.get(source, timedelta())


def hour_of(row: StageHour | StageHourSum, zone: ZoneInfo) -> Hour:
    """Return a closed hour as hours are compared."""
    minutes = row.order_seconds / 60
    return Hour(begins=row.hour.astimezone(zone), entered=row.entered, left=row.left, order_minutes=minutes)


class OtherHours:
    """Hours that were closed, sorted so that any hour can be compared with those before it."""

    def __init__(
        self,
        zone: ZoneInfo,
        *,
        stages: Iterable[StageHour],
        backlog: Iterable[BacklogHour],
        feeds: Iterable[FeedHour],
    ) -> None:
        self._zone = zone
        self._of_kind: dict[tuple[str, bool, int], list[Hour]] = {}
        arrivals: dict[tuple[str, datetime], Hour] = {}
        for row in sorted(stages, key=lambda row: row.hour):
            one = hour_of(row, zone)
            begins = one.begins
            self._of_kind.setdefault((row.channel, row.high, row.stage), []).append(one)
            if row.stage == STAGES[0].number:
                known = arrivals.get((row.channel, begins))
                entered = row.entered + (known.entered if known else 0)
                arrivals[row.channel, begins] = Hour(begins=begins, entered=entered, left=0, order_minutes=0.0)
        self._of_channel: dict[str, list[Hour]] = {}
        for (channel, _), hour in arrivals.items():
            self._of_channel.setdefault(channel, []).append(hour)
        self._backlog = [(row.hour.astimezone(zone), row.samples) for row in backlog]
        self._feeds = list(feeds)

    def usual(self, hour: datetime) -> Usual:
        """Return what is usual in an hour, by the hours before it."""
        at = hour.astimezone(self._zone)
        return Usual(
            means={kind: usual_mean(self._before(hours, at), at=at) for kind, hours in self._of_kind.items()},
            in_an_hour={of: usual_arrivals(self._before(hours, at), at=at) for of, hours in self._of_channel.items()},
            gaps=self._gaps(since=hour - DAYS, until=hour),
            backlog=percentile(
                [
                    sample
                    for begins, samples in self._backlog
                    if at - WEEKS <= begins < at and (begins.weekday(), begins.hour) == (at.weekday(), at.hour)
                    for sample in samples
                ],
                P95,
            ),
        )

    def _before(self, hours: list[Hour], at: datetime) -> list[Hour]:
        return hours[bisect_left(hours, at - WEEKS, key=_BEGINS) : bisect_left(hours, at, key=_BEGINS)]

    def _gaps(self, *, since: datetime, until: datetime) -> dict[str, timedelta]:
        """Return the 99th percentile of each source's gaps; what was not written down is shorter than a minute."""
        events: dict[str, int] = {}
        gaps: dict[str, list[int]] = {}
        for row in self._feeds:
            if since <= row.hour < until:
                events[row.source] = events.get(row.source, 0) + row.events
                gaps.setdefault(row.source, []).extend(row.gaps)
        return {
            source: timedelta(seconds=percentile([*gaps[source], *[0] * max(0, count - len(gaps[source]))], P99) or 0)
            for source, count in events.items()
        }


def other_hours(uow: UnitOfWork, zone: ZoneInfo, *, since: datetime) -> OtherHours:
    """Read what hours from ``since`` on need to be compared with."""
    return OtherHours(
        zone,
        stages=uow.health.hours(since - WEEKS),
        backlog=uow.health.backlog_hours(since - WEEKS),
        feeds=uow.health.feed_hours(since - DAYS),
    )


class Baselines:
    """What is usual in this hour; asked for once an hour, since other hours do not change meanwhile."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._hour: datetime | None = None
        self._usual = Usual()

    def of(self, uow: UnitOfWork, at: datetime) -> Usual:
        """Return what is usual at a moment."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._usual = other_hours(uow, self._zone, since=hour).usual(hour)
            self._hour = hour
        return self._usual
