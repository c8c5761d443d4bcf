"""The sums of every stage at a past minute, slid from minute to minute, so that each stored minute is read once."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.store.repositories.flows import SUMS
from app.store.repositories.health import MinuteOfBacklog
from app.store.repositories.stages import KindOfStage, StageSums, sums_between
from app.watch.stages.health import GROWTH
from app.watch.stages.hours import BACKLOG_STAGES

NOTHING: Mapping[str, int] = dict.fromkeys(SUMS, 0)

_Sums = dict[KindOfStage, dict[str, int]]


class _Window:
    """The sums of all that happened before the start of a window, which moves on with it."""

    def __init__(self, length: timedelta, before: Mapping[KindOfStage, Mapping[str, int]]) -> None:
        self.length = length
        self.before: _Sums = {kind: dict(sums) for kind, sums in before.items()}
        self.rows: deque[Any] = deque()

    def move(self, start: datetime) -> None:
        while self.rows and self.rows[0].minute < start:
            _add(self.before, self.rows.popleft())


class PastSums:
    """Sums up to a minute that moves on; ``before`` are those of all that happened before the first window starts."""

    def __init__(
        self, before: Mapping[KindOfStage, Mapping[str, int]], *, windows: Mapping[int, Collection[timedelta]]
    ) -> None:
        known = {kind: sums for kind, sums in before.items() if any(sums.values())}
        self._end: _Sums = {kind: dict(sums) for kind, sums in known.items()}
        self._windows = {
            stage: {length: _Window(length, _of_stage(known, stage)) for length in lengths}
            for stage, lengths in windows.items()
        }
        self._backlog: deque[MinuteOfBacklog] = deque()

    def pass_minute(self, rows: Sequence[Any], end: datetime) -> None:
        """Take in the stored sums of the minute that ends at a moment, and move every window there."""
        for row in rows:
            _add(self._end, row)
            for window in self._windows.get(row.stage, {}).values():
                window.rows.append(row)
        for windows in self._windows.values():
            for window in windows.values():
                window.move(end - window.length)
        self._backlog.extend(_changes(rows))
        while self._backlog and self._backlog[0].minute < end - GROWTH:
            self._backlog.popleft()

    def over(self, windows: Mapping[int, timedelta], end: datetime) -> list[StageSums]:
        """Return the sums of each kind over the window of its stage."""
        found = []
        for kind, at_end in self._end.items():
            stage = kind[2]
            if stage in windows:
                before = self._windows[stage][windows[stage]].before.get(kind, NOTHING)
                found.append(sums_between(kind, before, at_end, start=end - windows[stage], end=end))
        return found

    def inside(self, stage: int) -> int:
        """Return how many orders are inside a stage."""
        return sum(sums["inside"] for kind, sums in self._end.items() if kind[2] == stage)

    @property
    def changes(self) -> Sequence[MinuteOfBacklog]:
        """How the backlog changed in the last minutes."""
        return self._backlog


def _changes(rows: Sequence[Any]) -> list[MinuteOfBacklog]:
    """Return how the backlog of each channel changed in a minute, as the repository counts it."""
    found: dict[str, MinuteOfBacklog] = {}
    for row in rows:
        if row.stage in BACKLOG_STAGES:
            went = row.left + row.inferred if row.stage == max(BACKLOG_STAGES) else 0
            known = found.get(row.channel, MinuteOfBacklog(row.minute, row.channel, 0, 0))
            change, gone = known.change + row.inside, known.went + went
            found[row.channel] = MinuteOfBacklog(row.minute, row.channel, change, gone)
    return list(found.values())


def _of_stage(sums: Mapping[KindOfStage, Mapping[str, int]], stage: int) -> Mapping[KindOfStage, Mapping[str, int]]:
    return {kind: one for kind, one in sums.items() if kind[2] == stage}


def _add(sums: _Sums, row: Any) -> None:  # noqa: ANN401 - a row of the table
    mine = sums.setdefault((row.channel, row.high, row.stage), dict(NOTHING))
    for name in SUMS:
        mine[name] += getattr(row, name)
