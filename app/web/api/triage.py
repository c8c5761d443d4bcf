"""What orders are stuck on, over HTTP: groups by the table of triage, each with whose it is and what to say."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from app.domain import problems as p
from app.watch.triage.look import StuckNow, StuckOrder, stuck_now
from app.watch.triage.review import is_stale
from app.watch.triage.table import table_in_force
from app.web.callers import WatchCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["订单进度"])

MOST_NAMED = 100
"""Orders of a group that are named, longest first."""


class StuckOrderOut(BaseModel):
    """An order over its stage's limit; ``waited`` in minutes, ``said`` what events say of it, by the table's names."""

    order: str
    channel: str
    stage: int
    waited: float
    said: dict[str, str]


class StuckGroupOut(BaseModel):
    """Orders of one type; ``stuck`` is false where only buyers can move them, ``stale`` where no review is recent."""

    code: str
    type: str
    owner: str
    stuck: bool
    meaning: str
    say: str
    next: str
    count: int
    reviewed_at: AwareDatetime | None
    reviewed_by: str | None
    stale: bool
    orders: list[StuckOrderOut]


class UnnamedOut(BaseModel):
    """A code that the table has no name for."""

    fact: str
    code: str
    orders: int


class StuckOut(BaseModel):
    """All that is stuck now; ``cut`` says that there are more than were looked at."""

    at: AwareDatetime
    stuck: int
    cut: bool
    groups: list[StuckGroupOut]
    unnamed: list[UnnamedOut]


@router.get(
    "/v1/stuck", summary="现在卡在哪里：滞留的订单按类型与责任方", responses=documented(p.Unauthenticated, p.Forbidden)
)
def stuck(boat: TheBoat, _caller: WatchCaller) -> StuckOut:
    """Look what orders are stuck on."""
    now = boat.clock.now().astimezone(boat.settings.zone)
    table, _ = table_in_force(boat.settings.triage_table)
    with boat.store.reading() as uow:
        found = stuck_now(uow, table, now=now)
    return stuck_out(found, now=now)


def stuck_out(found: StuckNow, *, now: datetime) -> StuckOut:
    """Return what a look found as it is told to machines."""
    groups = [
        StuckGroupOut(
            code=one.line.code,
            type=one.line.type,
            owner=one.line.owner,
            stuck=one.line.stuck,
            meaning=one.line.meaning,
            say=one.line.say,
            next=one.line.next,
            count=len(one.orders),
            reviewed_at=one.reviewed.changed_at if one.reviewed else None,
            reviewed_by=one.reviewed.changed_by if one.reviewed else None,
            stale=is_stale(one.reviewed, now=now),
            orders=[_order(order) for order in one.orders[:MOST_NAMED]],
        )
        for one in found.groups
    ]
    unnamed = [UnnamedOut(fact=fact, code=code, orders=n) for (fact, code), n in sorted(found.unnamed.items())]
    return StuckOut(at=now, stuck=found.stuck, cut=found.cut, groups=groups, unnamed=unnamed)


def _order(one: StuckOrder) -> StuckOrderOut:
    waited = round(one.waited.total_seconds() / 60, 1)
    return StuckOrderOut(order=one.ref, channel=one.channel, stage=one.stage, waited=waited, said=dict(one.said))
