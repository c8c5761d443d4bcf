"""Reads the cells of others' lists: numbers, money, times, kinds and states, and names what is damaged."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from app.domain.csv_cell import EXACT_DIGITS, DamagedBySpreadsheet, identifier_of
from app.domain.harmless_text import harmless_text
from app.domain.money import MAX_FEN
from app.files.cell_times import SHOWN, UnusableCell, time_in
from app.files.headed_rows import as_name, text_of
from app.files.sheet_reader import Formula
from app.reconcile.compare.list_map import state_lines

LONGEST_NUMBER = 128
MOST_NUMBERS = 100
"""Numbers of one cell: an order that was merged from more is none."""

LAST_YEAR = 2100
"""Beyond lies what programs write for "no end"; near the last year there is, no clock can be turned to another zone."""

ROUNDED = 3
"""Noughts after the fifteenth digit, and nothing else there: a spreadsheet has rounded the number."""

TOO_LITTLE = 1e-6
"""Yuan; what a spreadsheet's own sums are off by."""

_FEN = Decimal(100)
_FORMULA = "是没有结果的公式，请复制为值后重新上传"
_MONEY_NOISE = str.maketrans("", "", ",¥￥$ \u00a0元`'\t")
_CURRENCY = re.compile(r"^(?:cny|rmb|人民币)|(?:cny|rmb)$", re.IGNORECASE)
_BROKEN = re.compile(r"#(?:ref|value|name|div/0|num|null|spill|calc)[!?]", re.IGNORECASE)
"""What a spreadsheet shows for a formula that it cannot work out."""

_NOTHING = frozenset({"", "-", "--", "—", "/", "无", "null", "none", "nan", "n/a", "#n/a", "暂无"})
_JOINED = re.compile(r"\s*[,，;；、|\n]\s*")
_DAY = re.compile(r"[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?")
_TOKEN = re.compile(r"(?<![0-9A-Za-z])[A-Z][0-9A-Z]{12,19}(?![0-9A-Za-z])")
_PLATFORM = re.compile(r"T[0-9]{1,3}P(?=.{4,})")
_WORD_YES = frozenset({"是", "y", "yes", "true", "1", "赠品"})


def numbers_in(cell: object, *, digits: int = 0) -> list[str]:
    """Return the numbers in a cell: none, one, or several joined by commas.

    Raises:
        UnusableCell: a spreadsheet has rounded it, or it is none at all.
    """
    if isinstance(cell, Formula):
        raise UnusableCell("formula", _FORMULA)
    if _BROKEN.fullmatch(str(cell).strip()):
        raise UnusableCell("damaged", f"“{str(cell).strip()[:SHOWN]}”是出错的公式")
    found = []
    for part in _JOINED.split(_bare(cell)) if isinstance(cell, str) else [cell]:
        try:
            number = identifier_of(part).strip("`'\t ").removeprefix("#")
        except DamagedBySpreadsheet:
            raise UnusableCell("damaged", _damaged(cell)) from None
        if number.casefold() in _NOTHING or number == "0":
            continue
        tail = number[EXACT_DIGITS:]
        if number.isdigit() and len(tail) >= ROUNDED and not tail.strip("0"):
            raise UnusableCell("damaged", _damaged(cell))
        if len(number) > LONGEST_NUMBER or not number.isprintable():
            raise UnusableCell("no_number", "不是单号：过长，或含有看不见的字符")
        found.append(number.zfill(digits) if number.isdigit() else number)
    if len(found) > MOST_NUMBERS:
        raise UnusableCell("no_number", f"一格里有 {len(found)} 个单号")
    return list(dict.fromkeys(found))


def _bare(cell: str) -> str:
    """Return a cell without what keeps a spreadsheet's hands off it."""
    text = cell.strip(" \t\r\n`\u00a0\u3000\ufeff")
    return text[2:-1] if text.startswith('="') and text.endswith('"') else text


def without_platform(number: str) -> str:
    """Return a shop's number without what Alipay puts before those of shop platforms (``T200P``)."""
    return _PLATFORM.sub("", number, count=1)


def _damaged(cell: object) -> str:
    return f"“{str(cell)[:SHOWN]}”已被表格软件改成科学计数或舍入，请把该列设为文本后重新导出"


def tokens_in(cell: object) -> list[str]:
    """Return what in a note has the shape of a number of ours; whether it is one is for whoever can check it."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text_of(cell))) if isinstance(cell, str) else []


def money_in(cell: object) -> int | None:
    """Return an amount in fen, None where there is none; it may be negative.

    Raises:
        UnusableCell: it says something, and that is no amount.
    """
    if isinstance(cell, Formula):
        raise UnusableCell("formula", _FORMULA)
    if isinstance(cell, float) and abs(cell - round(cell, 2)) < TOO_LITTLE:  # a sum that a spreadsheet made
        cell = round(cell, 2)
    shown = text_of(cell)
    text = _CURRENCY.sub("", unicodedata.normalize("NFKC", _bare(shown)).translate(_MONEY_NOISE))
    if text.casefold() in _NOTHING:
        return None
    try:
        fen = Decimal(text) * _FEN if re.fullmatch(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,8})?", text) else None
    except InvalidOperation:  # pragma: no cover - the form above is always a number
        fen = None
    if fen is None or fen != fen.to_integral_value() or abs(fen) > MAX_FEN:
        raise UnusableCell("not_money", f"“{shown[:SHOWN]}”不是金额")
    return int(fen)


def whole_in(cell: object) -> int | None:
    """Return a number of pieces, None where there is none.

    Raises:
        UnusableCell: it says something, and that is no whole number.
    """
    if isinstance(cell, Formula):
        raise UnusableCell("formula", _FORMULA)
    shown = text_of(cell)
    text = unicodedata.normalize("NFKC", _bare(shown)).replace(",", "")
    if text.casefold() in _NOTHING:
        return None
    found = re.fullmatch(r"([0-9]{1,9})(?:\.0*)?", text)
    if found is None:
        raise UnusableCell("not_whole", f"“{shown[:SHOWN]}”不是整数")
    return int(found[1])


def moment_in(cell: object) -> datetime | None:
    """Return a time, naive where it is on somebody's wall clock; a day alone tells too little, and is none.

    Raises:
        UnusableCell: it says something else.
    """
    if isinstance(cell, str):
        cell = _bare(cell)
        if _DAY.fullmatch(cell):
            return None
    try:
        at = time_in(cell)
    except UnusableCell as error:
        if error.code == "no_clock":
            return None
        raise
    if at is not None and at.year > LAST_YEAR:
        raise UnusableCell("not_a_time", f"“{str(cell)[:SHOWN]}”不是一个可能的时间")
    return at


def word_in(cell: object) -> str:
    """Return a word on one line, without what keeps a spreadsheet's hands off it, and what no screen should obey."""
    return harmless_text(_bare(text_of(cell)))[:40]


def sku_in(cell: object) -> str:
    """Return a SKU as it is written, but for what nobody sees."""
    return "".join(one for one in _bare(text_of(cell)) if one.isprintable())[:LONGEST_NUMBER]


def says_yes(cell: object) -> bool:
    """Tell whether a cell marks its row: 是, or a way in which it is given."""
    word = as_name(word_in(cell))
    return word in _WORD_YES or (word not in _NOTHING and word not in {"否", "n", "no", "false", "0", "非赠品"})


def kind_in(cell: object, kinds: Mapping[str, str]) -> str | None:
    """Return what a word in the column of the kind means, None where nobody has told us."""
    return kinds.get(as_name(word_in(cell)))


def state_in(cell: object, own: Mapping[str, str]) -> str:
    """Return how an order stands there, ``unclear`` for a word that nobody has told us the meaning of."""
    word = as_name(word_in(cell))
    lines = state_lines()
    if not word or word in own:
        return own.get(word, "live")
    for state, whole, _ in lines:
        if word in whole:
            return state
    return next((state for state, _, parts in lines if any(part in word for part in parts)), "unclear")
