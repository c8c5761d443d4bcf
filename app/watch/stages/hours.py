"""Closes hours: writes down what each was like for every kind of orders, so that later hours can be compared with it.

Marked as not counted are hours that say nothing of other days: with an incident, with an alert of that stage, which
would otherwise make the trouble the new normal, or in which the stage's clock stood still. The last few hours are
written anew each time, since events come late.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.working_clock import WorkingClock
from app.store.repositories.flows import SUMS
from app.store.repositories.health import HOUR
from app.store.repositories.stages import spent
from app.store.tables import Alert, BacklogHour, FeedHour, Incident, StageHour
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.stages.resting import resting_at

MINUTE = timedelta(minutes=1)
LATE = 3 * HOUR
"""Events that come later than this change no hour that was closed."""

FURTHEST_BACK = timedelta(weeks=4)

AT_A_TIME = timedelta(days=1)
"""Of hours that are written anew: a look at the orders takes hardly longer for it."""

BACKLOG_STAGES = (2, 3)
"""The stages whose orders count as unprocessed."""

OF_THE_BACKLOG = "backlog_growing"
"""The rule whose alerts are about all of these together, and so about no stage by itself."""

SHORTEST_GAP = 60
"""Seconds; shorter gaps are no silence, and are only counted."""


@dataclass(frozen=True, slots=True)
class _Unusual:
    """What keeps an hour from being counted."""

    incidents: Sequence[Incident]
    alerts: Sequence[Alert]
    days: Collection[date]
    zone: ZoneInfo

    def counts(self, hour: datetime, stages: Collection[int]) -> bool:
        """Tell whether an hour of these stages says something of other days."""
        if hour.astimezone(self.zone).date() in self.days:
            return False
        if any(_overlaps(hour, one.opened_at, one.closed_at) for one in self.incidents):
            return False
        alerts = (one for one in self.alerts if one.firing_since is not None and not _stages_of(one).isdisjoint(stages))
        return not any(_overlaps(hour, one.firing_since or hour, one.ended_at) for one in alerts)


def _stages_of(alert: Alert) -> frozenset[int]:
    """Return the stages that an alert is about; one of the backlog is about all that it counts."""
    if alert.rule == OF_THE_BACKLOG:
        return frozenset(BACKLOG_STAGES)
    return frozenset() if alert.stage is None else frozenset({alert.stage})


def awake_of_the_backlog(resting: Collection[int]) -> tuple[int, ...]:
    """Return the stages whose orders count as unprocessed: who waits for one that rests just waits."""
    return tuple(stage for stage in BACKLOG_STAGES if stage not in resting)


def close_hours(store: Store, *, now: datetime, zone: ZoneInfo, special_days: Collection[date] = ()) -> int:
    """Close the hours that are over and not closed yet; return how many were written.

    ``special_days`` are days of promotion and holidays on the merchant's calendar, with which no other day compares.
    """
    until = now.replace(minute=0, second=0, microsecond=0)
    with store.reading() as uow:
        newest, first = uow.health.newest_hour(), uow.health.first_minute()
    if first is None or (newest is not None and newest + HOUR >= until):
        return 0
    first_hour = max(first.replace(minute=0), until - FURTHEST_BACK)
    since = first_hour if newest is None else max(newest + HOUR - LATE, first_hour)
    if since >= until:
        return 0
    with store.writing() as uow:
        incidents, alerts = uow.health.unusual(since, until, rule=OF_THE_BACKLOG)
        unusual = _Unusual(incidents, alerts, special_days, zone)
        stages, backlog = _hours_of_stages(uow, since, until, unusual)
        uow.health.write_hours([*stages, *backlog, *_hours_of_feeds(uow, since, until)], since=since)
    return (until - since) // HOUR


def oldest_reopened(moments: Iterable[datetime], *, now: datetime) -> datetime | None:
    """Return the first closed hour that events of these times change; None where no later hour compares with any."""
    hours = [at.replace(minute=0, second=0, microsecond=0) for at in moments]
    closed = now.replace(minute=0, second=0, microsecond=0) - LATE
    within = [hour for hour in hours if now - FURTHEST_BACK <= hour < closed]
    return min(within, default=None)


def take_hours_anew(store: Store, *, now: datetime, zone: ZoneInfo, special_days: Collection[date] = ()) -> int:
    """Write closed hours anew for what files have told of them since, one day of them; return how many were written."""
    with store.reading() as uow:
        due, newest = uow.event_uploads.due(), uow.health.newest_hour()
        if due is None or due.hours_since is None:
            return 0
        since = max(due.hours_since, now.replace(minute=0, second=0, microsecond=0) - FURTHEST_BACK)
        ends = since if newest is None else newest + HOUR
        until = min(since + AT_A_TIME, ends)
        rows: list[StageHour | BacklogHour] = []
        if since < until:
            incidents, alerts = uow.health.unusual(since, until, rule=OF_THE_BACKLOG)
            for found in _hours_of_stages(uow, since, until, _Unusual(incidents, alerts, special_days, zone)):
                rows += found
    with store.writing() as uow:
        if not uow.event_uploads.hours_taken(due, until if until < ends else None):
            return 0  # more of that file has come meanwhile; the next look takes it
        uow.health.rewrite_hours(rows, since=since, until=until)
    return max((until - since) // HOUR, 0)


def _hours_of_stages(
    uow: UnitOfWork, since: datetime, until: datetime, unusual: _Unusual
) -> tuple[list[StageHour], list[BacklogHour]]:
    """Walk the minutes once, and return what each hour was like."""
    running = {kind: _RunningSums(sums) for kind, sums in uow.stages.before(since).items()}
    fed = uow.health.fed_channels()
    clocks = {stage: uow.clocks.of(stage) for stage in BACKLOG_STAGES}
    minutes = uow.health.minutes(since, until)
    row = next(minutes, None)
    stages, backlog = [], []
    hour = since
    while hour < until:
        samples = []
        for minute in (hour + timedelta(minutes=n) for n in range(60)):
            while row is not None and row.minute == minute:
                running.setdefault((row.channel, row.high, row.stage), _RunningSums({})).add(row)
                row = next(minutes, None)
            awake = awake_of_the_backlog(resting_at(clocks, minute + MINUTE))
            waiting = (one.inside for (of, _, stage), one in running.items() if stage in awake and of in fed)
            samples.append(sum(waiting))
        for (channel, high, stage), one in sorted(running.items()):
            clock = uow.clocks.of(stage)
            entered, left, seconds = one.close(hour, hour + HOUR, clock=clock)
            if entered or left or seconds:
                counted = clock.read(hour) < clock.read(hour + HOUR) and unusual.counts(hour, {stage})
                stages.append(
                    StageHour(
                        hour=hour,
                        channel=channel,
                        high=high,
                        stage=stage,
                        entered=entered,
                        left=left,
                        order_seconds=seconds,
                        counted=counted,
                    )
                )
        backlog.append(BacklogHour(hour=hour, samples=samples, counted=unusual.counts(hour, BACKLOG_STAGES)))
        hour += HOUR
    return stages, backlog


class _RunningSums:
    """The sums of one kind and stage over all that has happened so far."""

    def __init__(self, sums: Mapping[str, int]) -> None:
        self._sums = {**dict.fromkeys(SUMS, 0), **sums}
        self._closed = dict(self._sums)

    def add(self, row: object) -> None:
        """Take a minute in."""
        for name in SUMS:
            self._sums[name] += getattr(row, name)

    @property
    def inside(self) -> int:
        """How many orders are inside."""
        return self._sums["inside"]

    def close(self, begins: datetime, ends: datetime, *, clock: WorkingClock) -> tuple[int, int, int]:
        """Return who entered and left in an hour, and the order-seconds spent in it; the next hour begins."""
        before, self._closed = self._closed, dict(self._sums)
        entered, left = (self._closed[name] - before[name] for name in ("entered", "left"))
        return entered, left, spent(self._closed, ends, clock=clock) - spent(before, begins, clock=clock)


def _hours_of_feeds(uow: UnitOfWork, since: datetime, until: datetime) -> Iterator[FeedHour]:
    for source in sorted(uow.health.feeds()):
        last = uow.health.heard(source, before=since)
        hour = since
        while hour < until:
            events, moments = uow.health.heard_in(source, hour)
            gaps = []
            for at in moments:
                if last is not None and (gap := int((at - last).total_seconds())) >= SHORTEST_GAP:
                    gaps.append(gap)
                last = at
            if events:
                yield FeedHour(hour=hour, source=source, events=events, gaps=gaps)
            hour += HOUR


def _overlaps(hour: datetime, begins: datetime, ends: datetime | None) -> bool:
    return begins < hour + HOUR and (ends is None or ends >= hour)
