"""The orders of the last hour, minute by minute, kept as a running count that each look only adds to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.store.repositories.inflow import MinuteCount
from app.store.tables import Incident
from app.store.unit_of_work import Store, UnitOfWork

MINUTES = 60
SETTLES_AFTER = timedelta(minutes=1)
"""No transaction takes this long: a row id below one this old will not appear any more."""

MINUTE = timedelta(minutes=1)
_LATE = timedelta(minutes=5)
"""How far the search for the first order of the hour may be misled by orders that came out of a spool."""


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of the hour: its beginning, orders of normal priority, and those of high priority."""

    at: datetime
    normal: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True)
class LastHour:
    """The inflow of an hour, oldest minute first; the newest minute has only begun.

    ``last_minute`` counts the last sixty seconds. ``by_client`` has a count for each minute, by the client's id.
    ``counted`` is False where a look's reach was too short; the next look goes on.
    """

    minutes: tuple[Minute, ...] = ()
    last_minute: int = 0
    by_client: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    counted: bool = True


@dataclass(slots=True)
class _Running:
    """What was counted for good, up to a row id."""

    incident_id: int
    up_to: int
    counts: Counter[tuple[datetime, str, bool]] = field(default_factory=Counter)


class Inflow:
    """Counts the last hour of an incident; used by one thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: _Running | None = None

    def look(self, uow: UnitOfWork, incident: Incident, *, now: datetime) -> LastHour:
        """Return the hour that ends ``now``."""
        running = self._running_of(uow, incident, now=now)
        newest, counted = uow.overview.newest_order_id(), True
        settled = running.up_to
        for _ in range(self._store.reach.chunks_a_look):
            upper = min(running.up_to + self._store.reach.chunk, newest)
            settled = uow.inflow.settled_until(
                after_id=running.up_to, up_to_id=upper, settled_before=now - SETTLES_AFTER
            )
            _add(running.counts, uow.inflow.minutes(running.incident_id, after_id=running.up_to, up_to_id=settled))
            running.up_to = settled
            counted = upper == newest
            if counted or settled < upper:
                break
        first = _minute(now) - (MINUTES - 1) * MINUTE
        running.counts = Counter({key: n for key, n in running.counts.items() if key[0] >= first})
        counts = running.counts.copy()
        newer = min(newest, settled + self._store.reach.chunk)
        _add(counts, uow.inflow.minutes(running.incident_id, after_id=settled, up_to_id=newer))
        last = uow.inflow.count_since(running.incident_id, now - MINUTE, after_id=settled) if counted else 0
        return _hour(counts, first=first, last_minute=last, counted=counted and newer == newest)

    def _running_of(self, uow: UnitOfWork, incident: Incident, *, now: datetime) -> _Running:
        if self._running is None or self._running.incident_id != incident.id:
            since = max(now - MINUTES * MINUTE, incident.opened_at) - _LATE
            self._running = _Running(incident.id or 0, uow.overview.first_id_since(since) - 1)
        return self._running


def _add(counts: Counter[tuple[datetime, str, bool]], found: Iterable[MinuteCount]) -> None:
    for one in found:
        counts[one.at, one.client_id, one.high] += one.orders


def _hour(counts: Counter[tuple[datetime, str, bool]], *, first: datetime, last_minute: int, counted: bool) -> LastHour:
    by_priority: Counter[tuple[datetime, bool]] = Counter()
    by_client: dict[str, Counter[datetime]] = {}
    for (at, client_id, high), orders in counts.items():
        if at >= first:
            by_priority[at, high] += orders
            by_client.setdefault(client_id, Counter())[at] += orders
    times = [first + n * MINUTE for n in range(MINUTES)]
    return LastHour(
        tuple(Minute(at, by_priority[at, False], by_priority[at, True]) for at in times),
        last_minute,
        {client_id: tuple(found[at] for at in times) for client_id, found in sorted(by_client.items())},
        counted,
    )


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
