"""Lifecycle events over HTTP: what the main system tells of an order's way, in bulk and in any order."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.domain import problems as p
from app.domain.flow import OWN_SOURCE
from app.domain.marks import Mark
from app.domain.times import is_a_time
from app.intake.field_errors import field_error
from app.watch.stages.events_file import EventsFile, WrongEvent
from app.watch.stages.import_events import EventsForeseen, EventsImported
from app.watch.stages.take_events import RejectedEvent, ReportedEvent, id_of, take_events
from app.web.api.json_body import REFUSALS, documents, reads
from app.web.callers import LifecycleCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["订单进度"])

MOST_EVENTS = 1000
LARGEST_ATTRIBUTES = 2000
"""Characters of an event's attributes as JSON."""

TEXT = r"^[^\x00-\x1f\x7f]*$"


class EventIn(BaseModel):
    """Something that happened to an order.

    ``event_id`` makes it known again under its ``source``; without one an event of the same order, mark and time is the
    same. ``attributes`` may hold ``priority`` (high), ``stage`` (of ``reopened``), ``into`` (of ``merged``),
    ``children`` (of ``split``) and ``last`` (true where nothing more will be told of this order).
    """

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=32, pattern=TEXT, examples=["wangdiantong"])
    event_id: str | None = Field(default=None, min_length=1, max_length=96, pattern=TEXT)
    order: str = Field(min_length=1, max_length=80, pattern=TEXT, description="主系统或店铺的单号")
    channel: str = Field(default="", max_length=64, pattern=TEXT)
    mark: Mark
    at: AwareDatetime = Field(description="业务发生的时间，须带时区")
    attributes: dict[str, JsonValue] = Field(default_factory=dict)


class EventsIn(BaseModel):
    """Events, at most a thousand; each is judged by itself, so that a bad one stops none of the others."""

    model_config = ConfigDict(extra="forbid")

    events: list[EventIn] = Field(max_length=MOST_EVENTS)


class RawEvents(BaseModel):
    """The same as it is read: nobody has looked at the events yet."""

    model_config = ConfigDict(extra="forbid")

    events: list[Any] = Field(max_length=MOST_EVENTS)


class RejectedOut(BaseModel):
    """An event that was not taken; ``index`` counts from 0."""

    index: int
    code: str
    detail: str


class TakenOut(BaseModel):
    """What became of an upload: the same again is all ``unchanged``."""

    applied: int
    unchanged: int
    rejected: list[RejectedOut]


class WrongEventOut(BaseModel):
    """An event of a file that is passed over; ``row`` counts as a spreadsheet does, the first is 1."""

    row: int
    column: str
    code: str
    detail: str


class EventsForeseenOut(BaseModel):
    """What importing a file of events would do; ``past`` orders are not followed any further."""

    rows: int
    orders: int
    new: int
    unchanged: int
    past: int
    open: int
    over: int
    first: datetime | None
    last: datetime | None
    marks: dict[str, int]
    channels: dict[str, int]
    rejected: list[WrongEventOut]


class EventsImportedOut(BaseModel):
    """What became of a file of events; ``left`` of them were not tried."""

    applied: int
    unchanged: int
    left: int
    rejected: list[WrongEventOut]


def foreseen_out(file: EventsFile, foreseen: EventsForeseen) -> EventsForeseenOut:
    """Return what importing a file would do, as programs read it."""
    return EventsForeseenOut(
        rows=file.rows,
        orders=foreseen.orders,
        new=foreseen.new,
        unchanged=foreseen.known,
        past=file.past,
        open=foreseen.open,
        over=foreseen.over,
        first=foreseen.first,
        last=foreseen.last,
        marks={str(mark): n for mark, n in foreseen.by_mark.items()},
        channels=dict(foreseen.by_channel),
        rejected=_wrong_out(foreseen.wrong),
    )


def imported_out(done: EventsImported, wrong: Iterable[WrongEvent]) -> EventsImportedOut:
    """Return what became of a file, as programs read it."""
    return EventsImportedOut(applied=done.applied, unchanged=done.unchanged, left=done.left, rejected=_wrong_out(wrong))


def _wrong_out(wrong: Iterable[WrongEvent]) -> list[WrongEventOut]:
    return [WrongEventOut(row=one.row, column=one.column, code=one.code, detail=one.why) for one in wrong]


@router.post(
    "/v1/lifecycle-events",
    summary="上报订单进度（可重复、可乱序、可分批）",
    responses=documented(*REFUSALS, p.Busy),
    openapi_extra=documents(EventsIn),
)
def report(
    boat: TheBoat,
    _caller: LifecycleCaller,
    told: Annotated[RawEvents, Depends(reads(RawEvents, scope="lifecycle"))],
) -> TakenOut:
    """Take events in; an order's state follows from all that is known of it, not from what came last."""
    now = boat.clock.now()
    good: list[ReportedEvent] = []
    bad: list[RejectedEvent] = []
    for index, one in enumerate(told.events):
        checked = checked_event(index, one, now=now)
        if isinstance(checked, ReportedEvent):
            good.append(checked)
        else:
            bad.append(checked)
    taken = take_events(boat.store, good, now=now)
    rejected = sorted([*bad, *taken.rejected], key=lambda one: one.index)
    return TakenOut(
        applied=taken.applied,
        unchanged=taken.unchanged,
        rejected=[RejectedOut(index=one.index, code=one.code, detail=one.detail) for one in rejected],
    )


def checked_event(index: int, said: object, *, now: datetime) -> ReportedEvent | RejectedEvent:
    """Return an event, or what is wrong with it; JSON as it came, so that a text is no number."""
    try:
        event = EventIn.model_validate_json(json.dumps(said, allow_nan=False), strict=True)
    except ValidationError as error:
        first = field_error(error.errors(include_url=False, include_input=False)[0])
        return RejectedEvent(index, first.code, f"{first.pointer or '/'}：{first.detail}")
    except ValueError:
        return RejectedEvent(index, "unreadable", "事件无法读取")
    if event.source.casefold() == OWN_SOURCE:
        return RejectedEvent(index, "own_source", f"/source：{OWN_SOURCE} 是本系统自己的来源名称，请换一个")
    if not is_a_time(event.at, now=now):
        return RejectedEvent(index, "no_time", "/at：不是一个可能的时间")
    if len(json.dumps(event.attributes, ensure_ascii=False)) > LARGEST_ATTRIBUTES:
        return RejectedEvent(index, "too_long", f"/attributes：最多 {LARGEST_ATTRIBUTES} 个字符")
    return ReportedEvent(
        index=index,
        source=event.source,
        event_id=event.event_id or id_of(event.order, event.mark, event.at),
        order=event.order,
        channel=event.channel,
        mark=event.mark,
        at=event.at,
        attributes=dict(event.attributes),
    )
