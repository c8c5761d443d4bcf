"""What a look at the order flow sees, gathered once a minute for all rules of order health."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from app.domain.alert_life import Sight
from app.domain.baseline import Baseline
from app.domain.marks import Stage
from app.domain.order_health import HOUR, FeedBlind
from app.domain.stage_clock import flow_mean, window_of
from app.domain.times import EARLIEST
from app.store.repositories.stages import StageSums
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.flow_map.plans import stages_of
from app.watch.stages.hours import BACKLOG_STAGES
from app.watch.stages.usual import Baselines

HALF_HOUR = timedelta(minutes=30)
"""In which nothing enters the warehouse, or no order comes."""

GROWTH = timedelta(minutes=10)
MOST_TIMES = 20_000
FEED_LINES = FeedBlind()

RETIRED = timedelta(days=7)
"""A source that has been silent for so long is no longer waited for."""

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindNow:
    """One kind of orders in one stage over its live window; ``baseline`` is None while it is still to be learnt."""

    stage: Stage
    channel: str
    high: bool
    inside: int
    exits: int
    entered: int
    order_minutes: float
    baseline: Baseline | None
    seen: bool

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogNow:
    """The unprocessed orders: the last eleven minutes, oldest first, who came and went, and what is usual.

    While an incident is open these are its ``overdue`` orders, that have waited for a batch for too long: in every half
    hour more than two hundred wait quite healthily.
    """

    samples: tuple[int, ...]
    came: int
    went: int
    usual: float | None
    all_seen: bool
    overdue: bool = False


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


class LooksAtOrders:
    """Looks at the order flow of a store, at one whole minute, once."""

    def __init__(self, store: Store, *, now: datetime, baselines: Baselines) -> None:
        self._store, self._baselines = store, baselines
        self._at = now.replace(second=0, microsecond=0)
        self._seen: OrderHealth | None = None

    def now(self) -> OrderHealth:
        """Return what is seen."""
        if self._seen is None:
            with self._store.reading() as uow:
                self._seen = self._look(uow)
        return self._seen

    def times(self, kind: KindNow) -> list[float]:
        """Return the minutes that the orders of a kind have spent in its stage so far."""
        since = self._at - window_of(kind.stage.limit)
        with self._store.reading() as uow:
            return uow.health.times(
                kind.stage.number, kind.channel, high=kind.high, since=since, now=self._at, limit=MOST_TIMES
            )

    def _look(self, uow: UnitOfWork) -> OrderHealth:
        usual, at = self._baselines.of(uow, self._at), self._at
        told = uow.health.feeds()
        feeds = tuple(one for source in sorted(told) if (one := self._feed(uow, source, usual)).silent < RETIRED)
        blind = {channel for one in feeds if one.sight is Sight.WRONG for channel in told[one.source]}
        stages = stages_of(uow)
        starts = {stage.number: at - window_of(stage.limit) for stage in stages}
        fed = {channel for channels in told.values() for channel in channels}
        sums = {
            start: [one for one in found if one.channel in fed]
            for start, found in uow.stages.sums({*starts.values(), at - HALF_HOUR}, end=at).items()
        }
        kinds = tuple(
            _kind(stage, one, usual, blind)
            for stage in stages
            for one in sums[starts[stage.number]]
            if one.stage == stage.number
        )
        return OrderHealth(
            at=at,
            kinds=kinds,
            channels=tuple(_channels(uow, stages, sums[at - HALF_HOUR], usual, blind, at)),
            feeds=feeds,
            backlog=_overdue(uow, at) or _backlog(uow, kinds, usual, fed, blind, at),
        )

    def _feed(self, uow: UnitOfWork, source: str, usual: Baselines) -> FeedNow:
        heard = uow.health.heard(source, before=self._at + MINUTE)
        silent = self._at - heard if heard is not None and heard < self._at else timedelta()
        gap = usual.gap(source)
        often = uow.health.times_heard(source, since=heard - HOUR, until=heard) if heard is not None else 0
        read = uow.sources.get(source)
        failing = read.failing_since if read is not None else None
        sight = FEED_LINES.sight(
            silent=silent,
            usual_gap=gap,
            heard_an_hour=often,
            unreadable=self._at - failing if failing is not None else timedelta(),
        )
        return FeedNow(source=source, silent=silent, usual_gap=gap, sight=sight)


def _kind(stage: Stage, one: StageSums, usual: Baselines, blind: Iterable[str]) -> KindNow:
    return KindNow(
        stage=stage,
        channel=one.channel,
        high=one.high,
        inside=one.inside,
        exits=one.exits,
        entered=one.entered,
        order_minutes=one.order_seconds / 60,
        baseline=usual.mean(one.channel, one.high, stage.number),
        seen=one.channel not in blind,
    )


def _channels(
    uow: UnitOfWork,
    stages: Sequence[Stage],
    sums: Sequence[StageSums],
    usual: Baselines,
    blind: Iterable[str],
    at: datetime,
) -> Iterable[ChannelNow]:
    first, gate = stages[0], stages[1]
    over = {one.channel: one for one in uow.health.over(gate.number, before=at - gate.limit)}
    for channel in sorted({one.channel for one in sums}):
        mine = [one for one in sums if one.channel == channel]
        waits = over.get(channel)
        yield ChannelNow(
            channel=channel,
            came=sum(one.entered for one in mine if one.stage in {first.number, gate.number}),
            queued=sum(one.exits + one.inferred for one in mine if one.stage == gate.number),
            over=waits.orders if waits else 0,
            high_over=waits.high if waits else 0,
            expected=usual.arrivals(channel),
            seen=channel not in blind,
        )


def _overdue(uow: UnitOfWork, at: datetime) -> BacklogNow | None:
    """Return the overdue orders of an open incident, None where there is none."""
    if uow.incidents.open_one(drill=False) is None:
        return None
    noted = [one.orders for one in uow.health.overdue(at - GROWTH) if one.minute <= at]
    changes = [after - before for before, after in pairwise(noted)]
    return BacklogNow(
        samples=tuple(noted),
        came=sum(change for change in changes if change > 0),
        went=-sum(change for change in changes if change < 0),
        usual=None,
        all_seen=True,
        overdue=True,
    )


def _backlog(
    uow: UnitOfWork,
    kinds: Sequence[KindNow],
    usual: Baselines,
    fed: Collection[str],
    blind: Iterable[str],
    at: datetime,
) -> BacklogNow:
    """Return the unprocessed orders of all channels that are seen, minute by minute."""
    hidden = set(blind)
    inside = sum(one.inside for one in kinds if one.stage.number in BACKLOG_STAGES and one.seen)
    changes: dict[datetime, int] = {}
    went = came = 0
    for row in uow.health.backlog_changes(BACKLOG_STAGES, since=at - GROWTH, until=at):
        if row.channel in fed and row.channel not in hidden:
            changes[row.minute] = changes.get(row.minute, 0) + row.change
            went += row.went
            came += row.change + row.went
    samples = [inside]
    for n in range(1, GROWTH // MINUTE + 1):
        samples.append(samples[-1] - changes.get(at - n * MINUTE, 0))
    return BacklogNow(
        samples=tuple(reversed(samples)), came=max(came, 0), went=went, usual=usual.backlog, all_seen=not hidden
    )
