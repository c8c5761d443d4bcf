"""订单健康: the five stages of the orders in the main system, how long they take, and what the watch thinks of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.domain.order_health import Bottleneck
from app.domain.states import AlertState
from app.store.repositories.health import HOUR
from app.store.tables import Alert, StageHour
from app.watch.rules import ORDER_RULES
from app.watch.stages.health import MINUTE
from app.watch.stages.stage_clock import StageNow, stages_now
from app.web.console.gravity import gravest_first
from app.web.console.page import ConsolePage
from app.web.console.routing import route

HOURS = 24
HIGHEST = 3.0
"""Limits; what is beyond is drawn as high as this."""

_RULES = frozenset(rule.name for rule in ORDER_RULES)
_BLIND, _BOTTLENECK = "feed_blind", "stage_bottleneck"


@dataclass(frozen=True, slots=True)
class HourBar:
    """An hour of a stage: when it began, its mean in minutes, and that as a part of the highest bar, 0 to 1."""

    begins: datetime
    mean: float | None
    height: float
    over: bool


@dataclass(frozen=True, slots=True)
class ShownStage:
    """A stage, what is thought of it, its mean as a part of the scale, and its last hours, oldest first."""

    now: StageNow
    verdict: str
    filled: float
    hours: tuple[HourBar, ...]
    alerts: tuple[Alert, ...]


class OrderHealthPage(ConsolePage):
    """The stages at this moment, and over the day."""

    path = "/health"
    title = "订单健康"
    entry = "health"

    @route("", name="health")
    async def index(self, request: Request) -> Response:
        """Show the stages and what rings."""
        return self.render(request, "order_health.html", **await run_in_threadpool(self._look))

    def _look(self) -> dict[str, Any]:
        now = self.boat.clock.now()
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        with self.boat.store.reading() as uow:
            stages = stages_now(uow, now=now)
            told = [one for one in uow.alerts.open() if one.rule in _RULES and one.state != AlertState.PENDING]
            hours = uow.health.hours(this_hour - HOURS * HOUR, all_of_them=True)
            feeds = sorted(uow.health.feeds())
        means = _means(hours)
        blind = [one for one in told if one.rule == _BLIND]
        return {
            "stages": [_shown(one, told, means, this_hour, blind=bool(blind)) for one in stages],
            "alerts": gravest_first(told),
            "feeds": feeds,
            "highest": HIGHEST,
        }


def _shown(
    one: StageNow,
    alerts: Sequence[Alert],
    means: Mapping[tuple[datetime, int], float],
    this_hour: datetime,
    *,
    blind: bool,
) -> ShownStage:
    limit = one.stage.limit / MINUTE
    mine = tuple(alert for alert in alerts if alert.stage == one.stage.number)
    hours = (this_hour - n * HOUR for n in range(HOURS, 0, -1))
    return ShownStage(
        one,
        _verdict(one, mine, blind=blind),
        min(one.figures.flow_mean / limit / HIGHEST, 1.0),
        tuple(_bar(begins, means.get((begins, one.stage.number)), limit) for begins in hours),
        mine,
    )


def _verdict(one: StageNow, alerts: Sequence[Alert], *, blind: bool) -> str:
    """Return the code of what is thought of a stage; never that all is well while somebody cannot be seen."""
    if any(alert.rule == _BOTTLENECK for alert in alerts):
        return "bottleneck"
    if one.figures.n == 0:
        return "blind" if blind else "empty"
    slow = one.figures.over > 0 and one.figures.flow_mean > Bottleneck().times * (one.stage.limit / MINUTE)
    if slow and one.figures.is_thin:
        return "suspected"
    if blind:
        return "blind"
    return "slow" if slow or alerts else "well"


def _bar(begins: datetime, mean: float | None, limit: float) -> HourBar:
    height = 0.0 if mean is None else min(mean / limit / HIGHEST, 1.0)
    return HourBar(begins, mean, height, over=mean is not None and mean > limit)


def _means(hours: Sequence[StageHour]) -> dict[tuple[datetime, int], float]:
    """Return the order-minutes for each exit of every hour and stage."""
    minutes: dict[tuple[datetime, int], float] = {}
    left: dict[tuple[datetime, int], int] = {}
    for one in hours:
        key = (one.hour, one.stage)
        minutes[key] = minutes.get(key, 0.0) + one.order_seconds / timedelta(minutes=1).total_seconds()
        left[key] = left.get(key, 0) + one.left
    return {key: spent / max(1, left[key]) for key, spent in minutes.items() if spent or left[key]}
