"""Single orders of past minutes: how long those of a kind had been in a stage; read only where a rule asks.

A rule asks where a mean is far off already, or where nobody enters the warehouse: rarely, and then for minutes on end.
So the visits of a stage are read once for a piece of the past, and let go with it.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from app.domain.marks import Stage
from app.domain.stage_clock import window_of
from app.domain.working_clock import WorkingClock
from app.store.repositories.health import Waiting
from app.store.repositories.stages import PastVisit
from app.store.unit_of_work import Store
from app.watch.stages.health import KindNow
from app.watch.stages.stage_clock import window_start

AHEAD = timedelta(days=1)
"""Most orders have left a stage so long after a piece has ended; of the others each is looked for."""

NEVER = datetime.max.replace(tzinfo=UTC)

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the past, and how many orders were inside each stage at its end."""

    since: datetime
    until: datetime
    inside: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Visits:
    """The visits of one kind to a stage, by when they ended."""

    ends: list[datetime]
    visits: list[PastVisit]


class PastVisits:
    """Answers for one piece at a time; times are those of each stage's own clock."""

    def __init__(self, store: Store, stages: Sequence[Stage], clocks: Mapping[int, WorkingClock]) -> None:
        self._store, self._clocks = store, clocks
        self._stages = {stage.number: stage for stage in stages}
        self._piece = Piece(NEVER, NEVER, {})
        self._known: dict[int, dict[tuple[str, bool], _Visits]] = {}

    def go_on(self, piece: Piece) -> None:
        """Answer for another piece from now on."""
        self._piece, self._known = piece, {}

    def times(self, kind: KindNow, at: datetime) -> list[float]:
        """Return the minutes that the orders of a kind had spent in its stage by a minute of the piece."""
        known = self._of(kind.stage.number).get((kind.channel, kind.high))
        if known is None:
            return []
        clock, found = self._clocks[kind.stage.number], []
        for place in range(bisect_left(known.ends, self._window_start(kind.stage, at)), len(known.ends)):
            one, left = known.visits[place], known.ends[place]
            if left < at:
                if not one.inferred:
                    found.append(clock.between(one.entered_at, left) / MINUTE)
            elif one.entered_at < at:
                found.append(clock.between(one.entered_at, at) / MINUTE)
        return found

    def waiting(self, stage: int, channel: str, at: datetime, *, limit: timedelta) -> Waiting | None:
        """Return the orders of a channel that were in a stage for longer than its limit."""
        before = self._clocks[stage].back(at, limit)
        counts = {
            high: sum(
                known.visits[place].entered_at < before for place in range(bisect_left(known.ends, at), len(known.ends))
            )
            for (of, high), known in self._of(stage).items()
            if of == channel
        }
        orders = sum(counts.values())
        return Waiting(channel, orders, counts.get(True, 0)) if orders else None

    def _window_start(self, stage: Stage, end: datetime) -> datetime:
        return window_start(self._clocks[stage.number], window_of(stage.limit), end)

    def _of(self, stage: int) -> dict[tuple[str, bool], _Visits]:
        if stage not in self._known:
            self._known[stage] = self._read(stage)
        return self._known[stage]

    def _read(self, stage: int) -> dict[tuple[str, bool], _Visits]:
        since, until = self._window_start(self._stages[stage], self._piece.since), self._piece.until
        with self._store.reading() as uow:
            visits = uow.stages.visits(stage, since=since, until=until, ahead=AHEAD)
            there = sum(one.left_at is None or one.left_at >= until for one in visits)
            if (missing := self._piece.inside[stage] - there) > 0:
                later = until + AHEAD
                visits += uow.stages.later_visits(stage, entered_before=until, left_since=later, limit=missing)
        of_kind: dict[tuple[str, bool], list[PastVisit]] = {}
        for one in visits:
            of_kind.setdefault((one.channel, one.high), []).append(one if one.left_at else one._replace(left_at=NEVER))
        return {kind: _sorted(mine) for kind, mine in of_kind.items()}


def _sorted(visits: list[PastVisit]) -> _Visits:
    visits.sort(key=attrgetter("left_at"))
    return _Visits([one.left_at or NEVER for one in visits], visits)
