"""Reads a list of lifecycle events: a row an event, or a row an order with a column for each mark; bytes read apart.

One wrong row or cell stops none of the others, and is named by its row, its column, a code and a sentence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from app.domain.flow import AHEAD, LAST
from app.domain.marks import RANK, Mark
from app.domain.problems import Refusal, TooLarge
from app.domain.times import is_a_time
from app.files.reading_process import STANDARD_CONFINEMENT, Confinement
from app.files.rows_apart import rows_apart
from app.files.sheet_reader import STANDARD
from app.watch.stages.take_events import ReportedEvent, id_of

DEFAULT_SOURCE = "file"

FOLLOWED = timedelta(days=7)
"""An order of which a file tells nothing newer is history: nobody waits for its next mark, and it is not stuck now."""


class UnreadableEvents(Refusal):
    """A list of events cannot be taken at all; the sentence says why."""


class WrongEvent(NamedTuple):
    """An event that is passed over: where, in which column, a stable code, and why."""

    row: int
    column: str
    code: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidAtUpload:
    """What a file does not say itself; ``history`` that none of its orders is to be followed any further."""

    zone: tzinfo
    source: str = ""
    channel: str = ""
    history: bool = False


@dataclass(frozen=True, slots=True)
class EventsFile:
    """What a file says; an event's index is its row. ``past`` orders are not followed any further."""

    events: tuple[ReportedEvent, ...]
    wrong: tuple[WrongEvent, ...]
    rows: int
    repeated: int
    """How often it says again what it said before."""
    past: int
    columns: Mapping[str, str]
    """What the columns that were used are called there."""
    unused: tuple[str, ...]
    wide: bool


def read_events_apart(
    data: bytes, said: SaidAtUpload, *, now: datetime, confinement: Confinement = STANDARD_CONFINEMENT
) -> EventsFile:
    """Read a list of events, its bytes in a process of its own.

    Raises:
        UnreadableEvents: it cannot be read, or holds no row; or what was said at its upload is too long.
        TooLarge: it has more bytes than we read.
        Busy: the machine has no room for another process.
    """
    _check(said)
    if len(data) > STANDARD.bytes:
        raise TooLarge(f"文件超过 {STANDARD.bytes // 1024 // 1024} MB，请分成几份。")
    found = rows_apart("app.watch.stages.events_sheet_reader", data, confinement, refusal=UnreadableEvents)
    if len(found) < 2:  # noqa: PLR2004 - the columns, and a row
        raise UnreadableEvents("文件里没有一行事件。")
    events: dict[tuple[str, str, str, Mark, datetime], ReportedEvent] = {}
    wrong: list[WrongEvent] = []
    repeated = 0
    for line in found[1:]:
        wrong += (WrongEvent(line["row"], *one) for one in line["wrong"])
        for one in _events(line, said, now=now):
            if isinstance(one, WrongEvent):
                wrong.append(one)
                continue
            key = (one.source, one.event_id, one.order, one.mark, one.at)
            repeated += key in events
            events.setdefault(key, one)
    ended, past = _ended(list(events.values()), now=now, history=said.history)
    head = found[0]
    wrong.sort()
    return EventsFile(
        ended, tuple(wrong), len(found) - 1, repeated, past, head["columns"], tuple(head["unused"]), head["wide"]
    )


def _check(said: SaidAtUpload) -> None:
    for text, name, longest in ((said.source, "来源", 32), (said.channel, "渠道", 64)):
        if len(text) > longest or not text.isprintable():
            raise UnreadableEvents(f"{name}最长 {longest} 个字符，不能有换行。")


def _events(line: Mapping[str, Any], said: SaidAtUpload, *, now: datetime) -> Iterator[ReportedEvent | WrongEvent]:
    row, order = line["row"], line["order"]
    for code, moment, column in line["events"]:
        mark, at = Mark(code), datetime.fromisoformat(moment)
        if at.tzinfo is None:
            at = at.replace(tzinfo=said.zone)
        if not is_a_time(at, now=now):
            yield WrongEvent(row, column, "no_time", "不是一个可能的时间")
        elif at > now + AHEAD:
            yield WrongEvent(row, column, "in_the_future", "时间在将来，还没有发生")
        else:
            yield ReportedEvent(
                index=row,
                source=line["source"] or said.source or DEFAULT_SOURCE,
                event_id=line["id"] or id_of(order, mark, at),
                order=order,
                channel=line["channel"] or said.channel,
                mark=mark,
                at=at,
            )


def _ended(events: list[ReportedEvent], *, now: datetime, history: bool) -> tuple[tuple[ReportedEvent, ...], int]:
    """Mark the newest event of each past order as its last; return all events, and how many orders these are."""
    newest: dict[str, int] = {}
    for n, one in enumerate(events):
        known = newest.setdefault(one.order, n)
        if (one.at, RANK[one.mark]) > (events[known].at, RANK[events[known].mark]):
            newest[one.order] = n
    past = [n for n in newest.values() if history or events[n].at < now - FOLLOWED]
    for n in past:
        events[n] = replace(events[n], attributes={LAST: True})
    return tuple(events), len(past)
