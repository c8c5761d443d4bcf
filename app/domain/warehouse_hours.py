"""When a warehouse works: hours for each day of the week, and single days on which it works otherwise or not at all.

Hours are minutes of the wall clock. A time whose end is not after its beginning ends on the next day, and belongs to
the day on which it begins: a night shift before a closed day still ends in the morning.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

DAY = 24 * 60
WEEKDAYS = 7

Span = tuple[int, int]
"""Minutes since midnight from which until before which it works; an end may lie beyond :data:`DAY`."""

MOST_SPANS = 6
"""Of a day."""

MOST_SPECIAL_DAYS = 100

CLOSED_WORDS = frozenset({"", "休", "休息", "不上班", "-"})
ALL_DAY = "00:00-24:00"
_ALL_DAY_WORDS = frozenset({"全天", "24小时"})
_SPAN = re.compile(r"(\d{1,2}):(\d{2})[-~–—至到](次日|翌日)?(\d{1,2}):(\d{2})")


class WrongHours(ValueError):
    """What somebody wrote are no hours; the message says so in Chinese."""


@dataclass(frozen=True, slots=True)
class WarehouseHours:
    """The times of each weekday, Monday first, and of the ``special`` days, in order; no times on a day: closed."""

    week: tuple[tuple[Span, ...], ...]
    special: tuple[tuple[date, tuple[Span, ...]], ...] = ()

    def on(self, day: date) -> tuple[Span, ...]:
        """Return the times that begin on a day, in order and apart from each other."""
        otherwise = dict(self.special).get(day)
        return self.week[day.weekday()] if otherwise is None else otherwise


def hours_of(week: Sequence[str], special: Mapping[str, str]) -> WarehouseHours:
    """Read hours: seven texts such as ``08:00-12:00、13:00-20:00`` or ``休``, and the same by ISO date.

    Raises:
        WrongHours: something is none, or no day of the week is open.
    """
    if len(week) != WEEKDAYS:
        raise WrongHours("一周须写七天。")
    days = tuple(spans_of(text) for text in week)
    if not any(days):
        raise WrongHours("一周至少要有一天上班；一直不停的写 00:00-24:00。")
    if len(special) > MOST_SPECIAL_DAYS:
        raise WrongHours(f"单独的日子最多 {MOST_SPECIAL_DAYS} 个，过去的可以删掉。")
    return WarehouseHours(days, tuple(sorted((_day(day), spans_of(text)) for day, text in special.items())))


def spans_of(text: str) -> tuple[Span, ...]:
    """Read the times of a day, in order.

    Raises:
        WrongHours: they are none, too many, or lie in each other.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain in CLOSED_WORDS:
        return ()
    if plain in _ALL_DAY_WORDS:
        plain = ALL_DAY
    parts = [part for part in re.split(r"[、,;\s]+", re.sub(r"\s*([-~–—至到])\s*", r"\1", plain)) if part]
    spans = sorted(_span(part) for part in parts)
    if not spans or len(spans) > MOST_SPANS:
        raise WrongHours(f"“{text[:40]}”看不懂；一天最多 {MOST_SPANS} 段。")
    ends = [end for _, end in spans]
    begins = [begin for begin, _ in spans[1:]] + [spans[0][0] + DAY]
    if any(end > begin for end, begin in zip(ends, begins, strict=True)):
        raise WrongHours(f"“{text[:40]}”里的时段互相重叠。")
    return tuple(spans)


def special_days_of(text: str) -> dict[str, str]:
    """Read a day a line, such as ``2027-02-17 休`` or ``2027-02-21 09:00-15:00``, and return the hours by ISO date.

    Raises:
        WrongHours: a line is none, or names a day again.
    """
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        day, _, hours = unicodedata.normalize("NFKC", line).partition(" ")
        if not hours.strip():
            raise WrongHours(f"“{line[:40]}”看不懂；每行一天，例如 2027-02-17 休。")
        name = _day(day).isoformat()
        if name in found:
            raise WrongHours(f"{name} 写了两次。")
        found[name] = span_words(spans_of(hours))
    return found


def span_words(spans: Sequence[Span]) -> str:
    """Return the times of a day as :func:`spans_of` reads them; empty for a closed day."""
    return "、".join(f"{_clock(begin)}-{_clock(end if end <= DAY else end - DAY)}" for begin, end in spans)


def _span(part: str) -> Span:
    found = _SPAN.fullmatch(part)
    if found is None:
        raise WrongHours(f"“{part[:40]}”看不懂，例如 08:00-20:00；不上班写 休。")
    begin, end = (int(found[n]) * 60 + int(found[n + 1]) for n in (1, 4))
    if int(found[2]) > 59 or int(found[5]) > 59 or begin >= DAY or end > DAY or begin == end:  # noqa: PLR2004 - minutes
        raise WrongHours(f"“{part[:40]}”不是一段时间；一直不停的写 {ALL_DAY}。")
    return begin, end if end > begin and not found[3] else end + DAY


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongHours(f"“{text[:40]}”不是日期，例如 2027-02-17。") from None
