"""The last day of each stage, hour by hour, beside what such hours usually are, for the charts of order health."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.baseline import WEEKS, Hour, usual_mean
from app.domain.marks import STAGES
from app.store.repositories.health import HOUR, StageHourSum
from app.store.unit_of_work import UnitOfWork
from app.watch.stages.usual import hour_of

HOURS = 24


@dataclass(frozen=True, slots=True)
class HourOfStage:
    """An hour of a stage: when it began, its mean and what is usual in minutes, each None where nobody knows.

    The mean is the order-minutes of the hour for each order that left, of all kinds of orders together. An hour in
    which the stage's clock stood still has neither.
    """

    begins: datetime
    mean: float | None
    usual: float | None


class StageDays:
    """Reads the last day of every stage; what is usual is read once an hour, since it is four weeks of hours."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._usual: tuple[datetime, dict[tuple[datetime, int], float]] | None = None

    def look(self, uow: UnitOfWork, *, now: datetime) -> dict[int, tuple[HourOfStage, ...]]:
        """Return the closed hours of the last day by the stage's number, oldest first."""
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        begins = [this_hour - n * HOUR for n in range(HOURS, 0, -1)]
        means = _means(uow.health.stage_hours(begins[0], all_of_them=True))
        usual = self._usual_of(uow, begins)
        return {
            stage.number: tuple(
                HourOfStage(hour, means.get((hour, stage.number)), usual.get((hour, stage.number)))
                if clock.read(hour) < clock.read(hour + HOUR)
                else HourOfStage(hour, None, None)
                for hour in begins
            )
            for stage in STAGES
            for clock in (uow.clocks.of(stage.number),)
        }

    def _usual_of(self, uow: UnitOfWork, begins: Sequence[datetime]) -> dict[tuple[datetime, int], float]:
        """Return what is usual at each of these hours, by the hour and the stage's number."""
        if self._usual is None or self._usual[0] != begins[-1]:
            hours: dict[int, list[Hour]] = {}
            for row in uow.health.stage_hours(begins[0] - WEEKS):
                hours.setdefault(row.stage, []).append(hour_of(row, self._zone))
            found = (
                (hour, stage, usual_mean(known, at=hour.astimezone(self._zone)))
                for stage, known in hours.items()
                for hour in begins
            )
            self._usual = begins[-1], {(hour, stage): one.value for hour, stage, one in found if one is not None}
        return self._usual[1]


def _means(rows: Sequence[StageHourSum]) -> dict[tuple[datetime, int], float]:
    """Return the order-minutes for each exit of every hour and stage in which somebody was."""
    return {
        (row.hour, row.stage): row.order_seconds / 60 / max(1, row.left)
        for row in rows
        if row.order_seconds or row.left
    }
