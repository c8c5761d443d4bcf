"""What the watch keeps of other hours and of its sources, and what a look at the order flow counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from app.store.repositories.stage_clocks import StageClocks
from app.store.statements import insert_new
from app.store.tables import (
    Alert,
    BacklogHour,
    EventUpload,
    FeedChannel,
    FeedHour,
    Incident,
    OrderFlow,
    OrderRow,
    OverdueMinute,
    StageHour,
    StageMinute,
    StageVisit,
    StoredEvent,
)
from app.store.tables.alert import UNENDED
from app.store.tables.flow import IN_STAGE
from app.store.tables.incident import OPEN
from app.store.tables.order import UNBATCHED

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders of one channel that have been in a stage for longer than its limit."""

    channel: str
    orders: int
    high: int


@dataclass(frozen=True, slots=True)
class MinuteOfBacklog:
    """How a channel's part of a backlog changed in a minute, and how many of its orders went on from the last stage."""

    minute: datetime
    channel: str
    change: int
    went: int


@dataclass(frozen=True, slots=True)
class StageHourSum:
    """What all kinds of orders together spent in a stage in an hour."""

    hour: datetime
    stage: int
    entered: int
    left: int
    order_seconds: int


class HealthRepository:
    """Reads and writes what rules of order health compare with."""

    def __init__(self, session: Session, clocks: StageClocks) -> None:
        self._session, self._clocks = session, clocks

    # ---- now ---------------------------------------------------------------------------------------------------------

    def over(self, stage: int, limit: timedelta, *, now: datetime) -> list[Waiting]:
        """Count the orders of each channel that are in a stage for longer than a limit, by its clock."""
        f, before = OrderFlow, self._clocks.of(stage).back(now, limit)
        query = (
            select(f.channel, f.high, func.count())
            .where(IN_STAGE.query, f.stage == stage, f.entered_at < before)
            .group_by(f.channel, f.high)
        )
        found: dict[str, Waiting] = {}
        for channel, high, orders in self._session.execute(query):
            known = found.get(channel, Waiting(channel, 0, 0))
            found[channel] = Waiting(channel, known.orders + orders, known.high + (orders if high else 0))
        return list(found.values())

    def times(self, stage: int, channel: str, *, high: bool, since: datetime, now: datetime, limit: int) -> list[float]:
        """Return the minutes that orders of a kind have spent in a stage so far: who left since then, who is inside.

        They are minutes of the stage's own clock.
        """
        v, f, clock = StageVisit, OrderFlow, self._clocks.of(stage)
        gone = (v.stage == stage, v.left_at >= since, v.left_at < now, v.inferred.is_(False))
        left = select(v.entered_at, v.left_at).where(*gone, v.channel == channel, v.high.is_(high))
        here = (IN_STAGE.query, f.stage == stage, f.entered_at < now, f.channel == channel, f.high.is_(high))
        minute = timedelta(minutes=1)
        return [
            *(clock.between(a, b) / minute for a, b in self._session.execute(left.limit(limit))),
            *(
                clock.between(at, now) / minute
                for at in self._session.scalars(select(f.entered_at).where(*here).limit(limit))
            ),
        ]

    def backlog_changes(self, stages: Sequence[int], *, since: datetime, until: datetime) -> list[MinuteOfBacklog]:
        """Return how a backlog of stages changed in each minute, oldest first, minutes without a change left out."""
        m = StageMinute
        last = max(stages)
        rows = (
            select(
                m.minute,
                m.channel,
                func.sum(m.inside),
                func.sum(m.left + m.inferred).filter(m.stage == last),
            )
            .where(m.stage.in_(stages), m.minute >= since, m.minute < until)
            .group_by(m.minute, m.channel)
            .order_by(m.minute)
        )
        return [
            MinuteOfBacklog(at, channel, int(change), int(went or 0))
            for at, channel, change, went in self._session.execute(rows)
        ]

    # ---- who tells ---------------------------------------------------------------------------------------------------

    def feeds(self) -> dict[str, set[str]]:
        """Return the channels of whose orders each source tells."""
        found: dict[str, set[str]] = {}
        for source, channel in self._session.execute(select(FeedChannel.source, FeedChannel.channel)):
            found.setdefault(source, set()).add(channel)
        return found

    def fed_channels(self) -> set[str]:
        """Return the channels that any source tells of by itself; what only files tell of is seen by nobody live."""
        return {channel for channels in self.feeds().values() for channel in channels}

    def note_feeds(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Note that sources tell of channels."""
        rows: list[dict[str, Any]] = [{"source": source, "channel": channel} for source, channel in sorted(set(pairs))]
        insert_new(self._session, FeedChannel, rows, unique=("source", "channel"))

    def heard(self, source: str, *, before: datetime) -> datetime | None:
        """Return when a source was heard last before a moment; a file that tells of it does not make it heard."""
        e = StoredEvent
        itself = (e.source == source, e.received_at < before, e.received_at.not_in(_by_file(source)))
        return self._session.scalar(select(func.max(e.received_at)).where(*itself))

    def times_heard(self, source: str, *, since: datetime, until: datetime) -> int:
        """Return at how many moments a source was heard after ``since``, up to ``until``."""
        e = StoredEvent
        times = (e.received_at > since, e.received_at <= until, e.received_at.not_in(_by_file(source)))
        return (
            self._session.scalar(select(func.count(func.distinct(e.received_at))).where(e.source == source, *times))
            or 0
        )

    def heard_in(self, source: str, hour: datetime) -> tuple[int, list[datetime]]:
        """Return how many events a source told in an hour, and the moments at which some came, in order."""
        e = StoredEvent
        times = (e.received_at >= hour, e.received_at < hour + HOUR, e.received_at.not_in(_by_file(source)))
        moments = (
            select(e.received_at, func.count())
            .where(e.source == source, *times)
            .group_by(e.received_at)
            .order_by(e.received_at)
        )
        rows = list(self._session.execute(moments))
        return sum(count for _, count in rows), [at for at, _ in rows]

    # ---- other hours -------------------------------------------------------------------------------------------------

    def newest_hour(self) -> datetime | None:
        """Return the last hour that was closed."""
        return self._session.scalar(select(func.max(BacklogHour.hour)))

    def first_minute(self) -> datetime | None:
        """Return the first minute of which anything is known."""
        return self._session.scalar(select(func.min(StageMinute.minute)))

    def newest_minute(self) -> datetime | None:
        """Return the last minute of which anything is known."""
        return self._session.scalar(select(func.max(StageMinute.minute)))

    def minutes(self, since: datetime, until: datetime) -> Iterator[Any]:
        """Yield the sums of each minute, kind and stage between two moments, in order."""
        m = StageMinute
        query = select(m.__table__).where(m.minute >= since, m.minute < until).order_by(m.minute)
        yield from self._session.execute(query.execution_options(yield_per=5000))

    def write_hours(self, rows: Sequence[StageHour | BacklogHour | FeedHour], *, since: datetime) -> None:
        """Write what hours from ``since`` on were like, over what was written before."""
        for table in (StageHour, BacklogHour, FeedHour):
            self._session.execute(delete(table).where(table.hour >= since))
        self._session.add_all(rows)

    def rewrite_hours(self, rows: Sequence[StageHour | BacklogHour], *, since: datetime, until: datetime) -> None:
        """Write anew what closed hours between two moments were like; how sources told in them stays."""
        for table in (StageHour, BacklogHour):
            self._session.execute(delete(table).where(table.hour >= since, table.hour < until))
        self._session.add_all(rows)

    def hours(self, since: datetime, *, all_of_them: bool = False) -> list[StageHour]:
        """Return the hours since then that say something of other days, or all of them."""
        query = select(StageHour).where(StageHour.hour >= since)
        return list(self._session.scalars(query if all_of_them else query.where(StageHour.counted)))

    def stage_hours(self, since: datetime, *, all_of_them: bool = False) -> list[StageHourSum]:
        """Return the hours since then with all kinds of orders together: those that say something, or all of them."""
        h = StageHour
        query = select(h.hour, h.stage, func.sum(h.entered), func.sum(h.left), func.sum(h.order_seconds))
        query = query.where(h.hour >= since).group_by(h.hour, h.stage)
        rows = self._session.execute(query if all_of_them else query.where(h.counted))
        return [StageHourSum(hour, stage, *(int(value) for value in sums)) for hour, stage, *sums in rows]

    def backlog_hours(self, since: datetime) -> list[BacklogHour]:
        """Return the backlogs of hours since then that say something of other weeks."""
        return list(self._session.scalars(select(BacklogHour).where(BacklogHour.hour >= since, BacklogHour.counted)))

    def feed_hours(self, since: datetime) -> list[FeedHour]:
        """Return how the sources told in the hours since then."""
        return list(self._session.scalars(select(FeedHour).where(FeedHour.hour >= since)))

    def unusual(self, since: datetime, until: datetime, *, rule: str) -> tuple[list[Incident], list[Alert]]:
        """Return the live incidents, and the alerts of stages or of a rule, that were open between two moments."""
        i, a = Incident, Alert
        live = (i.drill.is_(False), i.opened_at < until, or_(OPEN.query, i.closed_at >= since))
        told_of = or_(a.stage > 0, a.rule == rule)
        of_stage = (told_of, a.firing_since < until, or_(UNENDED.query, a.ended_at >= since))
        incidents, alerts = select(i).where(*live), select(a).where(*of_stage)
        return list(self._session.scalars(incidents)), list(self._session.scalars(alerts))

    # ---- incidents ---------------------------------------------------------------------------------------------------

    def overdue_orders(self, *, since_before: datetime) -> tuple[int, int]:
        """Count the live orders that have waited for a batch since before a moment, and all that wait."""
        o = OrderRow
        since = func.coalesce(o.released_at, o.completed_at, o.received_at)
        counts = select(func.count().filter(since < since_before), func.count()).select_from(o)
        overdue, waiting = self._session.execute(counts.where(UNBATCHED.query, o.drill.is_(False))).one()
        return overdue, waiting

    def note_overdue(self, minute: datetime, orders: int, waiting: int, *, keep_since: datetime) -> None:
        """Note how many orders wait for a batch for too long, and how many wait at all; and forget old notes."""
        row = {"minute": minute, "orders": orders, "waiting": waiting}
        insert_new(self._session, OverdueMinute, [row], unique=("minute",))
        self._session.execute(delete(OverdueMinute).where(OverdueMinute.minute < keep_since))

    def overdue(self, since: datetime) -> list[OverdueMinute]:
        """Return these notes since then, oldest first."""
        return list(
            self._session.scalars(
                select(OverdueMinute).where(OverdueMinute.minute >= since).order_by(OverdueMinute.minute)
            )
        )


def _by_file(source: str) -> Select[tuple[datetime]]:
    """Return the moments at which a file told events of a source."""
    u = EventUpload
    return select(u.received_at).where(u.source == source)
