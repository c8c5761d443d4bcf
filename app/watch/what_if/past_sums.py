"""The sums of every stage at a past minute, slid from minute to minute, so that each stored minute is read once."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.domain.working_clock import WorkingClock
from app.store.repositories.flows import SUMS
from app.store.repositories.health import MinuteOfBacklog
from app.store.repositories.stages import KindOfStage, StageSums, sums_between
from app.watch.stages.health import GROWTH
from app.watch.stages.hours import BACKLOG_STAGES
from app.watch.stages.stage_clock import window_start

NOTHING: Mapping[str, int] = dict.fromkeys(SUMS, 0)

_Sums = dict[KindOfStage, dict[str, int]]


class _Window:
    """The sums of all that happened before the start of a window, which moves on with it by the stage's clock."""

    def __init__(self, clock: WorkingClock, length: timedelta, before: Mapping[KindOfStage, Mapping[str, int]]) -> None:
        self._clock, self._length = clock, length
        self.before: _Sums = {kind: dict(sums) for kind, sums in before.items()}
        self.rows: deque[Any] = deque()

    def start(self, end: datetime) -> datetime:
        return window_start(self._clock, self._length, end)

    def move(self, end: datetime) -> None:
        start = self.start(end)
        while self.rows and self.rows[0].minute < start:
            _add(self.before, self.rows.popleft())


class PastSums:
    """Sums up to a minute that moves on; ``before`` are those of all that happened before the first window starts.

    The ``windows`` of each stage are as long by its clock.
    """

    def __init__(
        self,
        before: Mapping[KindOfStage, Mapping[str, int]],
        *,
        clocks: Mapping[int, WorkingClock],
        windows: Mapping[int, Collection[timedelta]],
    ) -> None:
        self._clocks = clocks
        known = {kind: sums for kind, sums in before.items() if any(sums.values())}
        self._end: _Sums = {kind: dict(sums) for kind, sums in known.items()}
        self._windows = {
            stage: {length: _Window(clocks[stage], length, _of_stage(known, stage)) for length in lengths}
            for stage, lengths in windows.items()
        }
        self._backlog: deque[Any] = deque()

    def pass_minute(self, rows: Sequence[Any], end: datetime) -> None:
        """Take in the stored sums of the minute that ends at a moment, and move every window there."""
        for row in rows:
            _add(self._end, row)
            for window in self._windows.get(row.stage, {}).values():
                window.rows.append(row)
        for windows in self._windows.values():
            for window in windows.values():
                window.move(end)
        self._backlog.extend(row for row in rows if row.stage in BACKLOG_STAGES)
        while self._backlog and self._backlog[0].minute < end - GROWTH:
            self._backlog.popleft()

    def over(self, windows: Mapping[int, timedelta], end: datetime) -> list[StageSums]:
        """Return the sums of each kind over the window of its stage."""
        found = []
        for kind, at_end in self._end.items():
            stage = kind[2]
            if stage in windows:
                window, clock = self._windows[stage][windows[stage]], self._clocks[stage]
                before = window.before.get(kind, NOTHING)
                found.append(sums_between(kind, before, at_end, start=window.start(end), end=end, clock=clock))
        return found

    def inside(self, stage: int) -> int:
        """Return how many orders are inside a stage."""
        return sum(sums["inside"] for kind, sums in self._end.items() if kind[2] == stage)

    def changes(self, stages: Collection[int]) -> list[MinuteOfBacklog]:
        """Return how the backlog in some stages changed in the last minutes, as the repository counts it."""
        last = max(stages)
        found: dict[tuple[datetime, str], MinuteOfBacklog] = {}
        for row in self._backlog:
            if row.stage in stages:
                known = found.get((row.minute, row.channel), MinuteOfBacklog(row.minute, row.channel, 0, 0))
                went = row.left + row.inferred if row.stage == last else 0
                known = MinuteOfBacklog(row.minute, row.channel, known.change + row.inside, known.went + went)
                found[row.minute, row.channel] = known
        return list(found.values())


def _of_stage(sums: Mapping[KindOfStage, Mapping[str, int]], stage: int) -> Mapping[KindOfStage, Mapping[str, int]]:
    return {kind: one for kind, one in sums.items() if kind[2] == stage}


def _add(sums: _Sums, row: Any) -> None:  # noqa: ANN401 - a row of the table
    mine = sums.setdefault((row.channel, row.high, row.stage), dict(NOTHING))
    for name in SUMS:
        mine[name] += getattr(row, name)
