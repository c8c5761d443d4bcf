"""Walks through past minutes, and has for each the figures that a look at it needs, as far as they are still known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.stage_clock import window_of
from app.store.repositories.health import Waiting
from app.store.repositories.stages import StageSums
from app.store.tables import Incident, OverdueMinute
from app.store.unit_of_work import Store, UnitOfWork
from app.watch.flow_map.plans import stages_of
from app.watch.stages.health import GROWTH, HALF_HOUR, MINUTE, KindNow, MinuteFigures
from app.watch.stages.hours import OF_THE_BACKLOG, awake_of_the_backlog
from app.watch.stages.resting import resting_at
from app.watch.stages.stage_clock import window_start
from app.watch.stages.usual import Usual, other_hours
from app.watch.what_if.past_feeds import PastFeeds
from app.watch.what_if.past_sums import PastSums
from app.watch.what_if.past_visits import PastVisits, Piece

PIECE = timedelta(hours=6)
"""What is read in one short transaction, and held in memory at a time."""


@dataclass(frozen=True, slots=True)
class PastMinute:
    """A minute that is past, and what was usual in its hour."""

    figures: MinuteFigures
    usual: Usual


@dataclass(frozen=True, slots=True)
class _ReadPiece:
    """A piece as it was read."""

    rows: Sequence[Any]
    incidents: Sequence[Incident]
    notes: Sequence[OverdueMinute]


class Past:
    """The minutes from ``since``, a whole hour, up to ``until``; stages have the limits that are in force now."""

    def __init__(self, store: Store, *, since: datetime, until: datetime, zone: ZoneInfo) -> None:
        self._store, self._since, self._until = store, since, until
        with store.reading() as uow:
            self._stages = stages_of(uow)
            self._told = uow.health.feeds()
            self._hours = other_hours(uow, zone, since=since)
            self._feeds = PastFeeds(uow, since=since)
            self._clocks = {stage.number: uow.clocks.of(stage.number) for stage in self._stages}
        self._own = {stage.number: window_of(stage.limit) for stage in self._stages}
        self._short = dict.fromkeys((stage.number for stage in self._stages[:2]), HALF_HOUR)
        self._visits = PastVisits(store, self._stages, self._clocks)

    def minutes(self) -> Iterator[PastMinute]:
        """Yield one minute after the other."""
        windows = {number: {own, self._short.get(number, own)} for number, own in self._own.items()}
        begins = min(
            window_start(self._clocks[number], length, self._since)
            for number, lengths in windows.items()
            for length in lengths
        )
        with self._store.reading() as uow:
            before = uow.stages.before(begins)
        sums = PastSums(before, clocks=self._clocks, windows=windows)
        usual = Usual()
        while begins < self._until:
            ends = min(begins + PIECE, self._since if begins < self._since else self._until)
            read = self._read(begins, ends)
            inside = {number: sums.inside(number) for number in self._own}
            for row in read.rows:
                inside[row.stage] = inside.get(row.stage, 0) + row.inside
            self._visits.go_on(Piece(begins, ends, inside))
            place, minute = 0, begins
            while minute < ends:
                if minute.minute == 0 and minute >= self._since:
                    usual = self._hours.usual(minute)
                first = place
                while place < len(read.rows) and read.rows[place].minute == minute:
                    place += 1
                if minute >= self._since:
                    yield PastMinute(self._figures(sums, minute, read), usual)
                minute += MINUTE
                sums.pass_minute(read.rows[first:place], minute)
            begins = ends

    def times(self, kind: KindNow, at: datetime) -> list[float]:
        """Return the minutes that the orders of a kind had spent in its stage by the minute that is walked through."""
        return self._visits.times(kind, at)

    def _read(self, since: datetime, until: datetime) -> _ReadPiece:
        with self._store.reading() as uow:
            if since >= self._since:
                self._feeds.go_on(uow, since, until)
            return _ReadPiece(
                rows=list(uow.health.minutes(since, until)),
                incidents=_incidents(uow, since, until),
                notes=[one for one in uow.health.overdue(since - GROWTH) if one.minute < until],
            )

    def _figures(self, sums: PastSums, at: datetime, read: _ReadPiece) -> MinuteFigures:
        own = sums.over(self._own, at)
        short = sums.over(self._short, at)
        gate = self._stages[1]
        entered = {one.channel for one in short if one.stage == gate.number and one.exits + one.inferred}

        def waiting(channel: str) -> Waiting | None:
            if channel in entered:  # the gate is open, and nobody need be counted
                return None
            return self._visits.waiting(gate.number, channel, at, limit=gate.limit)

        resting = resting_at(self._clocks, at)
        return MinuteFigures(
            at=at,
            stages=self._stages,
            resting=resting,
            sums=own,
            half_hour=[*short, *_elsewhere(own, self._short)],
            feeds=self._feeds.at(at),
            told=self._told,
            waiting=waiting,
            changes=sums.changes(awake_of_the_backlog(resting)),
            noted=_notes(read, at),
        )


def _incidents(uow: UnitOfWork, since: datetime, until: datetime) -> Sequence[Incident]:
    incidents, _ = uow.health.unusual(since, until, rule=OF_THE_BACKLOG)
    return incidents


def _elsewhere(sums: Sequence[StageSums], stages: dict[int, timedelta]) -> list[StageSums]:
    """Return what names the channels of which nothing is known in the first stages."""
    return [one for one in sums if one.stage not in stages]


def _notes(read: _ReadPiece, at: datetime) -> list[OverdueMinute] | None:
    """Return the last notes of an incident that was open then, None where none was."""
    if not any(one.opened_at <= at and (one.closed_at is None or at < one.closed_at) for one in read.incidents):
        return None
    return [one for one in read.notes if at - GROWTH <= one.minute <= at]
