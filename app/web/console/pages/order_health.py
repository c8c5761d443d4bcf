"""订单健康: the five stages of the orders in the main system, how long they take, and what the watch thinks of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.domain.states import AlertState
from app.store.tables import Alert
from app.watch.flow_map.warehouse_hours import hours_in_force, week_words
from app.watch.rules import ORDER_RULES
from app.watch.stages.day import HourOfStage, StageDays
from app.watch.stages.health import MINUTE
from app.watch.stages.stage_clock import StageNow, stages_now
from app.web.console.gravity import gravest_first
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import route

HIGHEST = 3.0
"""Limits; what is beyond is drawn as high as this."""

_RULES = frozenset(rule.name for rule in ORDER_RULES)
_BLIND, _BOTTLENECK = "feed_blind", "stage_bottleneck"


@dataclass(frozen=True, slots=True)
class ShownStage:
    """A stage, what is thought of it, its mean as a part of the scale, and its last hours, oldest first."""

    now: StageNow
    verdict: str
    filled: float
    hours: tuple[HourOfStage, ...]
    alerts: tuple[Alert, ...]


class OrderHealthPage(ConsolePage):
    """The stages at this moment, and over the day."""

    path = "/health"
    title = "订单健康"
    entry = "health"

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._days = StageDays(frame.boat.settings.zone)

    @route("", name="health")
    async def index(self, request: Request) -> Response:
        """Show the stages and what rings."""
        return self.render(request, "order_health.html", **await run_in_threadpool(self._look))

    def _look(self) -> dict[str, Any]:
        now = self.boat.clock.now()
        with self.boat.store.reading() as uow:
            stages = stages_now(uow, now=now)
            told = [one for one in uow.alerts.open() if one.rule in _RULES and one.state != AlertState.PENDING]
            days = self._days.look(uow, now=now)
            feeds = sorted(uow.health.feeds().keys() | uow.event_uploads.sources())
            works = hours_in_force(uow, zone=self.boat.settings.zone, now=now)
        blind = [one for one in told if one.rule == _BLIND]
        times = self.boat.live.lines.bottleneck.times
        return {
            "stages": [_shown(one, told, days[one.stage.number], blind=bool(blind), times=times) for one in stages],
            "alerts": gravest_first(told),
            "feeds": feeds,
            "works": works,
            "works_words": week_words(works.week),
            "highest": HIGHEST,
        }


def _shown(
    one: StageNow, alerts: Sequence[Alert], hours: tuple[HourOfStage, ...], *, blind: bool, times: float
) -> ShownStage:
    limit = one.stage.limit / MINUTE
    mine = tuple(alert for alert in alerts if alert.stage == one.stage.number)
    return ShownStage(
        one,
        _verdict(one, mine, blind=blind, times=times),
        min(one.figures.flow_mean / limit / HIGHEST, 1.0),
        hours,
        mine,
    )


def _verdict(one: StageNow, alerts: Sequence[Alert], *, blind: bool, times: float) -> str:
    """Return the code of what is thought of a stage; never that all is well while somebody cannot be seen."""
    if not one.open:
        return "closed"
    if any(alert.rule == _BOTTLENECK for alert in alerts):
        return "bottleneck"
    if one.figures.n == 0:
        return "blind" if blind else "empty"
    slow = one.figures.over > 0 and one.figures.flow_mean > times * (one.stage.limit / MINUTE)
    if slow and one.figures.is_thin:
        return "suspected"
    if blind:
        return "blind"
    return "slow" if slow or alerts else "well"
