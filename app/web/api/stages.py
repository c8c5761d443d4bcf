"""The five stages over HTTP: how many orders are in each, how long they take, the oldest."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from app.domain import problems as p
from app.watch.stages.stage_clock import StageNow, stages_now
from app.web.callers import WatchCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["订单进度"])


class KindOut(BaseModel):
    """One kind of orders in a stage."""

    channel: str
    priority: Literal["normal", "high"]
    inside: int
    exits: int
    flow_mean: float
    inferred: int


class StageOut(BaseModel):
    """A stage; times in minutes, those of a ``warehouse`` clock in its hours alone; ``open`` while that clock runs.

    ``flow_mean`` is the order-minutes spent in the window for each order that left, ``done_mean`` the mean of these
    alone. ``p50`` and ``p95`` count the orders inside too, null where the value lies above ``oldest``. ``thin`` figures
    stand on fewer than ten orders; ``inferred`` exits have a time that nobody told, and are in no mean.
    """

    stage: int
    name: str
    begins: str
    ends: str
    clock: Literal["always", "warehouse"]
    open: bool
    limit: float
    window: float
    inside: int
    exits: int
    n: int
    thin: bool
    flow_mean: float
    done_mean: float | None
    p50: float | None
    p95: float | None
    oldest: float | None
    over: int
    over_share: float
    inferred: int
    kinds: list[KindOut]


class StagesOut(BaseModel):
    """The five stages, as of the last whole minute."""

    at: AwareDatetime
    items: list[StageOut]
    next: None


@router.get("/v1/stages", summary="五个环节此刻的订单与用时", responses=documented(p.Unauthenticated, p.Forbidden))
def list_stages(boat: TheBoat, _caller: WatchCaller) -> StagesOut:
    """Tell how the orders of the main system are getting on."""
    now = boat.clock.now()
    with boat.store.reading() as uow:
        stages = stages_now(uow, now=now)
    return stages_out(stages, now=now.astimezone(boat.settings.zone))


def stages_out(stages: Sequence[StageNow], *, now: datetime) -> StagesOut:
    """Return the figures as of ``now``, which is on the merchant's wall clock."""
    return StagesOut(at=now.replace(microsecond=0), items=[_stage(one) for one in stages], next=None)


def _stage(one: StageNow) -> StageOut:
    figures = one.figures
    return StageOut(
        stage=one.stage.number,
        name=one.stage.word,
        begins=one.stage.begins,
        ends=one.stage.ends,
        clock=one.stage.clock,
        open=one.open,
        limit=one.stage.limit / timedelta(minutes=1),
        window=one.window / timedelta(minutes=1),
        inside=figures.inside,
        exits=figures.exits,
        n=figures.n,
        thin=figures.is_thin,
        flow_mean=round(figures.flow_mean, 2),
        done_mean=_rounded(figures.done_mean),
        p50=_rounded(figures.p50),
        p95=_rounded(figures.p95),
        oldest=_rounded(figures.oldest),
        over=figures.over,
        over_share=round(figures.over_share, 4),
        inferred=figures.inferred,
        kinds=[
            KindOut(
                channel=kind.channel,
                priority="high" if kind.high else "normal",
                inside=kind.inside,
                exits=kind.exits,
                flow_mean=round(kind.flow_mean, 2),
                inferred=kind.inferred,
            )
            for kind in one.kinds
        ],
    )


def _rounded(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 2)
