"""What happened in an incident, read back from the rows: minute by minute, step by step, and by whom."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from app.batch.download import DOWNLOADED
from app.store.reach import Reach
from app.store.repositories.inflow import MinuteCount
from app.store.tables import Audit, Batch, Incident
from app.store.unit_of_work import UnitOfWork

BATCHES = 200
"""Files of an incident that are named one by one: four days of half-hourly ones."""

IMPORTED = "results.import"
MINUTE = timedelta(minutes=1)
LATE = timedelta(hours=1)
"""How long after its end orders of an incident may still come home from a spool and be drawn."""

BARS = 120
_WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440)
"""Minutes that a bar may stand for."""


@dataclass(frozen=True, slots=True)
class Course:
    """How an incident's orders came in; ``whole`` is False where there were more than one look counts."""

    by_minute: Mapping[datetime, tuple[int, int]] = field(default_factory=dict)
    """Orders of normal and of high priority."""
    first_of_client: Mapping[str, datetime] = field(default_factory=dict)
    whole: bool = True

    @property
    def first_at(self) -> datetime | None:
        """The minute of the first order."""
        return min(self.by_minute, default=None)

    @property
    def last_at(self) -> datetime | None:
        """The minute of the last order."""
        return max(self.by_minute, default=None)


class Bar(NamedTuple):
    """A bar of the chart: its beginning, its orders, and both parts in units of which the highest bar has 100."""

    at: datetime
    normal: int
    high: int
    normal_height: float
    high_height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The course as bars of so many minutes each."""

    minutes: int
    bars: tuple[Bar, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened; ``path`` lies below ``/console``."""

    at: datetime
    what: str
    who: str = ""
    path: str = ""


def course_of(uow: UnitOfWork, incident: Incident, reach: Reach) -> Course:
    """Count an incident's orders by the minute, as far as one look reaches."""
    after = uow.overview.first_id_since(incident.opened_at - 5 * MINUTE) - 1
    newest = uow.overview.newest_order_id()
    last = newest if incident.closed_at is None else uow.overview.first_id_since(incident.closed_at + LATE)
    last = min(last, newest)
    found: list[MinuteCount] = []
    for _ in range(reach.chunks_a_look):
        upper = min(after + reach.chunk, last)
        found += uow.inflow.minutes(incident.id or 0, after_id=after, up_to_id=upper)
        after = upper
        if after >= last:
            break
    return _course(found, whole=after >= last)


def _course(found: Iterable[MinuteCount], *, whole: bool) -> Course:
    normal, high, first = Counter[datetime](), Counter[datetime](), dict[str, datetime]()
    for one in found:
        (high if one.high else normal)[one.at] += one.orders
        first[one.client_id] = min(one.at, first.get(one.client_id, one.at))
    return Course({at: (normal[at], high[at]) for at in sorted(normal | high)}, first, whole)


def chart_of(course: Course) -> Chart | None:
    """Return the chart of a course, None where there is nothing to draw."""
    first, last = course.first_at, course.last_at
    if first is None or last is None:
        return None
    minutes = next((width for width in _WIDTHS if (last - first) / MINUTE < width * BARS), _WIDTHS[-1])
    step = minutes * MINUTE
    counts = [[0, 0] for _ in range(min((last - first) // step + 1, 4 * BARS))]
    for at, (normal, high) in course.by_minute.items():
        place = counts[min((at - first) // step, len(counts) - 1)]
        place[0] += normal
        place[1] += high
    most = max(normal + high for normal, high in counts)
    bars = (
        Bar(first + n * step, normal, high, round(100 * normal / most, 1), round(100 * high / most, 1))
        for n, (normal, high) in enumerate(counts)
    )
    return Chart(minutes, tuple(bars), most)


def events_of(
    incident: Incident, course: Course, batches: Sequence[Batch], deeds: Mapping[str, Sequence[Audit]]
) -> list[Happening]:
    """Return what happened, oldest first; ``deeds`` are downloads and imports by the batch's name."""
    events = [Happening(incident.opened_at, "开启事件", incident.opened_by)]
    if course.first_at is not None:
        events.append(Happening(max(course.first_at, incident.opened_at), "第一笔订单"))
    if course.last_at is not None and course.whole and incident.closed_at is not None:
        events.append(Happening(course.last_at, "最后一笔订单"))
    for batch in batches:
        name = batch.name or ""
        path = f"/batches/{name}"
        if batch.published_at is not None:
            events.append(Happening(batch.published_at, f"出文件 {name}，{batch.orders} 笔", path=path))
        for deed in deeds.get(name, ()):
            what = f"下载 {name}" if deed.action == DOWNLOADED else f"导入 {name} 的结果"
            events.append(
                Happening(deed.at, what, deed.actor, path if deed.action == DOWNLOADED else f"{path}/results")
            )
    if incident.closed_at is not None:
        events.append(Happening(incident.closed_at, "关闭事件", incident.closed_by or ""))
    return sorted(events, key=lambda event: event.at)


def deeds_of(uow: UnitOfWork, batches: Sequence[Batch]) -> dict[str, list[Audit]]:
    """Return who downloaded files of these batches, and who imported their results."""
    names = [batch.name or "" for batch in batches]
    found: dict[str, list[Audit]] = {}
    for action in (DOWNLOADED, IMPORTED):
        for name, deeds in uow.audit.of_each(names, action).items():
            found.setdefault(name, []).extend(deeds)
    return found
