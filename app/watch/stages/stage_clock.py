"""The figures of the five stages at this moment, from the sums that are kept as events come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.marks import Stage
from app.domain.stage_clock import StageFigures, flow_mean, quantiles, window_of
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
    """A stage, its figures over its live window, and the same by kind."""

    stage: Stage
    window: timedelta
    figures: StageFigures
    kinds: tuple[KindFigures, ...]


def stages_now(uow: UnitOfWork, *, now: datetime) -> list[StageNow]:
    """Return the figures of each stage, up to the last whole minute."""
    end = now.replace(second=0, microsecond=0)
    stages = stages_of(uow)
    starts = {stage.number: end - window_of(stage.limit) for stage in stages}
    sums = uow.stages.sums(set(starts.values()), end=end)
    return [
        _now(uow, stage, [one for one in sums[starts[stage.number]] if one.stage == stage.number], end)
        for stage in stages
    ]


def _now(uow: UnitOfWork, stage: Stage, sums: list[StageSums], end: datetime) -> StageNow:
    window = window_of(stage.limit)
    left, inside = uow.stages.ages(stage.number, since=end - window, now=end, at_most=MOST_AGES)
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
        over=uow.stages.over(stage.number, before=end - stage.limit),
        inferred=sum(one.inferred for one in sums),
    )
    kinds = [
        KindFigures(one.channel, one.high, one.inside, one.exits, flow_mean(_minutes([one]), one.exits), one.inferred)
        for one in sorted(sums, key=lambda one: (-one.inside, one.channel, one.high))
    ]
    return StageNow(stage, window, figures, tuple(kinds))


def _minutes(sums: Iterable[StageSums]) -> float:
    return sum(one.order_seconds for one in sums) / 60
