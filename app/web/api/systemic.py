"""Systemic or not, over HTTP: what stuck orders have in common, since when, what happened then; changes told to us."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.domain import problems as p
from app.domain.actor import Actor, Way
from app.intake.field_errors import NOT_BLANK
from app.watch.systemic.changes import ToldChange, take_changes
from app.watch.systemic.dependencies import SHOWN, DependencyFigures, figures_of
from app.watch.systemic.look import Systemic, look_for_cause
from app.watch.systemic.time_line import TimeLineEntry
from app.watch.systemic.verdict import Verdict
from app.web.api.json_body import REFUSALS, documents, reads
from app.web.callers import LifecycleCaller, WatchCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["系统性排查"])

Text = Annotated[str, Field(min_length=1, pattern=NOT_BLANK)]


class ChangeIn(BaseModel):
    """Something that somebody changed: a rule, a price list, a release.

    ``id`` makes it known again: the same again adds nothing. Without one a change of the same person, words and time is
    the same.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(default="", max_length=96, examples=["deploy-4711"])
    who: Annotated[Text, Field(max_length=80, examples=["ci"])]
    what: Annotated[Text, Field(max_length=200, examples=["订单路由规则"])]
    before: str = Field(default="", max_length=500, examples=["v41"])
    after: str = Field(default="", max_length=500, examples=["v42"])
    at: AwareDatetime = Field(description="变更生效的时间，须带时区")


class ChangeOut(BaseModel):
    """Whether a change was new."""

    added: bool


class SharedOut(BaseModel):
    """A value that most of the stuck orders share; shares from 0 to 1, of the others null where nothing is known."""

    dimension: Literal["stage", "type", "channel", "sku", "warehouse", "carrier", "pay"]
    value: str
    stuck: int
    share: float
    healthy_share: float | None
    stands_out: bool


class HappeningOut(BaseModel):
    """Something that happened around the beginning; at most one is the ``likeliest``: a hint, and never the cause."""

    at: AwareDatetime
    kind: Literal["change", "job", "heartbeat", "dependency"]
    text: str
    evidence: str
    likeliest: bool


class DependencyOut(BaseModel):
    """The probes of a dependency within the last hour; ``p95`` in milliseconds."""

    name: str
    probes: int
    error_share: float
    p95: int | None
    last_ok: AwareDatetime | None
    sick: bool


class SystemicOut(BaseModel):
    """Whether what is stuck now is systemic.

    ``onset`` is the minute in which the exits of ``stage`` fell under half of what is usual, or those of what
    the stuck orders share in it, null where neither can be told; ``began`` is what the time line is drawn around.
    """

    at: AwareDatetime
    verdict: Verdict
    stuck: int
    healthy: int
    stage: int | None
    shared: list[SharedOut]
    onset: AwareDatetime | None
    began: AwareDatetime | None
    time_line: list[HappeningOut]
    orders: list[str]
    dependencies: list[DependencyOut]


@router.post(
    "/v1/changes",
    status_code=201,
    summary="上报一项变更（可重复）",
    responses=documented(*REFUSALS, p.IdempotencyConflict) | {200: {"description": "此前已登记", "model": ChangeOut}},
    openapi_extra=documents(ChangeIn),
)
def tell_change(
    request: Request,
    answer: Response,
    boat: TheBoat,
    caller: LifecycleCaller,
    told: Annotated[ChangeIn, Depends(reads(ChangeIn, scope="lifecycle"))],
) -> ChangeOut:
    """Tell of a change; 200 where it is known already."""
    by = Actor(f"client:{caller.name}", Way.HTTP, request.client.host if request.client else "")
    change = ToldChange(
        who=told.who, what=told.what, before=told.before, after=told.after, at=told.at, change_id=told.id
    )
    try:
        with boat.store.writing() as uow:
            taken = take_changes(uow, [change], source=f"client:{caller.client_id}", by=by, now=boat.clock.now())
    except p.Refusal as refusal:
        raise p.InvalidOrder(str(refusal)) from None
    answer.status_code = 201 if taken.added else 200
    return ChangeOut(added=bool(taken.added))


@router.get("/v1/systemic", summary="系统性排查", responses=documented(p.Unauthenticated, p.Forbidden))
def systemic(boat: TheBoat, _caller: WatchCaller) -> SystemicOut:
    """Tell whether what is stuck now is systemic, and what happened when it began."""
    now = boat.clock.now()
    with boat.store.reading() as uow:
        found = look_for_cause(uow, now=now, zone=boat.settings.zone)
        dependencies = figures_of(uow.dependencies.windows(now - SHOWN, now), now=now)
    return systemic_out(found, dependencies, now=now, zone=boat.settings.zone)


def systemic_out(
    found: Systemic, dependencies: list[DependencyFigures], *, now: datetime, zone: ZoneInfo
) -> SystemicOut:
    """Return what was found, times on the merchant's wall clock."""
    judgement = found.judgement
    return SystemicOut(
        at=now.astimezone(zone).replace(microsecond=0),
        verdict=judgement.verdict,
        stuck=judgement.stuck,
        healthy=judgement.healthy,
        stage=found.stage,
        shared=[
            SharedOut.model_validate(
                {
                    "dimension": one.dimension,
                    "value": one.value,
                    "stuck": one.stuck,
                    "share": round(one.share, 4),
                    "healthy_share": None if one.healthy_share is None else round(one.healthy_share, 4),
                    "stands_out": one.stands_out,
                }
            )
            for one in judgement.concentrations
        ],
        onset=found.onset.astimezone(zone) if found.onset else None,
        began=found.began_at.astimezone(zone) if found.began_at else None,
        time_line=[_happening(one, zone) for one in found.time_line],
        orders=list(found.examples),
        dependencies=[
            DependencyOut(
                name=one.name,
                probes=one.probes,
                error_share=round(one.error_share, 4),
                p95=one.p95,
                last_ok=one.last_ok_at.astimezone(zone) if one.last_ok_at else None,
                sick=one.sick,
            )
            for one in dependencies
        ],
    )


def _happening(one: TimeLineEntry, zone: ZoneInfo) -> HappeningOut:
    return HappeningOut(
        at=one.at.astimezone(zone), kind=one.kind, text=one.text, evidence=one.evidence, likeliest=one.likeliest
    )
