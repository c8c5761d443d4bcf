"""The figures of the home page, read at most once a second however many people look."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from app.batch.download import DOWNLOADED
from app.bootstrap import Lifeboat
from app.domain.batch_window import is_overdue, window_start
from app.domain.ledger import Ledger
from app.domain.states import HOLDING
from app.store.tables import Alert, Audit, Batch, Incident, OrderRow
from app.store.unit_of_work import UnitOfWork
from app.web.console.channel_lines import Line, channel_lines
from app.web.console.goods import goods_line, opened
from app.web.console.gravity import gravest_first
from app.web.console.inflow import SETTLES_AFTER, Inflow, LastHour
from app.web.console.todo import Todo, TodoCounts, told

"""Alerts that hold, whether or not somebody has them in hand."""

REMEMBER = timedelta(seconds=1)
"""Shorter than the moment after which a page looks again when somebody has tapped on a download."""
REMEMBER_LINES = timedelta(seconds=5)
"""A day's text messages are counted for these."""

BATCHES = 5
BATCHES_LOOKED_AT = 24
"""Files among which the home page looks for those nobody has taken: twelve hours of half-hourly ones."""

LATEST_HIGH = 5
LATEST = 8
"""Orders on the home page: what fits a screen beside the figures."""


@dataclass(frozen=True, slots=True)
class Running:
    """How far the orders of an incident have been counted, and what was counted."""

    incident_id: int
    day: datetime
    up_to: int
    high: int = 0
    today: int = 0
    fen: int = 0


class Counted(NamedTuple):
    """Orders of an incident: of high priority, of today, their worth, and whether all of them were counted."""

    high: int = 0
    today: int = 0
    fen: int = 0
    counted: bool = True


@dataclass(frozen=True, slots=True)
class LatestOrder:
    """An order of the list on the home page: its row, and what is in it."""

    row: OrderRow
    goods: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything on the home page that comes from the store."""

    at: datetime
    incident: Incident | None
    last_incident: Incident | None
    drill: Incident | None
    accepted: int
    count: Counted
    hour: LastHour
    ledger: Ledger | None
    """Of the open incident, else of the last one."""
    urgent: int
    """Open high-priority orders that nobody has in hand."""
    waiting: int
    oldest_waiting_at: datetime | None
    overdue: bool
    next_batch_at: datetime
    held: int
    open_messages: int
    stuck_messages: int
    later_messages: int
    dead_messages: int
    alerts: tuple[Alert, ...]
    """Those that fire, the gravest first."""
    batches: tuple[Batch, ...]
    downloads: dict[str, list[Audit]]
    untaken: tuple[Batch, ...]
    unanswered: tuple[Batch, ...]
    latest: tuple[LatestOrder, ...]
    latest_high: tuple[LatestOrder, ...]
    """Of the open incident."""
    clients: dict[str, str]
    lines: tuple[Line, ...]
    todo: Todo = field(default_factory=Todo)

    @property
    def last_at(self) -> datetime | None:
        """When the newest order came in."""
        return self.latest[0].row.received_at if self.latest else None


class DashboardFigures:
    """Reads the figures; keeps a running count, since high-priority orders of an incident have no index."""

    def __init__(self, boat: Lifeboat, spooled: Callable[[], int] = lambda: 0) -> None:
        self._boat = boat
        self._spooled = spooled
        self._inflow = Inflow(boat.store)
        self._lock = threading.Lock()
        self._known: Figures | None = None
        self._changes = 0
        self._known_changes = 0
        self._running: Running | None = None
        self._lines: tuple[datetime, list[Line]] | None = None
        self._todo = TodoCounts()

    @property
    def taking_orders(self) -> bool:
        """Whether an incident was open at the last look; waits for nobody."""
        known = self._known
        return known is not None and known.incident is not None

    def forget(self) -> None:
        """Take note that something has changed: what is remembered is old; waits for nobody."""
        self._changes += 1

    def figures(self) -> Figures:
        """Return the figures of this moment, or of up to a second ago where nothing is known to have changed since."""
        now = self._boat.clock.now()
        with self._lock:
            changes = self._changes
            if self._known is None or changes != self._known_changes or abs(now - self._known.at) >= REMEMBER:
                self._known, self._known_changes = self._read(now), changes
            return self._known

    def _read(self, now: datetime) -> Figures:
        settings = self._boat.settings
        every = timedelta(minutes=settings.batch_every_minutes)
        boundary = window_start(now, every=every, zone=settings.zone)
        with self._boat.store.reading() as uow:
            incident = uow.incidents.open_one(drill=False)
            mine = incident.id if incident else None
            last = None if incident else uow.incidents.latest()
            shown = incident or last
            oldest = uow.orders.longest_waiting_since()
            batches = uow.batches.page(limit=BATCHES_LOOKED_AT)
            downloads = uow.audit.of_each([batch.name or "" for batch in batches], DOWNLOADED)
            mine_too = [batch for batch in batches if shown and batch.incident_id == shown.id]
            answered = uow.results.answered([batch.id or 0 for batch in mine_too])
            waiting, stuck, later = uow.overview.open_message_counts(now)
            dead = uow.overview.dead_message_count()
            alerts = gravest_first(one for one in uow.alerts.open() if one.state in HOLDING)
            return Figures(
                at=now,
                incident=incident,
                last_incident=last,
                drill=uow.incidents.open_one(drill=True),
                accepted=uow.ledger.accepted(mine) if mine else 0,
                count=self._count(uow, incident, now=now) if incident else Counted(),
                hour=self._inflow.look(uow, incident, now=now) if incident else LastHour(),
                ledger=uow.ledger.of(shown, spooled=self._spooled() if incident else 0) if shown else None,
                urgent=uow.attention.free_count(),
                waiting=uow.overview.waiting_count(mine) if mine else 0,
                oldest_waiting_at=oldest,
                overdue=is_overdue(now, oldest_waiting_at=oldest, every=every),
                next_batch_at=boundary + every,
                held=uow.overview.held_count(),
                open_messages=waiting,
                stuck_messages=stuck,
                later_messages=later,
                dead_messages=dead,
                alerts=tuple(alerts),
                batches=tuple(batches[:BATCHES]),
                downloads=downloads,
                untaken=tuple(batch for batch in mine_too if batch.name not in downloads),
                unanswered=tuple(
                    batch for batch in reversed(mine_too) if batch.name in downloads and batch.id not in answered
                ),
                latest=tuple(self._latest(row) for row in uow.inflow.newest(limit=LATEST)),
                latest_high=tuple(self._latest(row) for row in uow.inflow.newest_high(mine or 0, limit=LATEST_HIGH)),
                clients=uow.access.client_names(),
                lines=tuple(self._lines_of(uow, now)),
                todo=self._todo.count(uow, unsent=dead, alerts=len(told(alerts)), now=now),
            )

    def _latest(self, row: OrderRow) -> LatestOrder:
        order = opened(self._boat.keyring, row)
        return LatestOrder(row, goods_line(order.items) if order else "")

    def _lines_of(self, uow: UnitOfWork, now: datetime) -> list[Line]:
        if self._lines is None or abs(now - self._lines[0]) >= REMEMBER_LINES:
            self._lines = now, channel_lines(uow, self._boat, now=now)
        return self._lines[1]

    def _count(self, uow: UnitOfWork, incident: Incident, *, now: datetime) -> Counted:
        """Return what was counted of an incident's orders.

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
            part = uow.inflow.range_counts(
                incident_id, after_id=running.up_to, up_to_id=upper, today=midnight, settled_before=settled
            )
            running = replace(
                running,
                up_to=part.settled_id,
                high=running.high + part.settled_high,
                today=running.today + part.settled_today,
                fen=running.fen + part.settled_fen,
            )
            self._running = running
            if upper == newest or part.settled_id < upper:
                return Counted(
                    running.high + part.fresh_high,
                    running.today + part.fresh_today,
                    running.fen + part.fresh_fen,
                    upper == newest,
                )
        return Counted(running.high, running.today, running.fen, running.up_to >= newest)
