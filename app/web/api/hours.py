"""When the warehouse works, over HTTP: the clock of its stages runs by it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from app.domain import problems as p
from app.watch.flow_map.warehouse_hours import HoursInForce, hours_in_force
from app.web.callers import WatchCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["订单进度"])


class WarehouseHoursOut(BaseModel):
    """The newest wording; ``week`` has seven texts, Monday first, empty for closed, ``special_days`` more by date.

    It holds from ``starts_at`` on; version 0 means that nobody has set hours, and the warehouse is always open.
    ``open`` is how things stand at ``at``, ``opens_at`` when that changes where it is closed.
    """

    at: AwareDatetime
    version: int
    zone: str
    week: list[str]
    special_days: dict[str, str]
    starts_at: AwareDatetime | None
    changed_at: AwareDatetime | None
    changed_by: str | None
    open: bool
    opens_at: AwareDatetime | None


@router.get("/v1/warehouse-hours", summary="仓库作业时间", responses=documented(p.Unauthenticated, p.Forbidden))
def warehouse_hours(boat: TheBoat, _caller: WatchCaller) -> WarehouseHoursOut:
    """Tell when the warehouse works."""
    now, zone = boat.clock.now(), boat.settings.zone
    with boat.store.reading() as uow:
        found = hours_in_force(uow, zone=zone, now=now)
    return hours_out(found, now=now, zone=zone)


def hours_out(found: HoursInForce, *, now: datetime, zone: ZoneInfo) -> WarehouseHoursOut:
    """Return the hours as they are told to machines; moments are on the merchant's wall clock."""

    def local(moment: datetime | None) -> datetime | None:
        return moment.astimezone(zone) if moment is not None else None

    return WarehouseHoursOut(
        at=now.astimezone(zone).replace(microsecond=0),
        version=found.version,
        zone=found.zone,
        week=list(found.week),
        special_days=dict(found.special_days),
        starts_at=local(found.starts_at),
        changed_at=local(found.changed_at),
        changed_by=found.changed_by or None,
        open=found.open,
        opens_at=local(found.opens_at),
    )
