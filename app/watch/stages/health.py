"""What is seen of the order flow at a minute, by the figures of that minute: now, or on a day that is past.

Where the figures come from is not known here, so that what rings now and what would have rung are told by one thing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from app.domain.alert_life import Sight
from app.domain.baseline import Baseline
from app.domain.health_lines import HealthLines
from app.domain.marks import Stage
from app.domain.order_health import RedCounts
from app.domain.stage_clock import flow_mean
from app.domain.times import EARLIEST
from app.store.repositories.health import MinuteOfBacklog, Waiting
from app.store.repositories.stages import StageSums
from app.store.tables import OverdueMinute
from app.watch.stages.hours import BACKLOG_STAGES, awake_of_the_backlog
from app.watch.stages.usual import Usual

HALF_HOUR = timedelta(minutes=30)
"""In which nothing enters the warehouse, or no order comes."""

GROWTH = timedelta(minutes=10)

RETIRED = timedelta(days=7)
"""A source that has been silent for so long is no longer waited for."""

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindNow:
    """One kind of orders in one stage over its live window; ``baseline`` is None while it is still to be learnt.

    Minutes are those of the stage's clock. One that ``rests`` is not to be judged: the warehouse is closed.
    """

    stage: Stage
    channel: str
    high: bool
    inside: int
    exits: int
    entered: int
    order_minutes: float
    baseline: Baseline | None
    seen: bool
    rests: bool = False

    @property
    def n(self) -> int:
        """How many orders the mean stands on."""
        return self.inside + self.exits

    @property
    def flow_mean(self) -> float:
        """The minutes that were spent in the stage for each order that left it."""
        return flow_mean(self.order_minutes, self.exits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelNow:
    """What one channel did in the last half hour; ``expected`` orders usually come in such a time."""

    channel: str
    came: int
    queued: int
    over: int
    high_over: int
    expected: float | None
    seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedNow:
    """A source, how long it has been silent, and its usual gap."""

    source: str
    silent: timedelta
    usual_gap: timedelta
    sight: Sight


class BacklogOf(StrEnum):
    """Which orders a backlog is of."""

    UNPROCESSED = "unprocessed"
    """Those in the stages before they are packed."""
    OVERDUE = "overdue"
    """Of an open incident: those that have waited for a batch for too long."""
    WAITING = "waiting"
    """Of an open incident: all that wait for a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogNow:
    """The unprocessed orders: the last eleven minutes, oldest first, who came and went, and what is usual.

    While an incident is open these are its orders without a batch. While the warehouse ``rests`` they are those on
    their way into it.
    """

    samples: tuple[int, ...]
    came: int
    went: int
    usual: float | None
    all_seen: bool
    of: BacklogOf = BacklogOf.UNPROCESSED
    rests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHealth:
    """The order flow at a whole minute."""

    at: datetime
    kinds: tuple[KindNow, ...] = ()
    channels: tuple[ChannelNow, ...] = ()
    feeds: tuple[FeedNow, ...] = ()
    backlog: BacklogNow = field(default=BacklogNow(samples=(), came=0, went=0, usual=None, all_seen=True))


class ReadsHealth(Protocol):
    """Looks at the order flow; the same look for all rules of a round."""

    def now(self) -> OrderHealth:
        """Return what is seen."""
        ...

    def times(self, kind: KindNow) -> list[float]:
        """Return the minutes that the orders of a kind have spent in its stage so far."""
        ...


class _NobodyLooks:
    """Stands where no order flow is looked at: it shows none."""

    def now(self) -> OrderHealth:
        return OrderHealth(at=EARLIEST)

    def times(self, kind: KindNow) -> list[float]:
        raise LookupError(f"nobody looks at {kind.channel}")


NOBODY_LOOKS: ReadsHealth = _NobodyLooks()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFigures:
    """When a source was heard last, how often in the hour before, and for how long it could not be read."""

    source: str
    heard: datetime | None
    often: int
    unreadable: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteFigures:
    """The figures of a minute, before anything is thought of them.

    ``resting`` are the stages that are not to be judged. ``sums`` are each stage's over its own live window,
    ``half_hour`` those over the last half hour. ``feeds`` are the sources, ``told`` the channels of whose orders each
    tells. ``waiting`` returns who waits at the gate for longer than its limit, ``changes`` are the last minutes of the
    backlog in the stages that do not rest. ``noted`` are the last minutes of an open incident.
    """

    at: datetime
    stages: Sequence[Stage]
    resting: Collection[int]
    sums: Sequence[StageSums]
    half_hour: Sequence[StageSums]
    feeds: Sequence[FeedFigures]
    told: Mapping[str, set[str]]
    waiting: Callable[[str], Waiting | None]
    changes: Sequence[MinuteOfBacklog]
    noted: Sequence[OverdueMinute] | None


def health_of(figures: MinuteFigures, usual: Usual, lines: HealthLines) -> OrderHealth:
    """Return what is seen by the figures of a minute; ``lines`` say when a source is blind and what red counts."""
    figures, at = _fed(figures), figures.at
    told = (_feed(one, usual, lines, at) for one in figures.feeds)
    feeds = tuple(one for one in told if one.silent < RETIRED)
    blind = {channel for one in feeds if one.sight is Sight.WRONG for channel in figures.told[one.source]}
    stages = {stage.number: stage for stage in figures.stages}
    kinds = tuple(
        _kind(stages[one.stage], one, usual, blind, rests=one.stage in figures.resting) for one in figures.sums
    )
    if figures.noted is None:
        backlog = _backlog(kinds, figures, usual, blind)
    else:
        backlog = _of_incident(figures.noted, lines.backlog.red_counts, at)
    channels = tuple(_channels(figures, usual, blind))
    return OrderHealth(at=at, kinds=kinds, channels=channels, feeds=feeds, backlog=backlog)


def _fed(figures: MinuteFigures) -> MinuteFigures:
    """Leave out the channels of which no source tells by itself: what only files tell of is seen by nobody live."""
    fed = {channel for channels in figures.told.values() for channel in channels}
    return replace(
        figures,
        sums=[one for one in figures.sums if one.channel in fed],
        half_hour=[one for one in figures.half_hour if one.channel in fed],
        changes=[one for one in figures.changes if one.channel in fed],
    )


def _feed(one: FeedFigures, usual: Usual, lines: HealthLines, at: datetime) -> FeedNow:
    silent = at - one.heard if one.heard is not None and one.heard < at else timedelta()
    gap = usual.gap(one.source)
    sight = lines.feed.sight(silent=silent, usual_gap=gap, heard_an_hour=one.often, unreadable=one.unreadable)
    return FeedNow(source=one.source, silent=silent, usual_gap=gap, sight=sight)


def _kind(stage: Stage, one: StageSums, usual: Usual, blind: Iterable[str], *, rests: bool) -> KindNow:
    return KindNow(
        stage=stage,
        channel=one.channel,
        high=one.high,
        inside=one.inside,
        exits=one.exits,
        entered=one.entered,
        order_minutes=one.order_seconds / 60,
        baseline=usual.mean(one.channel, one.high, stage.number),
        rests=rests,
        seen=one.channel not in blind,
    )


def _channels(figures: MinuteFigures, usual: Usual, blind: Iterable[str]) -> Iterable[ChannelNow]:
    first, gate = figures.stages[0].number, figures.stages[1].number
    of_channel: dict[str, list[StageSums]] = {}
    for one in figures.half_hour:
        of_channel.setdefault(one.channel, []).append(one)
    for channel, mine in sorted(of_channel.items()):
        waits = figures.waiting(channel)
        yield ChannelNow(
            channel=channel,
            came=sum(one.entered for one in mine if one.stage in {first, gate}),
            queued=sum(one.exits + one.inferred for one in mine if one.stage == gate),
            over=waits.orders if waits else 0,
            high_over=waits.high if waits else 0,
            expected=usual.arrivals(channel),
            seen=channel not in blind,
        )


def _of_incident(notes: Sequence[OverdueMinute], counts: RedCounts, at: datetime) -> BacklogNow:
    """Return the orders of an open incident; notes of an earlier release do not tell of all."""
    every = counts is RedCounts.ALL
    known = ((one.waiting if every else one.orders) for one in notes if one.minute <= at)
    noted = [orders for orders in known if orders is not None]
    changes = [after - before for before, after in pairwise(noted)]
    return BacklogNow(
        samples=tuple(noted),
        came=sum(change for change in changes if change > 0),
        went=-sum(change for change in changes if change < 0),
        usual=None,
        all_seen=True,
        of=BacklogOf.WAITING if every else BacklogOf.OVERDUE,
    )


def _backlog(kinds: Sequence[KindNow], figures: MinuteFigures, usual: Usual, hidden: set[str]) -> BacklogNow:
    """Return the unprocessed orders of all channels that are seen, minute by minute."""
    awake = awake_of_the_backlog(figures.resting)
    inside = sum(one.inside for one in kinds if one.stage.number in awake and one.seen)
    changes: dict[datetime, int] = {}
    went = came = 0
    for row in figures.changes:
        if row.channel not in hidden:
            changes[row.minute] = changes.get(row.minute, 0) + row.change
            went += row.went
            came += row.change + row.went
    samples = [inside]
    for n in range(1, GROWTH // MINUTE + 1):
        samples.append(samples[-1] - changes.get(figures.at - n * MINUTE, 0))
    return BacklogNow(
        samples=tuple(reversed(samples)),
        came=max(came, 0),
        went=went,
        usual=usual.backlog,
        all_seen=not hidden,
        rests=len(awake) < len(BACKLOG_STAGES),
    )
