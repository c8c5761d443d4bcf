"""Alerts over HTTP: what is wrong now, and what was."""

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ValidationError

from app.bootstrap import Lifeboat
from app.domain import problems as p
from app.domain.states import AlertState
from app.store.tables import Alert
from app.web.callers import OpsCaller
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
