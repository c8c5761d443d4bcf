"""Runs recorded days through the rules of order health, minute by minute, and tells what would have rung.

It is the patrol itself, on a store of its own and by the events' own clock: what rings here would have rung then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from app.domain.states import AlertState
from app.domain.times import EARLIEST
from app.domain.warehouse_hours import WEEKDAYS
from app.store.repositories.stage_clocks import WAREHOUSE
from app.store.spool.file import SpoolCounts
from app.store.tables import Alert, WarehouseHoursRow
from app.store.unit_of_work import Store
from app.watch.order_patrol import patrol_orders
from app.watch.rule import Situation, WatchPolicy
from app.watch.stages.health import MINUTE
from app.watch.stages.hours import close_hours
from app.watch.stages.look import LooksAtOrders
from app.watch.stages.take_events import ReportedEvent, take_events
from app.watch.stages.usual import Baselines

TOLD_TO = {"notice": ("group",), "yellow": ("owner",), "orange": ("duty",), "red": ("emergency",)}

NO_SPOOL = SpoolCounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A turn in an alert's life; ``to`` names who is told of it, nobody where it is not told.

    ``event`` is the state it came to, ``forgotten``, or ``announced`` where it is inhibited no more.
    """

    at: datetime
    rule: str
    level: str
    kind: str
    stage: int | None
    event: str
    to: tuple[str, ...]
    text: str


class Progress(Protocol):
    """Hears how far a replay has come."""

    def __call__(self, at: datetime, events: int) -> None:
        """Hear the minute that was looked at, and how many events were heard until then."""
        ...


def replayed(
    store: Store,
    events: Iterable[ReportedEvent],
    *,
    policy: WatchPolicy,
    quiet_before: datetime | None = None,
    progress: Progress | None = None,
) -> Iterator[Rung]:
    """Yield every turn in the life of the alerts that these days would have rung, in the order of time.

    Events come in the order in which they were heard; one is heard at its own time, or with the one before it if that
    was later. Before ``quiet_before`` nobody looks: those days are only what later ones are compared with.
    """
    baselines, known = Baselines(policy.zone), _Known()
    pending: list[ReportedEvent] = []
    heard = 0
    minute: datetime | None = None
    for at, event in _heard(events):
        minute = minute or at.replace(second=0, microsecond=0)
        while minute + MINUTE <= at:
            minute += MINUTE
            heard += len(pending)
            if pending:
                take_events(store, pending, now=minute)
                pending.clear()
            if quiet_before is not None and minute < quiet_before:
                if minute.minute == 0:
                    close_hours(store, now=minute, zone=policy.zone, special_days=policy.special_days)
                continue
            situation = Situation(
                store=store,
                now=minute,
                policy=policy,
                folders=(),
                spool=lambda: NO_SPOOL,
                orders=LooksAtOrders(store, now=minute, baselines=baselines, lines=policy.lines),
            )
            if patrol_orders(situation).changes:
                yield from _turns(store, known, minute)
            if progress is not None:
                progress(minute, heard)
        if event is not None:
            pending.append(event)


def keep_hours(store: Store, every_day: str, *, zone: ZoneInfo) -> None:
    """Let the warehouse of these days work at the same hours every day, as ``warehouse_hours.spans_of`` reads them."""
    row = WarehouseHoursRow(
        clock=WAREHOUSE,
        version=1,
        starts_at=EARLIEST,
        zone=zone.key,
        week=[every_day] * WEEKDAYS,
        special_days={},
        changed_at=EARLIEST,
        changed_by="",
    )
    with store.writing() as uow:
        uow.warehouse_hours.follow(row)


def _heard(events: Iterable[ReportedEvent]) -> Iterator[tuple[datetime, ReportedEvent | None]]:
    """Yield each event with the moment at which it was heard, and once more a minute later: then the record ends.

    Nobody looks on: that nothing is told after the end of a file says nothing of those hours.
    """
    latest: datetime | None = None
    for event in events:
        latest = event.at if latest is None else max(latest, event.at)
        yield latest, event
    if latest is not None:
        yield latest + MINUTE, None


@dataclass(slots=True)
class _Known:
    """How the alerts stood at the last look, and which of them somebody was told of."""

    open: dict[int, Alert] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)


def _turns(store: Store, known: _Known, minute: datetime) -> Iterator[Rung]:
    """Yield what has changed since the last look, and remember how alerts stand now."""
    with store.reading() as uow:
        now_open = {alert.id or 0: alert for alert in uow.alerts.open()}
        gone = {alert_id: uow.alerts.get(alert_id) for alert_id in known.open.keys() - now_open.keys()}
    for alert_id, alert in sorted(now_open.items()):
        before = known.open.get(alert_id)
        if before is None or before.state != alert.state:
            yield _rung(alert, alert.state, minute, known)
        elif before.inhibited_why is not None and alert.inhibited_why is None and alert_id not in known.told:
            yield _rung(alert, "announced", minute, known)
    for alert_id, ended in sorted(gone.items()):
        alert, event = (known.open[alert_id], "forgotten") if ended is None else (ended, ended.state)
        yield _rung(alert, event, minute, known)
    known.open = now_open


def _rung(alert: Alert, event: str, minute: datetime, known: _Known) -> Rung:
    """Return a turn; a beginning is told unless it is inhibited, an end where the beginning was told."""
    if event in {AlertState.FIRING, "announced"} and alert.inhibited_why is None:
        known.told.add(alert.id or 0)
    told = event in {AlertState.FIRING, "announced", AlertState.RESOLVED} and alert.id in known.told
    return Rung(
        at=minute,
        rule=alert.rule,
        level=alert.level,
        kind=alert.subject.partition(":")[2] if alert.stage is not None else alert.subject,
        stage=alert.stage,
        event=str(event),
        to=TOLD_TO.get(alert.level, ()) if told else (),
        text=alert.text,
    )
