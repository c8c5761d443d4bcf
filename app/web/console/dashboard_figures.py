"""The figures of the home page, read at most once a second however many people look."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.batch.download import DOWNLOADED
from app.bootstrap import Lifeboat
from app.domain.batch_window import is_overdue, window_start
from app.store.repositories.overview import OrderFilter, OrderListRow
from app.store.tables import Audit, Batch, Incident
from app.store.unit_of_work import UnitOfWork

REMEMBER = timedelta(seconds=1)
"""Shorter than the moment after which a page looks again when somebody has tapped on a download."""
BATCHES = 5
LATEST = 8
"""Orders on the home page: what fits a screen beside the figures."""

SETTLES_AFTER = timedelta(minutes=1)
"""No transaction takes this long: a row id below one this old will not appear any more."""


@dataclass(frozen=True, slots=True)
class Running:
    """How far the orders of an incident have been counted, and what was counted."""

    incident_id: int
    day: datetime
    up_to: int
    high: int = 0
    today: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything on the home page that comes from the store."""

    at: datetime
    incident: Incident | None
    last_incident: Incident | None
    drill: Incident | None
    accepted: int
    high: int
    today: int
    counted: bool
    waiting: int
    oldest_waiting_at: datetime | None
    overdue: bool
    next_batch_at: datetime
    held: int
    open_messages: int
    stuck_messages: int
    later_messages: int
    dead_messages: int
    batches: tuple[Batch, ...]
    downloads: dict[str, list[Audit]]
    latest: tuple[OrderListRow, ...]
    clients: dict[str, str]


class DashboardFigures:
    """Reads the figures; keeps a running count, since high-priority orders of an incident have no index."""

    def __init__(self, boat: Lifeboat) -> None:
        self._boat = boat
        self._lock = threading.Lock()
        self._known: Figures | None = None
        self._running: Running | None = None

    def figures(self) -> Figures:
        """Return the figures of this moment or of a second ago."""
        now = self._boat.clock.now()
        with self._lock:
            if self._known is None or abs(now - self._known.at) >= REMEMBER:
                self._known = self._read(now)
            return self._known

    def _read(self, now: datetime) -> Figures:
        settings = self._boat.settings
        every = timedelta(minutes=settings.batch_every_minutes)
        boundary = window_start(now, every=every, zone=settings.zone)
        with self._boat.store.reading() as uow:
            incident = uow.incidents.open_one(drill=False)
            mine = incident.id if incident else None
            high, today, counted = self._count(uow, incident, now=now) if incident else (0, 0, True)
            oldest = uow.orders.longest_waiting_since()
            batches = uow.batches.page(limit=BATCHES)
            waiting, stuck, later = uow.overview.open_message_counts(now)
            return Figures(
                at=now,
                incident=incident,
                last_incident=None if incident else uow.incidents.latest(),
                drill=uow.incidents.open_one(drill=True),
                accepted=uow.ledger.accepted(mine) if mine else 0,
                high=high,
                today=today,
                counted=counted,
                waiting=uow.overview.waiting_count(mine) if mine else 0,
                oldest_waiting_at=oldest,
                overdue=is_overdue(now, oldest_waiting_at=oldest, every=every),
                next_batch_at=boundary + every,
                held=uow.overview.held_count(),
                open_messages=waiting,
                stuck_messages=stuck,
                later_messages=later,
                dead_messages=uow.overview.dead_message_count(),
                batches=tuple(batches),
                downloads=uow.audit.of_each([batch.name or "" for batch in batches], DOWNLOADED),
                latest=uow.overview.orders(OrderFilter(), size=LATEST).rows,
                clients=uow.access.client_names(),
            )

    def _count(self, uow: UnitOfWork, incident: Incident, *, now: datetime) -> tuple[int, int, bool]:
        """Return high-priority orders, orders of today, and whether all were counted.

        Only rows behind everything that may still be on its way are counted for good; the rest is counted again at
        each look. So a row that commits late is never skipped.
        """
        midnight = now.astimezone(self._boat.settings.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        incident_id, reach = incident.id or 0, self._boat.store.reach
        running = self._running
        if running is None or (running.incident_id, running.day) != (incident_id, midnight):
            start = uow.overview.first_id_since(incident.opened_at - timedelta(minutes=5))
            running = Running(incident_id, midnight, start - 1)
        newest = uow.overview.newest_order_id()
        for _ in range(reach.chunks_a_look):
            upper = min(running.up_to + reach.chunk, newest)
            settled = now - SETTLES_AFTER
            part = uow.overview.id_range_counts(
                incident_id, after_id=running.up_to, up_to_id=upper, today=midnight, settled_before=settled
            )
            running = replace(
                running,
                up_to=part.settled_id,
                high=running.high + part.settled_high,
                today=running.today + part.settled_today,
            )
            self._running = running
            if upper == newest or part.settled_id < upper:
                return running.high + part.fresh_high, running.today + part.fresh_today, upper == newest
        return running.high, running.today, running.up_to >= newest
