"""Asks a carrier about parcels that have left and of which nobody has told a scan; says per channel what is known.

That an order was asked for is stored before the question is put: a number that is asked too often is locked for a day.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.clock import Clock
from app.domain.flow import LifecycleEvent
from app.domain.marks import Mark
from app.store.unit_of_work import Store
from app.watch.flow_map.plans import stages_of
from app.watch.sources.caller import SourceCaller
from app.watch.sources.document import Source
from app.watch.sources.event_map import RowEvents
from app.watch.sources.kuaidi100 import (
    FirstScan,
    carrier_of,
    first_scan_in,
    judge_subscription,
    query_call,
    subscribe_call,
)
from app.watch.sources.poll import Polled, keep_read, keep_trouble
from app.watch.sources.trouble import SourceTrouble
from app.watch.stages.take_events import ReportedEvent, id_of, take_events

AT_ONCE = 30
"""Parcels of a round."""

PACKED_FOR = timedelta(hours=3)
"""An order is asked for once it has waited so long: most are scanned by then, and each question is paid for."""

ASKED_AGAIN_AFTER = timedelta(hours=1)
MOST_ASKS = 12
GIVEN_UP_AFTER = timedelta(days=7)
LOOKED_BACK = timedelta(hours=24)
"""Of the coverage that is shown."""

_OF_ONE_PARCEL = frozenset({"phone_tail", "refused", "bad_answer"})
"""Refusals that say nothing about the next parcel."""


@dataclass(frozen=True, slots=True)
class WaitingParcel:
    """An order that waits for the first scan, and what its carrier is asked by."""

    flow_id: int
    order: str
    channel: str
    waybill: str
    carrier: str
    tail: str


async def ask_parcels(store: Store, caller: SourceCaller, clock: Clock, *, callback: str = "") -> Polled:
    """Ask for the parcels that are due, and have new ones pushed to ``callback`` if there is one.

    Whatever is wrong with the source is kept in its row.
    """
    source, now = caller.source, clock.now()
    odd = RowEvents()
    try:
        if callback:
            await _subscribe(store, caller, callback, odd, now=now)
        waiting = await asyncio.to_thread(due_parcels, store, odd, now=now)
        events = 0
        for parcel in waiting:
            scan = await _ask_for(store, caller, parcel, odd, now=clock.now())
            if scan is not None:
                event = scan_event(source.name, parcel.order, parcel.channel, parcel.waybill, scan)
                taken = await asyncio.to_thread(take_events, store, [event], now=clock.now())
                events += taken.applied
        await asyncio.to_thread(_keep, store, source, odd.odd, events, now=clock.now())
    except SourceTrouble as trouble:
        await asyncio.to_thread(keep_trouble, store, source, trouble, now=clock.now())
        return Polled(trouble=trouble)
    return Polled(events, len(waiting))


def due_parcels(store: Store, odd: RowEvents, *, now: datetime) -> list[WaitingParcel]:
    """Return the parcels to be asked for now; one that cannot be is counted, and looked at again in an hour."""
    with store.reading() as uow:
        rows = uow.sources.parcels(
            since=now - GIVEN_UP_AFTER,
            packed_before=now - PACKED_FOR,
            asked_before=now - ASKED_AGAIN_AFTER,
            most_asks=MOST_ASKS,
            limit=AT_ONCE,
        )
        told = uow.flows.events_of([flow_id for flow_id, _, _ in rows])
    found, hopeless = list[WaitingParcel](), list[int]()
    for flow_id, order, channel in rows:
        facts = _facts(told.get(flow_id, []))
        if (parcel := _parcel(flow_id, order, channel, facts)) is not None:
            found.append(parcel)
            continue
        odd.note(_why_not(facts))
        hopeless.append(flow_id)
    if hopeless:
        with store.writing() as uow:
            uow.sources.note_asked(hopeless, now=now, counts=0)
    return found


async def _subscribe(store: Store, caller: SourceCaller, callback: str, odd: RowEvents, *, now: datetime) -> None:
    """Subscribe to parcels that have just left; as with questions, it is stored before."""
    access = caller.access()
    for parcel in await asyncio.to_thread(_new_parcels, store, now=now):
        said = await caller.said(
            lambda _at, one=parcel: subscribe_call(  # type: ignore[misc]
                access=access, carrier=one.carrier, waybill=one.waybill, tail=one.tail, callback=callback
            )
        )
        if not judge_subscription(said):
            odd.note(f"不能订阅：{parcel.carrier}")


def _new_parcels(store: Store, *, now: datetime) -> list[WaitingParcel]:
    with store.writing() as uow:
        rows = uow.sources.unsubscribed(since=now - GIVEN_UP_AFTER, limit=AT_ONCE)
        told = uow.flows.events_of([flow_id for flow_id, _, _ in rows])
        found = [_parcel(*row, _facts(told.get(row[0], []))) for row in rows]
        waybills = {row[0]: one.waybill if one is not None else "" for row, one in zip(rows, found, strict=True)}
        uow.sources.note_subscribed(waybills, now=now)
    return [one for one in found if one is not None]


async def _ask_for(
    store: Store, caller: SourceCaller, parcel: WaitingParcel, odd: RowEvents, *, now: datetime
) -> FirstScan | None:
    await asyncio.to_thread(_note_asked, store, parcel.flow_id, now=now)
    access = caller.access()
    try:
        return first_scan_in(
            await caller.said(
                lambda _at: query_call(
                    address=caller.source.address,
                    access=access,
                    carrier=parcel.carrier,
                    waybill=parcel.waybill,
                    tail=parcel.tail,
                )
            )
        )
    except SourceTrouble as trouble:
        if trouble.code not in _OF_ONE_PARCEL:
            raise
        odd.note(f"{trouble.code} {trouble.words}")
        return None


def _parcel(flow_id: int, order: str, channel: str, facts: Mapping[str, str]) -> WaitingParcel | None:
    """Return what the carrier is asked by, None if it cannot be asked."""
    carrier = carrier_of(facts.get("carrier", ""))
    if not facts.get("waybill") or carrier is None or (carrier.tail and not facts.get("phone_tail")):
        return None
    tail = facts["phone_tail"] if carrier.tail else ""
    return WaitingParcel(flow_id, order, channel, facts["waybill"], carrier.code, tail)


def _why_not(facts: Mapping[str, str]) -> str:
    carrier = carrier_of(facts.get("carrier", ""))
    if not facts.get("waybill"):
        return "没有快递单号"
    if carrier is None:
        return f"快递公司={facts.get('carrier') or '未写明'}"
    return f"{carrier.names[0]}：须有手机号后四位"


def _facts(events: Sequence[LifecycleEvent]) -> Mapping[str, str]:
    """Return waybill, carrier and the phone's tail as the latest event that tells of a waybill has them."""
    found: dict[str, Any] = {}
    for one in sorted(events, key=lambda one: one.at):
        if one.attributes.get("waybill"):
            found = {name: str(value) for name, value in one.attributes.items()}
    return found


def _note_asked(store: Store, flow_id: int, *, now: datetime) -> None:
    with store.writing() as uow:
        uow.sources.note_asked([flow_id], now=now, counts=1)


def scan_event(source: str, order: str, channel: str, waybill: str, scan: FirstScan) -> ReportedEvent:
    """Return the event of a first scan: the same whoever tells of it, a question's answer or a push."""
    return ReportedEvent(
        index=0,
        source=source,
        event_id=id_of(f"{order}\x1f{waybill}", Mark.COLLECTED, scan.at),
        order=order,
        channel=channel,
        mark=Mark.COLLECTED,
        at=scan.at,
        attributes={} if scan.quality == "exact" else {"quality": scan.quality},
    )


def _keep(store: Store, source: Source, odd: Mapping[str, int], events: int, *, now: datetime) -> None:
    with store.writing() as uow:
        last = stages_of(uow)[-1]
        overdue_since = uow.clocks.of(last.number).back(now, last.limit)
        coverage = uow.sources.coverage(since=now - LOOKED_BACK, overdue_since=overdue_since)
        keep_read(uow, source, stands_at=now, events=events, odd=odd, now=now, coverage=coverage)
