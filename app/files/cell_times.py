"""Reads the time in a cell as people and spreadsheets write it; what is none is named by a code and a sentence."""

import re
import unicodedata
from datetime import datetime, time, timedelta, timezone

from app.domain.csv_cell import undefuse
from app.domain.foreign_values import NoMoment, moment_of
from app.files.headed_rows import text_of
from app.files.sheet_reader import Formula

SHOWN = 24
"""Characters of a cell that a sentence quotes."""

_WALL = timezone(timedelta(0), "wall")
"""Stands for the clock that whoever asked knows."""

_NOT_YET = frozenset({"", "-", "--", "—", "——", "/", "\\", "n/a", "#n/a", "暂无", "未知"})
_IN_WORDS = re.compile(r"([0-9]{4})[年.]([0-9]{1,2})[月.]([0-9]{1,2})日? *([0-9]{1,2}:.*)")
_TO_THE_MINUTE = re.compile(r"([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}) +([0-9]{1,2}:.*)")
_APART_FROM_ITS_OFFSET = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+) ([+-][0-9]{2}:?[0-9]{2}|Z|UTC)")


class UnusableCell(Exception):
    """A cell holds something, and it is no time: a stable ``code``, and ``why`` in a sentence."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(code)
        self.code, self.why = code, why


def time_in(cell: object) -> datetime | None:
    """Return the time in a cell, naive where it is on somebody's wall clock; None where it says "not yet".

    Raises:
        UnusableCell: it says something else.
    """
    match cell:
        case None:
            return None
        case Formula():
            raise UnusableCell("formula", "是没有结果的公式，请复制为值后重新上传")
        case datetime() if cell.time() == time() and cell.year > 1900:  # noqa: PLR2004 - a cell that holds a day alone
            raise UnusableCell("no_clock", "只有日期，没有几点几分")
        case time() if cell == time():  # how a workbook shows a nought
            return None
        case datetime():
            text = cell.isoformat(sep=" ")
        case _:
            text = " ".join(unicodedata.normalize("NFKC", undefuse(text_of(cell))).split())
    return None if text.casefold() in _NOT_YET else _written(text)


def _written(text: str) -> datetime | None:
    if found := _IN_WORDS.fullmatch(text):
        text = f"{found[1]}-{found[2]}-{found[3]} {found[4]}"
    elif found := _TO_THE_MINUTE.fullmatch(text):
        text = f"{found[1]} {found[2]}"
    if found := _APART_FROM_ITS_OFFSET.fullmatch(text):  # as Shopify writes it
        text = f"{found[1]}{found[2].replace('UTC', 'Z')}"
    try:
        at = moment_of(text, _WALL)
    except NoMoment:
        raise UnusableCell("not_a_time", f"“{text[:SHOWN]}”不是时间，请写成 2026-11-22 09:05:00") from None
    return at.replace(tzinfo=None) if at is not None and at.tzinfo is _WALL else at
