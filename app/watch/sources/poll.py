"""Reads one window of a source and stores what it tells; where the source stands moves only after that.

A crash in between reads the window again, and everything in it is known by then. Nothing of one source touches another.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.clock import Clock
from app.domain.marks import Mark
from app.domain.problems import Problem
from app.store.statements import chunks
from app.store.tables import WatchSource
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.sources.caller import SourceCaller
from app.watch.sources.document import Source
from app.watch.sources.event_map import RowEvents, take_row
from app.watch.sources.reading import SourceReading
from app.watch.sources.reading_window import ReadingWindow, next_window
from app.watch.sources.sift import sift
from app.watch.sources.trouble import SourceTrouble, TooManyRows
from app.watch.stages.take_events import ReportedEvent, Taken, take_events

IN_TURN = 200
"""Events of one turn; a first window of all may hold tens of thousands."""

LONGEST_COURTESY = 0.5
MOST_ODD = 50
"""Names of odd things that are kept of a source; what comes beyond is counted under one name."""

OTHERS = "其他"
LOG = "log"
SHORTEST = timedelta(seconds=30)
"""A window that holds too many rows is halved down to this."""

_LOG_IS_ASKED_AT = frozenset({Mark.SHIPPED, Mark.REOPENED})


@dataclass(frozen=True, slots=True)
class Polled:
    """What a round has come to: events stored, rows looked at, whether more waits to be read at once."""

    events: int = 0
    rows: int = 0
    until: datetime | None = None
    catching_up: bool = False
    trouble: SourceTrouble | None = None


async def poll_once(store: Store, caller: SourceCaller, clock: Clock) -> Polled:
    """Read and store the next window of a source; whatever is wrong with it is kept in its row."""
    source = caller.source
    row = await asyncio.to_thread(_known, store, source.name)
    try:
        readings = _in_use(source, row)
        if not caller.has_answered:
            await _ask_the_time(caller, readings[0])
        stands_at = row.stands_at if row is not None else None
        window = next_window(stands_at, server_now=caller.server_now(), rules=source.rules)
        if window is None:
            return Polled()
        found, rows, window = await _read(
            caller,
            readings,
            window,
            floor=max(window.since, min(stands_at or window.since, window.until)),
            now=clock.now(),
        )
        logs = await _logs(store, caller, found, row, now=clock.now())
        taken = await asyncio.to_thread(keep_window, store, source, window, found, now=clock.now(), logs=logs)
    except SourceTrouble as trouble:
        if trouble.wait:
            caller.pace.hold(trouble.wait)
        await asyncio.to_thread(keep_trouble, store, source, trouble, now=clock.now())
        return Polled(trouble=trouble)
    except Exception:
        await asyncio.to_thread(keep_trouble, store, source, SourceTrouble("internal"), now=clock.now())
        raise
    return Polled(taken.applied, rows, window.until, catching_up=window.catching_up)


def keep_window(
    store: Store,
    source: Source,
    window: ReadingWindow,
    found: RowEvents,
    *,
    now: datetime,
    logs: Mapping[str, int] | None = None,
) -> Taken:
    """Store the events of a window, and after them that the source is read up to its end."""
    try:
        taken = _take(store, sift(store, found.events), now=now)
    except Problem as problem:
        raise SourceTrouble("store_busy", problem.detail) from None
    for one in taken.rejected:
        found.note(one.code)
    with store.writing() as uow:
        row = uow.sources.get(source.name)
        newest = max((one.at for one in found.events if one.at <= now), default=None)
        before = row.newest_at if row is not None else None
        more: dict[str, Any] = {"newest_at": max((one for one in (newest, before) if one is not None), default=None)}
        more |= {"coverage": {LOG: dict(logs)}} if logs else {}
        keep_read(uow, source, stands_at=window.until, events=taken.applied, odd=found.odd, now=now, **more)
    return taken


def keep_read(
    uow: UnitOfWork,
    source: Source,
    *,
    stands_at: datetime,
    events: int,
    odd: Mapping[str, int],
    now: datetime,
    **more: Any,  # noqa: ANN401 - columns of the row
) -> None:
    """Note that a source could be read, what that came to, and that nothing is wrong with it."""
    row = uow.sources.get(source.name)
    values = {
        "stands_at": stands_at,
        "ok_at": now,
        "failing_since": None,
        "trouble": "",
        "trouble_words": "",
        "events": (row.events if row is not None else 0) + events,
        "odd": with_odd(row, odd),
        **more,
    }
    uow.sources.keep(source.name, kind=source.kind.name, values=values)


def _take(store: Store, events: Sequence[ReportedEvent], *, now: datetime) -> Taken:
    """Store events in turns, and leave SQLite's lock to the door for as long as it was held at most."""
    taken = Taken()
    for part in chunks(events, IN_TURN):
        began = time.monotonic()
        of_part = take_events(store, list(part), now=now)
        taken.applied += of_part.applied
        taken.unchanged += of_part.unchanged
        taken.rejected += of_part.rejected
        if store.engines.is_sqlite and len(events) > IN_TURN:
            time.sleep(min(time.monotonic() - began, LONGEST_COURTESY))
    return taken


def keep_trouble(store: Store, source: Source, trouble: SourceTrouble, *, now: datetime) -> None:
    """Note why a source could not be read; where it stands stays."""
    with store.writing() as uow:
        row = uow.sources.get(source.name)
        since = row.failing_since if row is not None else None
        uow.sources.keep(
            source.name,
            kind=source.kind.name,
            values={
                "failed_at": now,
                "failing_since": since or now,
                "trouble": trouble.code,
                "trouble_words": trouble.words,
            },
        )


def with_odd(row: WatchSource | None, odd: Mapping[str, int]) -> dict[str, int]:
    """Return what was odd before and now, by name; a bounded list of names."""
    found = dict(row.odd or {}) if row is not None else {}
    for name, count in odd.items():
        name_kept = name if name in found or len(found) < MOST_ODD else OTHERS
        found[name_kept] = found.get(name_kept, 0) + count
    return found


def _known(store: Store, name: str) -> WatchSource | None:
    with store.reading() as uow:
        return uow.sources.get(name)


def _in_use(source: Source, row: WatchSource | None) -> Sequence[SourceReading]:
    tried = (row.tried or ()) if row is not None else ()
    readings = [one for one in source.kind.readings if not one.untried or one.name in tried]
    if not readings:
        raise SourceTrouble("untried")
    return readings


async def _ask_the_time(caller: SourceCaller, reading: SourceReading) -> None:
    """Learn the other side's clock before a window is chosen by it: ours may be wrong."""
    end = caller.server_now() - caller.source.rules.margin
    await caller.first_page(reading, ReadingWindow(end - SHORTEST, end, catching_up=False))


async def _read(
    caller: SourceCaller, readings: Sequence[SourceReading], window: ReadingWindow, *, floor: datetime, now: datetime
) -> tuple[RowEvents, int, ReadingWindow]:
    """Return what the rows of a window say; one that holds too many is made shorter, and ends after ``floor`` still."""
    while True:
        try:
            found, rows = RowEvents(), 0
            for reading in readings:
                of_reading = await caller.rows(reading, window)
                rows += len(of_reading)
                _take_rows(found, of_reading, caller.source, reading.events, now=now)
        except TooManyRows:
            half = (window.until - floor) / 2
            if half < SHORTEST:
                raise
            window = ReadingWindow(window.since, floor + half, catching_up=True)
        else:
            return found, rows, window


def _take_rows(into: RowEvents, rows: Sequence[Any], source: Source, events: str, *, now: datetime) -> None:
    by = source.kind.maps()[events]
    for row in rows:
        take_row(into, row, by, reading=events, merchant=source.merchant, now=now)


async def _logs(
    store: Store, caller: SourceCaller, found: RowEvents, row: WatchSource | None, *, now: datetime
) -> Mapping[str, int] | None:
    """Ask for the logs of orders that have just left or come back: as many as a round may, the others are not asked."""
    source = caller.source
    if not source.logs_per_round or row is None or LOG not in (row.tried or ()):
        return None
    wanted = await asyncio.to_thread(_just_moved, store, found)
    asked = 0
    for order in wanted[: source.logs_per_round]:
        try:
            _take_rows(found, await caller.log_of(order), source, LOG, now=now)
        except SourceTrouble as trouble:  # a window must not wait for what is only more exact
            found.note(f"{LOG}：{trouble.code}")
            if trouble.wait:
                caller.pace.hold(trouble.wait)
                break
        asked += 1
    return {"asked": asked, "wanted": len(wanted)}


def _just_moved(store: Store, found: RowEvents) -> Sequence[str]:
    told = [one for one in found.events if one.mark in _LOG_IS_ASKED_AT]
    with store.reading() as uow:
        known = uow.flows.known([(one.source, one.event_id) for one in told])
    return list(dict.fromkeys(one.order for one in told if (one.source, one.event_id) not in known))
