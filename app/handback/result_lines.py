"""Lines of an upload, raw and checked: what one says of an order, or what is wrong with one that says it badly."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

from app.domain.csv_cell import DamagedBySpreadsheet, identifier_of, undefuse, without_controls
from app.domain.problems import FieldError, InvalidResults
from app.handback.main_numbers import numbers_in
from app.handback.result_words import ResultWords, Said, shipped_words
from app.handback.stated_counts import StatedCounts

Result = Literal["imported", "duplicate", "failed"]

MAX_NUMBER = 64
MAX_REASON = 500
MAX_SHOWN = 200
"""Characters of a line that is shown again."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # half a character, which JSON may hold and no database


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be taken: ``row`` as Excel counts it, a stable code, a Chinese hint."""

    row: int
    column: str
    code: str
    hint: str
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class IgnoredLine:
    """A line that is understood and says nothing of an order's result: a title, a warning."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class CountingLine:
    """A line that counts: 导入成功 2 条，失败 0 条."""

    row: int
    text: str
    counts: StatedCounts


@dataclass(frozen=True, slots=True)
class NothingImported:
    """A line that says that the whole import was taken back: 已全部回滚."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class ResultWarning:
    """Something about what was taken that a person should see; ``order_number`` is empty where it is of the upload."""

    row: int
    order_number: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResultLine:
    """What the main system said of one order."""

    row: int
    number: str
    result: Result
    main_order_number: str | None = None
    reason: str | None = None
    further: tuple[str, ...] = ()
    """Its other numbers in the main system, which has split it."""
    sheet: str = ""

    @property
    def mains(self) -> tuple[str, ...]:
        """All its numbers in the main system."""
        return (self.main_order_number, *self.further) if self.main_order_number else ()


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A read upload; ``rest_imported`` says that every order it does not name came home."""

    lines: tuple[ResultLine, ...]
    bad: tuple[BadLine, ...]
    sha256: str
    rest_imported: bool = False
    ignored: tuple[IgnoredLine, ...] = ()
    warnings: tuple[ResultWarning, ...] = ()
    counts: StatedCounts | None = None
    named_rows: int = 0
    """How many rows of the batch's file a list of row errors calls failed; 0 for every other upload."""

    unread: tuple[str, ...] = ()
    unused_columns: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()


class _Bad(ValueError):
    def __init__(self, column: str, code: str, hint: str) -> None:
        super().__init__(code)
        self.column, self.code, self.hint = column, code, hint


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line before its check: cells as the file has them, strings, numbers, dates or nothing."""

    row: int
    number: object
    result: object
    main_order_number: object = None
    reason: object = None
    of_rows: tuple[int, ...] = ()
    """The rows of the batch's file that a list of row errors means."""
    sheet: str = ""
    """The sheet it stands in; none where a file has no sheets."""

    def checked(self, words: ResultWords | None = None, *, exact: bool = False) -> ResultLine | BadLine:
        """Return the line, or what is wrong with it; ``exact`` tells that no spreadsheet has had its strings."""
        try:
            number = _identifier(self.number, "应急单号", at_least=1).upper()
            mains = _mains(self.main_order_number, exact=exact)
            reason = _reason(self.reason)
            said, rest = _said(self.result, words or shipped_words())
            result = _meant(said, reason or rest, words or shipped_words())
            first, further = (mains[0] if mains else None), tuple(mains[1:])
            return ResultLine(self.row, number, result, first, reason or rest or None, further, self.sheet)
        except _Bad as bad:
            return BadLine(self.row, bad.column, bad.code, bad.hint, self.sheet)


ReadLine = RawLine | BadLine | IgnoredLine | CountingLine | NothingImported
"""What reading makes of one line of an upload."""


@dataclass(frozen=True, slots=True)
class RawResults:
    """An upload as raw lines, and those in which not even a line was found; ``root`` begins an error's pointer."""

    lines: tuple[ReadLine, ...]
    sha256: str
    rest_imported: bool = False
    sheets: tuple[str, ...] = ()
    """The names of the sheets that were read; none for what has no sheets."""

    root: Literal["rows", "results"] = "rows"
    unread: tuple[str, ...] = ()
    """Sentences on what of the file was not read: a hidden sheet, say."""

    unused_columns: tuple[str, ...] = ()


def refused(sentence: str, bad: Sequence[BadLine] = (), *, root: str = "rows") -> InvalidResults:
    """Return the refusal of an upload as a whole, naming its bad lines."""
    errors = [FieldError(f"/{root}/{one.row}/{one.column}", one.code, one.hint) for one in bad]
    return InvalidResults(sentence, errors=errors)


DAMAGED = "号码已被表格软件改成科学计数或舍入，请把该列设为文本后从主系统重新导出"


def _identifier(cell: object, column: str, *, at_least: int = 0) -> str:
    if isinstance(cell, date | time | bool):
        raise _Bad(column, "not_text", f"{column}被识别成了日期或逻辑值，请把该列设为文本")
    try:
        text = identifier_of(cell)
    except DamagedBySpreadsheet:
        raise _Bad(column, "damaged_by_spreadsheet", DAMAGED) from None
    if len(text) < at_least:
        raise _Bad(column, "missing_number", f"{column}为空")
    return _proper(text, column)


def _mains(cell: object, *, exact: bool) -> list[str]:
    if isinstance(cell, str) and cell.lstrip().startswith("=") and not cell.lstrip().startswith('="'):
        raise _Bad("主系统单号", "formula", "主系统单号是公式，请粘贴为数值")
    try:
        return [_proper(text, "主系统单号") for text in numbers_in(cell, exact=exact)]
    except DamagedBySpreadsheet:
        raise _Bad("主系统单号", "damaged_by_spreadsheet", DAMAGED) from None


def _proper(text: str, column: str) -> str:
    if len(text) > MAX_NUMBER:
        raise _Bad(column, "too_long", f"{column}最多 {MAX_NUMBER} 个字符")
    if text.startswith("="):
        raise _Bad(column, "formula", f"{column}是公式，请粘贴为数值")
    if _CONTROLS.search(text):
        raise _Bad(column, "control_character", f"{column}含有控制字符")
    return text


def _reason(cell: object) -> str | None:
    text = without_controls(undefuse("" if cell is None else str(cell))).strip()
    return text[:MAX_REASON] or None


def _said(cell: object, words: ResultWords) -> tuple[Said, str]:
    """Return the word of a result, and what else its cell says: 失败：缺货."""
    text = without_controls(undefuse("" if cell is None else str(cell))).strip()
    if not text:
        raise _Bad("结果", "missing_result", "结果为空，本行未处理")
    if opening := words.opening(text):
        return opening[0], text[:MAX_REASON] if opening[1] else ""
    raise _Bad("结果", "unknown_result", "结果只能是 成功、重复、失败 之一")


def _meant(said: Said, reason: str | None, words: ResultWords) -> Result:
    """Return the result a word means beside its reason; an order that is there already never goes there again."""
    if words.contradicts(said, reason):
        raise _Bad("原因", "contradicts_itself", "结果与原因一个说成功、一个说失败，请核实后改正这一行")
    match said:
        case "imported" | "duplicate":
            return said
        case "updated":
            return "duplicate"
        case "failed" | "skipped":
            there = words.of_reason(reason)
            if there == "there":
                return "duplicate"
            if there == "unclear":
                raise _Bad(
                    "原因",
                    "perhaps_there",
                    "原因提到重复或已存在，主系统里是否已有这笔订单无法判断，请核实后写 重复 或 失败",
                )
            if said == "skipped":
                raise _Bad("结果", "skipped", "“跳过”说不出主系统里是否已有这笔订单，请核实后写 成功、重复 或 失败")
            return "failed"
