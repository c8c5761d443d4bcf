"""The figures of the five stages at this moment, from the sums that are kept as events come.

Of a stage that runs in the warehouse's hours every time is working time, and so is its window: while the warehouse is
closed the window begins ever earlier on the wall, and its figures stay as they were when it closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.marks import Stage
from app.domain.stage_clock import StageFigures, flow_mean, quantiles, window_of
from app.domain.working_clock import WorkingClock
from app.store.repositories.stages import StageSums
from app.store.unit_of_work import UnitOfWork
from app.watch.flow_map.plans import stages_of

MOST_AGES = 20_000
"""Orders from which medians are made; the longest waiting and the last that left where there are more."""

_SHARES = (0.5, 0.95)


@dataclass(frozen=True, slots=True)
class KindFigures:
    """What one kind of orders spent in a stage; ``flow_mean`` in minutes."""

    channel: str
    high: bool
    inside: int
    exits: int
    flow_mean: float
    inferred: int


@dataclass(frozen=True, slots=True)
class StageNow:
    """A stage, its figures over its live window, and the same by kind; ``open`` while its clock runs."""

    stage: Stage
    window: timedelta
    figures: StageFigures
    kinds: tuple[KindFigures, ...]
    open: bool


def window_start(clock: WorkingClock, length: timedelta, end: datetime) -> datetime:
    """Return the whole minute at which a window of a stage begins, by its clock, that ends at a whole minute."""
    return clock.back(end, length).replace(second=0, microsecond=0)


def stages_now(uow: UnitOfWork, *, now: datetime) -> list[StageNow]:
    """Return the figures of each stage, up to the last whole minute."""
    end = now.replace(second=0, microsecond=0)
    stages = stages_of(uow)
    starts = {stage.number: window_start(uow.clocks.of(stage.number), window_of(stage.limit), end) for stage in stages}
    sums = uow.stages.sums(set(starts.values()), end=end)
    return [
        _now(
            uow,
            stage,
            [one for one in sums[start] if one.stage == stage.number],
            since=start,
            end=end,
        )
        for stage in stages
        for start in (starts[stage.number],)
    ]


def _now(uow: UnitOfWork, stage: Stage, sums: list[StageSums], *, since: datetime, end: datetime) -> StageNow:
    left, inside = uow.stages.ages(stage.number, since=since, now=end, at_most=MOST_AGES)
    p50, p95 = quantiles(left, inside, _SHARES)
    exits = sum(one.exits for one in sums)
    figures = StageFigures(
        inside=sum(one.inside for one in sums),
        exits=exits,
        flow_mean=flow_mean(_minutes(sums), exits),
        done_mean=sum(left) / len(left) if left else None,
        p50=p50,
        p95=p95,
        oldest=max(inside, default=None),
        over=uow.stages.over(stage.number, stage.limit, now=end),
        inferred=sum(one.inferred for one in sums),
    )
    kinds = [
        KindFigures(one.channel, one.high, one.inside, one.exits, flow_mean(_minutes([one]), one.exits), one.inferred)
        for one in sorted(sums, key=lambda one: (-one.inside, one.channel, one.high))
    ]
    return StageNow(stage, window_of(stage.limit), figures, tuple(kinds), uow.clocks.of(stage.number).is_open(end))


def _minutes(sums: Iterable[StageSums]) -> float:
    return sum(one.order_seconds for one in sums) / 60
