"""What is usual at an hour: read from the hours that were closed, once an hour, and kept for all looks within it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.baseline import DAYS, WEEKS, Baseline, Hour, percentile, usual_arrivals, usual_mean
from app.domain.marks import STAGES
from app.store.unit_of_work import UnitOfWork

P99, P95 = 0.99, 0.95


class Baselines:
    """What is usual in this hour; asked for once an hour, since other hours do not change meanwhile."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._hour: datetime | None = None
        self._means: dict[tuple[str, bool, int], Baseline | None] = {}
        self._arrivals: dict[str, Baseline | None] = {}
        self._gaps: dict[str, timedelta] = {}
        self._backlog: float | None = None

    def of(self, uow: UnitOfWork, at: datetime) -> "Baselines":
        """Return what is usual at a moment."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._read(uow, hour)
            self._hour = hour
        return self

    def mean(self, channel: str, high: bool, stage: int) -> Baseline | None:  # noqa: FBT001 - a column
        """Return the usual minutes of a kind in a stage."""
        return self._means.get((channel, high, stage))

    def arrivals(self, channel: str) -> float | None:
        """Return how many orders of a channel usually come in half an hour."""
        usual = self._arrivals.get(channel)
        return None if usual is None else usual.value / 2

    def gap(self, source: str) -> timedelta:
        """Return the 99th percentile of a source's gaps."""
        return self._gaps.get(source, timedelta())

    @property
    def backlog(self) -> float | None:
        """Return the 95th percentile of the backlog in this hour of the week."""
        return self._backlog

    def _read(self, uow: UnitOfWork, hour: datetime) -> None:
        at = hour.astimezone(self._zone)
        of_kind: dict[tuple[str, bool, int], list[Hour]] = {}
        of_channel: dict[tuple[str, datetime], Hour] = {}
        for row in uow.health.hours(hour - WEEKS):
            begins = row.hour.astimezone(self._zone)
            one = Hour(begins=begins, entered=row.entered, left=row.left, order_minutes=row.order_seconds / 60)
            of_kind.setdefault((row.channel, row.high, row.stage), []).append(one)
            if row.stage == STAGES[0].number:
                known = of_channel.get((row.channel, begins))
                entered = row.entered + (known.entered if known else 0)
                of_channel[row.channel, begins] = Hour(begins=begins, entered=entered, left=0, order_minutes=0.0)
        self._means = {kind: usual_mean(hours, at=at) for kind, hours in of_kind.items()}
        channels = {channel for channel, _ in of_channel}
        self._arrivals = {
            channel: usual_arrivals((hour for (of, _), hour in of_channel.items() if of == channel), at=at)
            for channel in channels
        }
        self._gaps = _usual_gaps(uow, since=hour - DAYS)
        samples = [
            sample
            for row in uow.health.backlog_hours(hour - WEEKS)
            if (begins := row.hour.astimezone(self._zone)).weekday() == at.weekday() and begins.hour == at.hour
            for sample in row.samples
        ]
        self._backlog = percentile(samples, P95)


def _usual_gaps(uow: UnitOfWork, *, since: datetime) -> dict[str, timedelta]:
    """Return the 99th percentile of each source's gaps; those that were not written down are shorter than a minute."""
    events: dict[str, int] = {}
    gaps: dict[str, list[int]] = {}
    for row in uow.health.feed_hours(since):
        events[row.source] = events.get(row.source, 0) + row.events
        gaps.setdefault(row.source, []).extend(row.gaps)
    return {
        source: timedelta(seconds=percentile([*gaps[source], *[0] * max(0, count - len(gaps[source]))], P99) or 0)
        for source, count in events.items()
    }
