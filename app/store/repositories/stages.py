"""The sums of the stages over any window, and the ages of the orders that medians are made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.working_clock import WorkingClock
from app.store.repositories.flows import SUMS
from app.store.repositories.stage_clocks import StageClocks
from app.store.tables import OrderFlow, StageMinute, StageTotal, StageVisit
from app.store.tables.flow import IN_STAGE

KindOfStage = tuple[str, bool, int]
"""Channel, high priority, stage."""


@dataclass(frozen=True, slots=True)
class StageSums:
    """The sums of one kind of orders in one stage over a window; ``inside`` is at its end.

    ``order_seconds`` and ``exits`` are of visits of which nothing was guessed, ``inferred`` counts the other exits.
    """

    channel: str
    high: bool
    stage: int
    inside: int
    order_seconds: int
    entered: int
    exits: int
    inferred: int


class PastVisit(NamedTuple):
    """A time that an order spent in a stage; ``left_at`` is None where it is there still."""

    channel: str
    high: bool
    entered_at: datetime
    left_at: datetime | None
    inferred: bool


class StageRepository:
    """Reads what :class:`FlowRepository` keeps."""

    def __init__(self, session: Session, clocks: StageClocks) -> None:
        self._session, self._clocks = session, clocks

    def sums(self, starts: Collection[datetime], *, end: datetime) -> dict[datetime, list[StageSums]]:
        """Return the sums of each kind and stage for the times from ``starts`` to before ``end``, all whole minutes.

        However many orders there were, only the minutes since the earliest start are read.
        """
        totals = list(self._session.scalars(select(StageTotal)))
        before = {moment: self._before(totals, moment) for moment in {*starts, end}}
        return {
            start: [
                sums_between(kind, before[start][kind], at_end, start=start, end=end, clock=self._clocks.of(kind[2]))
                for kind, at_end in before[end].items()
            ]
            for start in starts
        }

    def before(self, moment: datetime) -> dict[KindOfStage, dict[str, int]]:
        """Return the sums of each kind and stage over all that happened before a moment."""
        return self._before(list(self._session.scalars(select(StageTotal))), moment)

    def _before(self, totals: Sequence[StageTotal], moment: datetime) -> dict[KindOfStage, dict[str, int]]:
        m = StageMinute
        since = (func.sum(getattr(m, name)).label(name) for name in SUMS)
        query = select(m.channel, m.high, m.stage, *since).where(m.minute >= moment)
        rows = self._session.execute(query.group_by(m.channel, m.high, m.stage))
        later = {(row.channel, row.high, row.stage): row for row in rows}
        found = {}
        for total in totals:
            kind = (total.channel, total.high, total.stage)
            found[kind] = {name: getattr(total, name) - int(getattr(later.get(kind), name, 0)) for name in SUMS}
        return found

    def ages(self, stage: int, *, since: datetime, now: datetime, at_most: int) -> tuple[list[float], list[float]]:
        """Return the minutes of orders that left a stage since then, and the ages of those inside, oldest first.

        They are minutes of the stage's own clock.
        """
        v, f, clock = StageVisit, OrderFlow, self._clocks.of(stage)
        gone = (v.stage == stage, v.left_at >= since, v.left_at < now, v.inferred.is_(False))
        left = select(v.entered_at, v.left_at).where(*gone)
        inside = select(f.entered_at).where(IN_STAGE.query, f.stage == stage, f.entered_at < now).order_by(f.entered_at)
        return (
            [
                _minutes(clock.between(a, b))
                for a, b in self._session.execute(left.order_by(v.left_at.desc()).limit(at_most))
            ],
            [_minutes(clock.between(at, now)) for at in self._session.scalars(inside.limit(at_most))],
        )

    def visits(self, stage: int, *, since: datetime, until: datetime, ahead: timedelta) -> list[PastVisit]:
        """Return the visits to a stage that began before ``until`` and went on at ``since`` or later, in no order.

        Of those that lasted beyond ``until + ahead`` only the ones that still last are here; see :meth:`later_visits`.
        """
        v, f = StageVisit, OrderFlow
        gone = (v.stage == stage, v.left_at >= since, v.left_at < until + ahead, v.entered_at < until)
        left = select(v.channel, v.high, v.entered_at, v.left_at, v.inferred).where(*gone)
        here = select(f.channel, f.high, f.entered_at).where(IN_STAGE.query, f.stage == stage, f.entered_at < until)
        return [
            *(PastVisit(*row) for row in self._session.execute(left)),
            *(PastVisit(channel, high, at, None, inferred=False) for channel, high, at in self._session.execute(here)),
        ]

    def later_visits(
        self, stage: int, *, entered_before: datetime, left_since: datetime, limit: int
    ) -> list[PastVisit]:
        """Return the first visits to leave a stage from ``left_since`` on of those that began before a moment."""
        v = StageVisit
        query = (
            select(v.channel, v.high, v.entered_at, v.left_at, v.inferred)
            .where(v.stage == stage, v.left_at >= left_since, v.entered_at < entered_before)
            .order_by(v.left_at)
            .limit(limit)
        )
        return [PastVisit(*row) for row in self._session.execute(query)]

    def over(self, stage: int, limit: timedelta, *, now: datetime) -> int:
        """Count the orders that are in a stage for longer than a limit, by its clock."""
        f, before = OrderFlow, self._clocks.of(stage).back(now, limit)
        query = select(func.count()).select_from(f).where(IN_STAGE.query, f.stage == stage, f.entered_at < before)
        return self._session.scalar(query) or 0


def sums_between(
    kind: KindOfStage,
    before: Mapping[str, int],
    at_end: Mapping[str, int],
    *,
    start: datetime,
    end: datetime,
    clock: WorkingClock,
) -> StageSums:
    """Return the sums of a window by those of all that happened before its start and before its end.

    ``clock`` is the stage's own.
    """
    return StageSums(
        *kind,
        inside=at_end["inside"],
        order_seconds=spent(at_end, end, clock=clock) - spent(before, start, clock=clock),
        entered=at_end["entered"] - before["entered"],
        exits=at_end["left"] - before["left"],
        inferred=at_end["inferred"] - before["inferred"],
    )


def spent(sums: Mapping[str, int], moment: datetime, *, clock: WorkingClock) -> int:
    """Return the order-seconds that were spent in a stage up to a moment, by the sums of what happened before it.

    ``clock`` is the one by which the stage is measured, and its times were summed.
    """
    at = clock.seconds(moment)
    return (at * sums["entered"] - sums["entered_at_sum"]) - (at * sums["left"] - sums["left_at_sum"])


def _minutes(time: timedelta) -> float:
    return time / timedelta(minutes=1)
