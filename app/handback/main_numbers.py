"""Which cells hold a number of the main system: what only stands for "none" is no number, a rounded one is named."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, time

from app.domain.csv_cell import EXACT_DIGITS, identifier_of

_NONE = frozenset(
    {
        "null",
        "nil",
        "nan",
        "none",
        "n/a",
        "na",
        "nat",
        "undefined",
        "tbd",
        "unknown",
        "true",
        "false",
        "(null)",
        "<null>",
    }
    | {
        "[null]",
        "\\n",
        "(空)",
        "(无)",
        "无",
        "没有",
        "空",
        "空值",
        "暂无",
        "未知",
        "待定",
        "待生成",
        "未生成",
        "无单号",
        "不详",
        "同上",
    }
    | {"是", "否", "成功", "失败"}
)
_NOTHING_IN_IT = re.compile(r"[\W_]*|0+(?:\.0+)?", re.ASCII)
_SPREADSHEET_ERROR = re.compile(
    r"#(?:n/a|ref!|value!|name\?|div/0!|num!|null!|spill!|calc!|field!|blocked!|getting_data|#+)"
)
_MOMENT = re.compile(
    r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[/月]\d{1,2}日?)"
    r"(?:[T ]*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?: ?[ap]m)?(?:Z|[+-]\d{2}:?\d{2})?"
    r"|\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*[,，、;；|\n]\s*")


def is_none(cell: object) -> bool:
    """Tell whether a cell of main numbers holds none: blank, a dash, ``#N/A``, NULL, a date, a truth value."""
    if cell is None or isinstance(cell, date | time | bool):
        return True
    if isinstance(cell, float) and cell != cell:  # noqa: PLR0124 - not a number, as some readers give an empty cell
        return True
    text = unicodedata.normalize("NFKC", str(cell)).strip(" \t\r\n\u200b\ufeff'\"=").casefold()
    found = (_NOTHING_IN_IT, _SPREADSHEET_ERROR, _MOMENT)
    return text in _NONE or any(form.fullmatch(text) and not _has_letters(text, form) for form in found)


def _has_letters(text: str, form: re.Pattern[str]) -> bool:
    """Tell whether what looks like signs alone is a word in another script."""
    return form is _NOTHING_IN_IT and any((char.isalnum() and char != "0") or not char.isprintable() for char in text)


def numbers_in(cell: object, *, exact: bool) -> list[str]:
    """Return the numbers of a cell: none, one, or several where the main system has split an order.

    ``exact`` is a string as a program has written it, which no spreadsheet can have touched.

    Raises:
        DamagedBySpreadsheet: it was rounded.
    """
    if is_none(cell):
        return []
    if not isinstance(cell, str):
        return [identifier_of(cell)]
    parts = [part for part in _BETWEEN.split(cell.strip()) if not is_none(part)]
    read = (unicodedata.normalize("NFKC", part).strip() if exact else identifier_of(part) for part in parts)
    return list(dict.fromkeys(number for number in read if number))


def were_rounded(numbers: Iterable[str]) -> frozenset[str]:
    """Return the numbers of a column that a spreadsheet has rounded: its long ones, if all end in the zeros of that.

    One in ten numbers of sixteen digits ends in a zero, so that one alone, or one beside others, proves nothing.
    """
    long = [number for number in numbers if number.isdigit() and len(number) > EXACT_DIGITS]
    rounded = all(not number[EXACT_DIGITS:].strip("0") for number in long)
    return frozenset(long) if rounded and len(long) > 1 else frozenset()
