"""Alerts over HTTP: what is wrong now, and what was; a person takes one on, or keeps it quiet for a while."""

from datetime import timedelta
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.bootstrap import Lifeboat
from app.domain import problems as p
from app.domain.states import AlertState
from app.store.tables import Alert
from app.watch.attend import LONGEST_WHY, claim_alert, silence_alert, unsilence_alert
from app.web.api.json_body import REFUSALS, Reason, Whole, documents, reads
from app.web.callers import OpsActor, OpsCaller
from app.web.parts import TheBoat
from app.web.problems import documented

log = structlog.get_logger()

router = APIRouter(tags=["告警"])


class AlertOut(BaseModel):
    """One episode of a trouble; ``since`` it began, ``until`` it ended, ``by`` names the person who has taken it on."""

    id: int
    rule: str
    level: Literal["notice", "yellow", "orange", "red"]
    state: AlertState
    subject: str
    text: str
    since: AwareDatetime | None
    until: AwareDatetime | None
    by: str | None


class SilenceOut(BaseModel):
    """Until when, by whom and why an alert is not told."""

    until: AwareDatetime
    by: str | None
    why: str | None


class AttendedOut(AlertOut):
    """An alert after somebody has done something with it."""

    silence: SilenceOut | None


class ClaimIn(BaseModel):
    """Whether to take an alert over from somebody who has it in hand."""

    model_config = ConfigDict(extra="forbid")

    take_over: bool = False


class SilenceIn(BaseModel):
    """For how long, and why."""

    model_config = ConfigDict(extra="forbid")

    minutes: Whole = Field(default=60, ge=1, le=1440)
    why: Annotated[Reason, Field(max_length=LONGEST_WHY)]


AlertId = Annotated[int, PathParameter(ge=1, le=2**62)]
_REFUSALS = documented(*REFUSALS, p.NotFound, p.NotInThisState)


class AlertPage(BaseModel):
    """A page of alerts, newest first; pass ``next`` as ``cursor`` for the page after."""

    items: list[AlertOut]
    next: str | None


@router.get("/v1/alerts", summary="告警列表（新的在前）", responses=documented(p.Unauthenticated, p.Forbidden))
def list_alerts(
    boat: TheBoat,
    _caller: OpsCaller,
    cursor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AlertPage:
    """List alerts, those that have ended too."""
    return page_of(boat, before=cursor, limit=limit)


@router.post(
    "/v1/alerts/{alert_id}/claim",
    summary="认领一条告警",
    responses=_REFUSALS,
    openapi_extra=documents(ClaimIn, required=False),
)
def claim(
    boat: TheBoat, by: OpsActor, alert_id: AlertId, wanted: Annotated[ClaimIn, Depends(reads(ClaimIn))]
) -> AttendedOut:
    """Take an alert on; it is not told again for a while. Only its rule ends it."""
    with boat.store.writing() as uow:
        return attended(boat, claim_alert(uow, alert_id, by=by, now=boat.clock.now(), take_over=wanted.take_over))


@router.post(
    "/v1/alerts/{alert_id}/silence",
    summary="静默一条告警（最长 24 小时）",
    responses=_REFUSALS,
    openapi_extra=documents(SilenceIn),
)
def silence(
    boat: TheBoat, by: OpsActor, alert_id: AlertId, wanted: Annotated[SilenceIn, Depends(reads(SilenceIn))]
) -> AttendedOut:
    """Keep an alert from being told for a while; it stays in every list."""
    lasting, now = timedelta(minutes=wanted.minutes), boat.clock.now()
    with boat.store.writing() as uow:
        return attended(boat, silence_alert(uow, alert_id, lasting=lasting, why=wanted.why, by=by, now=now))


@router.post("/v1/alerts/{alert_id}/unsilence", summary="解除一条告警的静默", responses=_REFUSALS)
def unsilence(boat: TheBoat, by: OpsActor, alert_id: AlertId) -> AttendedOut:
    """Let an alert be told again."""
    with boat.store.writing() as uow:
        return attended(boat, unsilence_alert(uow, alert_id, by=by, now=boat.clock.now()))


def attended(boat: Lifeboat, alert: Alert) -> AttendedOut:
    """Return an alert with its silence, times on the merchant's wall clock."""
    silence = None
    if alert.silenced_until is not None:
        until = alert.silenced_until.astimezone(boat.settings.zone)
        silence = SilenceOut(until=until, by=alert.silenced_by, why=alert.silenced_why)
    return AttendedOut(**_shown(boat, alert).model_dump(), silence=silence)


def page_of(boat: Lifeboat, *, before: int | None, limit: int) -> AlertPage:
    """Return a page of alerts, times on the merchant's wall clock."""
    with boat.store.reading() as uow:
        alerts = uow.alerts.page(before=before, limit=limit + 1)
    more = str(alerts[limit - 1].id) if len(alerts) > limit else None
    return AlertPage(items=[shown for alert in alerts[:limit] if (shown := _readable(boat, alert))], next=more)


def _readable(boat: Lifeboat, alert: Alert) -> AlertOut | None:
    try:
        return _shown(boat, alert)
    except (ValidationError, OverflowError) as error:  # a damaged row is passed over, and the others are shown
        log.error("alert_unreadable", alert=alert.id, reason=type(error).__name__)  # noqa: TRY400 - the reason says it all
        return None


def _shown(boat: Lifeboat, alert: Alert) -> AlertOut:
    zone = boat.settings.zone
    since = alert.firing_since or alert.pending_since
    return AlertOut.model_validate(
        {
            "id": alert.id,
            "rule": alert.rule,
            "level": alert.level,
            "state": alert.state,
            "subject": alert.subject,
            "text": alert.text,
            "since": since.astimezone(zone) if since else None,
            "until": alert.ended_at.astimezone(zone) if alert.ended_at else None,
            "by": alert.acknowledged_by,
        }
    )
