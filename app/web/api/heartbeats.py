"""Heartbeats over HTTP: a job of somebody else's says that it begins, has ended well, or has failed."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.bootstrap import Lifeboat
from app.domain import problems as p
from app.domain.heartbeat import BeatState
from app.store.repositories.expected_beats import beat_of
from app.store.tables import ExpectedBeat
from app.watch.systemic.heartbeats import Signal, hear
from app.web.api.json_body import REFUSALS, documents, reads
from app.web.callers import LifecycleCaller, WatchCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["系统性排查"])

MOST_SAID = 10_000
"""Characters that a signal may bring along; the last 500 are kept."""


class BeatIn(BaseModel):
    """What a job says with its signal, such as the last lines of its output; may be left out."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=MOST_SAID, examples=["exit 1: disk full"])


class BeatOut(BaseModel):
    """A heartbeat; ``every`` and ``grace`` in minutes.

    ``due`` is when a success is awaited next, ``started`` the beginning of a run that has not ended, ``failures`` those
    in a row, of which ``most_failures`` make a trouble.
    """

    name: str
    state: BeatState
    every: float
    grace: float
    due: AwareDatetime | None
    started: AwareDatetime | None
    last_ok: AwareDatetime | None
    failures: int
    most_failures: int
    text: str


class BeatsOut(BaseModel):
    """All heartbeats, by name."""

    items: list[BeatOut]
    next: None


BeatName = Annotated[str, PathParameter(max_length=48, examples=["nightly-export"])]
_REFUSALS = documented(*REFUSALS, p.NotFound)
_DOCUMENTED = documents(BeatIn, required=False)
_Said = Annotated[BeatIn, Depends(reads(BeatIn, scope="lifecycle"))]


@router.post("/v1/heartbeats/{name}", summary="定时任务报成功", responses=_REFUSALS, openapi_extra=_DOCUMENTED)
def succeed(boat: TheBoat, _caller: LifecycleCaller, name: BeatName, said: _Said) -> BeatOut:
    """Say that a job has ended well."""
    return _hear(boat, name, "ok", said)


@router.post("/v1/heartbeats/{name}/start", summary="定时任务报开始", responses=_REFUSALS, openapi_extra=_DOCUMENTED)
def start(boat: TheBoat, _caller: LifecycleCaller, name: BeatName, said: _Said) -> BeatOut:
    """Say that a job begins; it is overdue from now on until it ends well."""
    return _hear(boat, name, "start", said)


@router.post("/v1/heartbeats/{name}/fail", summary="定时任务报失败", responses=_REFUSALS, openapi_extra=_DOCUMENTED)
def fail(boat: TheBoat, _caller: LifecycleCaller, name: BeatName, said: _Said) -> BeatOut:
    """Say that a job has failed."""
    return _hear(boat, name, "fail", said)


@router.get("/v1/heartbeats", summary="心跳列表", responses=documented(p.Unauthenticated, p.Forbidden))
def list_heartbeats(boat: TheBoat, _caller: WatchCaller) -> BeatsOut:
    """List the heartbeats that are owed to us, and how each stands."""
    return beats_of(boat)


def _hear(boat: Lifeboat, name: str, signal: Signal, said: BeatIn) -> BeatOut:
    now = boat.clock.now()
    with boat.store.writing() as uow:
        return beat_out(hear(uow, name, signal, said=said.text, now=now), now=now, zone=boat.settings.zone)


def beats_of(boat: Lifeboat) -> BeatsOut:
    """Return all heartbeats, times on the merchant's wall clock."""
    now = boat.clock.now()
    with boat.store.reading() as uow:
        rows = uow.expected_beats.all()
    return BeatsOut(items=[beat_out(row, now=now, zone=boat.settings.zone) for row in rows], next=None)


def beat_out(row: ExpectedBeat, *, now: datetime, zone: ZoneInfo) -> BeatOut:
    """Return a heartbeat as of ``now``."""

    def local(at: datetime | None) -> datetime | None:
        return at.astimezone(zone) if at else None

    return BeatOut(
        name=row.name,
        state=beat_of(row).state(now),
        every=row.every_s / 60,
        grace=row.grace_s / 60,
        due=local(row.due_at),
        started=local(row.started_at),
        last_ok=local(row.last_ok_at),
        failures=row.failures,
        most_failures=row.most_failures,
        text=row.said,
    )
