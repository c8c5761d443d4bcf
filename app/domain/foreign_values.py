"""What ERPs and carriers write for a time, a number or nothing, read in one way.

One answer may hold epoch milliseconds beside the wall clock of Beijing, and six ways to say "not yet".
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from app.domain.times import EARLIEST

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The wall clock of every ERP and carrier here, whatever its merchant's is; it knew no summer time in this century."""

_NOTHING = frozenset({"", "无", "null", "none", "0"})
_NO_DATE = re.compile(r"0000[-/]00[-/]00.*|000[01][-/]01[-/]01.*|1900[-/]0?1[-/]0?0.*")
_DIGITS = re.compile(r"[0-9]{9,16}")
_WALL = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})[ T]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(\.[0-9]+)?)?"
)
_FIRST_MILLISECONDS = 10**11
"""Larger numbers are milliseconds: as seconds they would lie beyond the year 5138."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoMoment(ValueError):
    """A value is there and is no time."""


def word_of(value: object) -> str | None:
    """Return a code, a number or a name as text, None for nothing; a whole number keeps all of its digits.

    What no database takes, half a character or a NUL, becomes a question mark.
    """
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    text = "".join(one if one.isprintable() else "?" for one in str(value).strip())
    return None if not text or text == "无" else text


def whole_of(value: object) -> int | None:
    """Return a whole number that may be written as a text, None for what is none."""
    text = word_of(value)
    return int(text) if text is not None and re.fullmatch(r"-?[0-9]{1,18}", text) else None


def moment_of(value: object, zone: tzinfo) -> datetime | None:
    """Return a time, aware; one without a zone is on the wall clock of ``zone``; None for what says "not yet".

    Raises:
        NoMoment: it says something, and that is no time.
    """
    if value is None or value in ([], {}):
        return None
    text = word_of(value)
    if text is None or text.casefold() in _NOTHING or _NO_DATE.fullmatch(text):
        return None
    try:
        found = _counted(text) if _DIGITS.fullmatch(text) else _written(text, zone)
    except (ValueError, OverflowError):
        raise NoMoment(text[:40]) from None
    return found if found >= EARLIEST else None


def wall_text(moment: datetime, zone: tzinfo) -> str:
    """Return a moment as ERPs write it: the wall clock, to the second, without a zone."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _counted(text: str) -> datetime:
    number = int(text)
    return _EPOCH + (timedelta(milliseconds=number) if number >= _FIRST_MILLISECONDS else timedelta(seconds=number))


def _written(text: str, zone: tzinfo) -> datetime:
    if found := _WALL.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        part = int(float(found[7] or 0) * 1_000_000)
        return datetime(year, month, day, hour, minute, second, part, tzinfo=zone)
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise NoMoment(text)
    return read
