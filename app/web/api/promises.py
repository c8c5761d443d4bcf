"""Promises that are broken or break soon, over HTTP."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from app.domain import problems as p
from app.store.repositories.traits import PromisedRow
from app.watch.promises import LONGEST, Promises, promises_within
from app.web.callers import WatchCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["订单进度"])

HOURS = 4
Hours = Annotated[int, Query(ge=0, le=LONGEST // timedelta(hours=1), description="今后几小时之内")]


class PromisedOut(BaseModel):
    """An order that is to be shipped by a moment; ``left`` in minutes, negative where the promise is broken."""

    order: str
    channel: str
    stage: int
    priority: str
    promised_at: AwareDatetime
    left: int


class PromisesOut(BaseModel):
    """Earliest first; ``cut`` says that there are more than were looked at."""

    at: AwareDatetime
    hours: int
    cut: bool
    broken: list[PromisedOut]
    soon: list[PromisedOut]


@router.get(
    "/v1/promises", summary="承诺发货时间：已超时与即将超时的订单", responses=documented(p.Unauthenticated, p.Forbidden)
)
def promises(boat: TheBoat, _caller: WatchCaller, hours: Hours = HOURS) -> PromisesOut:
    """Look which promises are broken, and which break within some hours."""
    now = boat.clock.now()
    with boat.store.reading() as uow:
        found = promises_within(uow, timedelta(hours=hours), now=now)
    return promises_out(found, hours=hours, now=now.astimezone(boat.settings.zone))


def promises_out(found: Promises, *, hours: int, now: datetime) -> PromisesOut:
    """Return what a look found as it is told to machines, on the wall clock of ``now``."""
    broken, soon = _orders(found.broken, now), _orders(found.soon, now)
    return PromisesOut(at=now, hours=hours, cut=found.cut, broken=broken, soon=soon)


def _orders(rows: Sequence[PromisedRow], now: datetime) -> list[PromisedOut]:
    return [
        PromisedOut(
            order=row.order_ref,
            channel=row.channel,
            stage=row.stage,
            priority="high" if row.high else "normal",
            promised_at=row.promised_at.astimezone(now.tzinfo),
            left=int((row.promised_at - now) / timedelta(minutes=1)),
        )
        for row in rows
    ]
