"""The roster over HTTP: who is on duty now, until when, who is next, and what the next two weeks lack."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from app.bootstrap import Lifeboat
from app.domain import problems as p
from app.domain.roster import AHEAD, FIRST, Stretch
from app.store.on_duty import RosterView, lacks_in_words, on_duty, roster_lacks, roster_view
from app.store.tables import User
from app.web.callers import OpsCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["值班"])

MOST_DAYS = 60


class DutyNowOut(BaseModel):
    """Whom to ask now, in this order, by account; null for nobody. ``until`` the first changes, and ``next`` comes."""

    first: str | None
    second: str | None
    fallback: str | None
    until: AwareDatetime | None
    next: str | None


class TurnOut(BaseModel):
    """A stretch in a place (1 first, 2 second) without a change; of a gap ``who`` and ``id`` are null."""

    place: int
    who: str | None
    since: AwareDatetime
    until: AwareDatetime
    by: Literal["shift", "override", "gap"]
    id: int | None
    reason: str | None


class LackOut(BaseModel):
    """What the roster lacks in the next 14 days."""

    code: str
    detail: str


class RosterOut(BaseModel):
    """The roster as it holds, overrides in force, second place without its gaps; times on the merchant's wall clock."""

    at: AwareDatetime
    now: DutyNowOut
    items: list[TurnOut]
    lacks: list[LackOut]
    next: None = None


@router.get("/v1/roster", summary="值班表：现在谁值班、今后谁接", responses=documented(p.Unauthenticated, p.Forbidden))
def show_roster(
    boat: TheBoat, _caller: OpsCaller, days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = AHEAD.days
) -> RosterOut:
    """Tell who is on duty, and what holds in the next days."""
    return roster_out(boat, now=boat.clock.now(), days=days)


def roster_out(boat: Lifeboat, *, now: datetime, days: int) -> RosterOut:
    """Return the roster from ``now`` for so many days."""
    zone = boat.settings.zone
    with boat.store.reading() as uow:
        asked, view = on_duty(uow, now), roster_view(uow, since=now, until=now + timedelta(days=days))
        lacks = lacks_in_words(roster_lacks(uow, boat.keyring, now=now), zone=zone)
        overrides = uow.roster.overrides(since=now, until=now + timedelta(days=days))
    reasons = {one.id: one.reason for one in overrides}
    first = view.places[FIRST]
    coming = next((one for one in first if one.who != first[0].who), None)
    return RosterOut(
        at=now.astimezone(zone),
        now=DutyNowOut(
            first=_name(asked.first),
            second=_name(asked.second),
            fallback=_name(asked.fallback),
            until=coming.starts_at.astimezone(zone) if coming else None,
            next=view.names.get(coming.who or 0) if coming else None,
        ),
        items=[
            _turn_out(place, one, view, reasons, boat)
            for place, found in view.places.items()
            for one in found
            if one.turn is not None or place == FIRST
        ],
        lacks=[LackOut(code=lack.code, detail=lack.text) for lack in lacks],
    )


def _name(user: User | None) -> str | None:
    return user.name if user is not None else None


def _turn_out(place: int, one: Stretch, view: RosterView, reasons: dict[int | None, str], boat: Lifeboat) -> TurnOut:
    zone, turn = boat.settings.zone, one.turn
    return TurnOut(
        place=place,
        who=view.names.get(turn.who) if turn else None,
        since=one.starts_at.astimezone(zone),
        until=one.ends_at.astimezone(zone),
        by="gap" if turn is None else "override" if turn.override else "shift",
        id=turn.id if turn else None,
        reason=reasons.get(turn.id) if turn and turn.override else None,
    )
