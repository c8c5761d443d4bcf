"""The sums of the stages over any window, and the ages of the orders that medians are made of."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.store.repositories.flows import SUMS, seconds_of
from app.store.tables import OrderFlow, StageMinute, StageTotal, StageVisit
from app.store.tables.flow import IN_STAGE


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


class StageRepository:
    """Reads what :class:`FlowRepository` keeps."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def sums(self, starts: Collection[datetime], *, end: datetime) -> dict[datetime, list[StageSums]]:
        """Return the sums of each kind and stage for the times from ``starts`` to before ``end``, all whole minutes.

        However many orders there were, only the minutes since the earliest start are read.
        """
        since = {
            moment: {(row.channel, row.high, row.stage): row for row in self._session.execute(self._since(moment))}
            for moment in {*starts, end}
        }
        found: dict[datetime, list[StageSums]] = {start: [] for start in starts}
        for total in self._session.scalars(select(StageTotal)):
            key = (total.channel, total.high, total.stage)
            at_end = _before(total, since[end].get(key), end)
            for start, sums in found.items():
                at_start = _before(total, since[start].get(key), start)
                sums.append(
                    StageSums(
                        *key,
                        inside=at_end.inside,
                        order_seconds=at_end.spent - at_start.spent,
                        entered=at_end.entered - at_start.entered,
                        exits=at_end.left - at_start.left,
                        inferred=at_end.inferred - at_start.inferred,
                    )
                )
        return found

    def _since(self, moment: datetime) -> Select[Any]:
        m = StageMinute
        sums = [func.sum(getattr(m, name)).label(name) for name in SUMS]
        return select(m.channel, m.high, m.stage, *sums).where(m.minute >= moment).group_by(m.channel, m.high, m.stage)

    def ages(self, stage: int, *, since: datetime, now: datetime, at_most: int) -> tuple[list[float], list[float]]:
        """Return the minutes of orders that left a stage since then, and the ages of those inside, oldest first."""
        v, f = StageVisit, OrderFlow
        gone = (v.stage == stage, v.left_at >= since, v.left_at < now, v.inferred.is_(False))
        left = select(v.entered_at, v.left_at).where(*gone)
        inside = select(f.entered_at).where(IN_STAGE.query, f.stage == stage, f.entered_at < now).order_by(f.entered_at)
        return (
            [_minutes(b - a) for a, b in self._session.execute(left.order_by(v.left_at.desc()).limit(at_most))],
            [_minutes(now - at) for at in self._session.scalars(inside.limit(at_most))],
        )

    def over(self, stage: int, *, before: datetime) -> int:
        """Count the orders that are in a stage since before then."""
        f = OrderFlow
        query = select(func.count()).select_from(f).where(IN_STAGE.query, f.stage == stage, f.entered_at < before)
        return self._session.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class _Before:
    """What had happened before a moment, and the order-seconds spent up to it."""

    inside: int
    entered: int
    left: int
    inferred: int
    spent: int


def _before(total: StageTotal, since: Any, moment: datetime) -> _Before:  # noqa: ANN401 - a row of sums, or none
    was = {name: getattr(total, name) - int(getattr(since, name) if since is not None else 0) for name in SUMS}
    at = seconds_of(moment)
    spent = (at * was["entered"] - was["entered_at_sum"]) - (at * was["left"] - was["left_at_sum"])
    return _Before(was["inside"], was["entered"], was["left"], was["inferred"], spent)


def _minutes(time: timedelta) -> float:
    return time / timedelta(minutes=1)
