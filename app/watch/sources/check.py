"""Reads one page of each reading of a source and says what is wrong: the key, the address, the clock, the shop.

What the vendor's documents leave open is switched on by it: from then on such a reading is polled. What was not
understood before is counted anew.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.clock import Clock
from app.store.unit_of_work import Store
from app.watch.sources.caller import SourceCaller
from app.watch.sources.event_map import RowEvents, take_row
from app.watch.sources.kuaidi100 import first_scan_in, query_call
from app.watch.sources.poll import LOG, keep_trouble
from app.watch.sources.reading import SourceReading
from app.watch.sources.reading_window import ReadingWindow
from app.watch.sources.trouble import SourceTrouble

NO_EVENTS = "no_events"
"""Rows came and none of them said anything: the map does not fit."""

CLOCK_TOLERANCE = timedelta(seconds=60)
"""Half of what the strictest vendor allows."""

PROBE = "YT0000000001"
"""A number that no parcel has: its answer shows whether the key is right."""


@dataclass(frozen=True, slots=True)
class CheckedReading:
    """What one reading came to; ``code`` is empty where all is well."""

    name: str
    untried: bool
    code: str = ""
    words: str = ""
    rows: int = 0
    total: int | None = None
    events: int = 0
    odd: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether the reading may be polled."""
        return not self.code


@dataclass(frozen=True, slots=True)
class CheckedSource:
    """What a check has found."""

    readings: tuple[CheckedReading, ...]
    clock_ahead: timedelta | None
    shops: dict[str, int] = field(default_factory=dict)
    """Channels, or shops without a word of ours, by how many of the rows they have."""

    @property
    def is_ok(self) -> bool:
        """Whether everything could be read."""
        return all(one.is_ok for one in self.readings)

    @property
    def clock_is_off(self) -> bool:
        """Whether our clock is so far from the other side's that it may refuse us."""
        return self.clock_ahead is not None and abs(self.clock_ahead) > CLOCK_TOLERANCE


async def check_source(store: Store, caller: SourceCaller, clock: Clock) -> CheckedSource:
    """Read one page of each reading, keep which of them may be polled, and return what was found."""
    source = caller.source
    shops: dict[str, int] = {}
    if source.kind.readings:
        checked = [await _check(caller, reading, shops, now=clock.now()) for reading in source.kind.readings]
        if source.logs_per_round and checked[0].is_ok:
            checked.append(await _check_log(caller, now=clock.now()))
    else:
        checked = [await _check_carrier(caller)]
    found = CheckedSource(tuple(checked), caller.ahead, shops)
    await asyncio.to_thread(_keep, store, caller, found, now=clock.now())
    return found


async def _check(
    caller: SourceCaller, reading: SourceReading, shops: dict[str, int], *, now: datetime
) -> CheckedReading:
    source, found = caller.source, RowEvents()
    try:
        page = await caller.first_page(reading, _last(caller))
    except SourceTrouble as trouble:
        return CheckedReading(reading.name, reading.untried, trouble.code, trouble.words)
    by = source.kind.maps()[reading.events]
    for row in page.rows:
        before = len(found.events)
        take_row(found, row, by, reading=reading.events, merchant=source.merchant, now=now)
        if by.channel is not None and len(found.events) > before:
            shop = found.events[-1].channel
            shops[shop] = shops.get(shop, 0) + 1
    code = NO_EVENTS if page.rows and not found.events else ""
    events, odd = len(found.events), tuple(found.odd)
    return CheckedReading(
        reading.name, reading.untried, code, rows=len(page.rows), total=page.total, events=events, odd=odd
    )


async def _check_log(caller: SourceCaller, *, now: datetime) -> CheckedReading:
    """Read the log of one order, the first that there is."""
    source, found = caller.source, RowEvents()
    reading = source.kind.readings[0]
    try:
        page = await caller.first_page(reading, _last(caller))
        by = source.kind.maps()[reading.events]
        for row in page.rows:
            take_row(found, row, by, reading=reading.events, merchant=source.merchant, now=now)
        if not found.events:
            return CheckedReading(LOG, untried=True, code="no_order")
        lines = await caller.log_of(found.events[0].order)
    except SourceTrouble as trouble:
        return CheckedReading(LOG, untried=True, code=trouble.code, words=trouble.words)
    read = RowEvents()
    for line in lines:
        take_row(read, line, source.kind.maps()[LOG], reading=LOG, merchant=source.merchant, now=now)
    return CheckedReading(LOG, untried=True, rows=len(lines), events=len(read.events), odd=tuple(read.odd))


async def _check_carrier(caller: SourceCaller) -> CheckedReading:
    """Ask for a parcel that does not exist: a key that is wrong is refused before the number is looked up."""
    access = caller.access()
    try:
        first_scan_in(
            await caller.said(
                lambda _at: query_call(
                    address=caller.source.address, access=access, carrier="yuantong", waybill=PROBE, tail=""
                )
            )
        )
    except SourceTrouble as trouble:
        return CheckedReading("parcels", untried=False, code=trouble.code, words=trouble.words)
    return CheckedReading("parcels", untried=False)


def _last(caller: SourceCaller) -> ReadingWindow:
    end = caller.server_now() - caller.source.rules.margin
    return ReadingWindow(end - caller.source.rules.span, end, catching_up=False)


def _keep(store: Store, caller: SourceCaller, found: CheckedSource, *, now: datetime) -> None:
    source = caller.source
    tried: Sequence[str] = [one.name for one in found.readings if one.is_ok]
    with store.writing() as uow:
        row = uow.sources.get(source.name)
        wrong = {one.name for one in found.readings if not one.is_ok}
        before = {name for name in ((row.tried or ()) if row is not None else ()) if name not in wrong}
        uow.sources.keep(source.name, kind=source.kind.name, values={"tried": sorted({*before, *tried}), "odd": {}})
    bad = next((one for one in found.readings if not one.is_ok), None)
    if bad is not None:
        keep_trouble(store, source, SourceTrouble(bad.code, bad.words), now=now)
