"""The fourteen healthy days before, as the watch would remember them: the sums of their minutes, written at once.

What is shortened is the way in: an order of these days is not reported event by event, its visits are added to the sums
of its minutes here, by the meaning of the table's columns (``test_what_is_laid_down_is_what_events_would_have_left``
proves that the rows are the same). Every order is there, at the full rate; the hours are closed by ``close_hours``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy.orm import Session

from app.domain.working_clock import WALL_CLOCK
from app.store.statements import chunks, shift_stages
from app.store.tables import StageMinute, StageTotal
from app.store.unit_of_work import Store
from app.watch.stages.hours import close_hours
from tests.failure.watched_day.truth import HOUR, MINUTE, ZONE, TrueOrder, moment, orders_of

DAYS = 14
Visit = tuple[str, int, int, int]
"""Channel, stage, when it was entered and left."""

_AT_ONCE = 5000


class HoursBefore:
    """What the hours before were like, by channel, stage and hour of the story: entries, exits, seconds spent.

    ``grain`` is how many minutes share a row: the hours come out the same, the backlog's samples are that coarse.
    """

    def __init__(self, grain: int = 1) -> None:
        self.grain = grain
        self.entered: dict[tuple[str, int, int], int] = defaultdict(int)
        self.left: dict[tuple[str, int, int], int] = defaultdict(int)
        self.spent: dict[tuple[str, int, int], int] = defaultdict(int)
        self.unprocessed: dict[int, int] = defaultdict(int)
        """By minute of the story: how many more wait for the warehouse or its printer."""

    def add(self, visit: Visit) -> None:
        """Take a visit in."""
        channel, stage, entered, left = visit
        self.entered[channel, stage, entered // HOUR] += 1
        self.left[channel, stage, left // HOUR] += 1
        for hour in range(entered // HOUR, left // HOUR + 1):
            spent = min(left, (hour + 1) * HOUR) - max(entered, hour * HOUR)
            self.spent[channel, stage, hour] += spent
        if stage in {2, 3}:
            self.unprocessed[entered // MINUTE // self.grain * self.grain] += 1
            self.unprocessed[left // MINUTE // self.grain * self.grain] -= 1


def visits_of(order: TrueOrder) -> Iterator[Visit]:
    """Yield the stages of an order as they are told."""
    for stage in range(1, len(order.at)):
        yield order.channel, stage, order.told(stage - 1), order.told(stage)


def lay_down(store: Store, known: HoursBefore, *, seed: int, per_minute: float) -> None:
    """Write the days before down, close their hours, and note what they were like."""
    for day in range(-DAYS, 0):
        visits = [visit for order in orders_of(day, seed=seed, per_minute=per_minute) for visit in visits_of(order)]
        for visit in visits:
            known.add(visit)
        write_sums(store, visits, grain=known.grain)
    close_hours(store, now=moment(0), zone=ZONE)


def write_sums(store: Store, visits: Iterable[Visit], *, grain: int = 1) -> None:
    """Add visits to the sums of their minutes, and of all time."""
    began, step = WALL_CLOCK.seconds(moment(0)), grain * MINUTE
    entries: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    exits: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for channel, stage, entered, left in visits:
        entries[channel, stage, entered // step].append(began + entered)
        exits[channel, stage, left // step].append(began + left)
    totals: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    rows = []
    for channel, stage, minute in entries.keys() | exits.keys():
        ins, outs = entries.get((channel, stage, minute), []), exits.get((channel, stage, minute), [])
        sums = {"entered": len(ins), "entered_at_sum": sum(ins), "left": len(outs), "left_at_sum": sum(outs)}
        sums |= {"inside": len(ins) - len(outs), "inferred": 0}
        totals[channel, stage].update(sums)
        rows.append({"minute": moment(minute * step), **_kind(channel, stage), **sums})
    with Session(store.engines.writer) as session, session.begin():
        for part in chunks(rows, _AT_ONCE):
            shift_stages(session, StageMinute, part)
        shift_stages(session, StageTotal, [{**_kind(*kind), **total} for kind, total in totals.items()])


def _kind(channel: str, stage: int) -> dict[str, Any]:
    return {"channel": channel, "high": False, "stage": stage}
