"""Looks at the order flow as it is now, once a minute for all rules of order health."""

from datetime import datetime, timedelta

from app.domain.health_lines import DEFAULTS, HealthLines
from app.domain.order_health import HOUR
from app.domain.stage_clock import window_of
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.flow_map.plans import stages_of
from app.watch.stages.health import (
    GROWTH,
    HALF_HOUR,
    MINUTE,
    FeedFigures,
    KindNow,
    MinuteFigures,
    OrderHealth,
    health_of,
)
from app.watch.stages.hours import awake_of_the_backlog
from app.watch.stages.resting import resting_at
from app.watch.stages.stage_clock import window_start
from app.watch.stages.usual import Baselines

MOST_TIMES = 20_000


class LooksAtOrders:
    """Looks at the order flow of a store, at one whole minute, once."""

    def __init__(self, store: Store, *, now: datetime, baselines: Baselines, lines: HealthLines = DEFAULTS) -> None:
        self._store, self._baselines, self._lines = store, baselines, lines
        self._at = now.replace(second=0, microsecond=0)
        self._seen: OrderHealth | None = None

    def now(self) -> OrderHealth:
        """Return what is seen."""
        if self._seen is None:
            with self._store.reading() as uow:
                usual = self._baselines.of(uow, self._at)
                self._seen = health_of(figures_now(uow, self._at), usual, self._lines)
        return self._seen

    def times(self, kind: KindNow) -> list[float]:
        """Return the minutes that the orders of a kind have spent in its stage so far."""
        stage = kind.stage
        with self._store.reading() as uow:
            since = window_start(uow.clocks.of(stage.number), window_of(stage.limit), self._at)
            return uow.health.times(
                stage.number, kind.channel, high=kind.high, since=since, now=self._at, limit=MOST_TIMES
            )


def figures_now(uow: UnitOfWork, at: datetime) -> MinuteFigures:
    """Return the figures of this minute."""
    told = uow.health.feeds()
    stages = stages_of(uow)
    clocks = {stage.number: uow.clocks.of(stage.number) for stage in stages}
    resting = resting_at(clocks, at)
    starts = {stage.number: window_start(clocks[stage.number], window_of(stage.limit), at) for stage in stages}
    sums = uow.stages.sums({*starts.values(), at - HALF_HOUR}, end=at)
    gate = stages[1]
    over = {one.channel: one for one in uow.health.over(gate.number, gate.limit, now=at)}
    incident = uow.incidents.open_one(drill=False)
    return MinuteFigures(
        at=at,
        stages=stages,
        resting=resting,
        sums=[one for stage in stages for one in sums[starts[stage.number]] if one.stage == stage.number],
        half_hour=sums[at - HALF_HOUR],
        feeds=[_feed(uow, source, at) for source in sorted(told)],
        told=told,
        waiting=over.get,
        changes=uow.health.backlog_changes(awake_of_the_backlog(resting), since=at - GROWTH, until=at),
        noted=uow.health.overdue(at - GROWTH) if incident is not None else None,
    )


def _feed(uow: UnitOfWork, source: str, at: datetime) -> FeedFigures:
    heard = uow.health.heard(source, before=at + MINUTE)
    read = uow.sources.get(source)
    failing = read.failing_since if read is not None else None
    return FeedFigures(
        source=source,
        heard=heard,
        often=uow.health.times_heard(source, since=heard - HOUR, until=heard) if heard is not None else 0,
        unreadable=at - failing if failing is not None else timedelta(),
    )
