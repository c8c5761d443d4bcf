"""Checks raw lines one by one: what an upload says of an order, or what is wrong with a line that says it badly."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

from app.domain.csv_cell import EXACT_DIGITS, DamagedBySpreadsheet, identifier_of, undefuse, without_controls
from app.domain.problems import FieldError, InvalidResults

Result = Literal["imported", "duplicate", "failed"]

RESULTS: dict[str, Result] = {
    **dict.fromkeys(("成功", "导入成功", "已导入", "ok", "success", "succeeded", "imported"), "imported"),
    **dict.fromkeys(("重复", "重复订单", "已存在", "exists", "duplicate", "duplicated"), "duplicate"),
    **dict.fromkeys(("失败", "导入失败", "错误", "error", "fail", "failed"), "failed"),
}

MAX_NUMBER = 64
MAX_REASON = 500
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # half a character, which JSON may hold and no database


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be taken: ``row`` as Excel counts it, a stable code, a Chinese hint."""

    row: int
    column: str
    code: str
    hint: str


@dataclass(frozen=True, slots=True)
class ResultLine:
    """What the main system said of one order."""

    row: int
    number: str
    result: Result
    main_order_number: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A read upload; ``rest_imported`` says that every order it does not name came home."""

    lines: tuple[ResultLine, ...]
    bad: tuple[BadLine, ...]
    sha256: str
    rest_imported: bool = False


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

    def checked(self) -> ResultLine | BadLine:
        """Return the line, or what is wrong with it."""
        try:
            number = _identifier(self.number, "应急单号", at_least=1).upper()
            main = _identifier(self.main_order_number, "主系统单号")
            return ResultLine(self.row, number, _result(self.result), main or None, _reason(self.reason))
        except _Bad as bad:
            return BadLine(self.row, bad.column, bad.code, bad.hint)


@dataclass(frozen=True, slots=True)
class RawResults:
    """An upload as raw lines, and those in which not even a line was found; ``root`` begins an error's pointer."""

    lines: tuple[RawLine | BadLine, ...]
    sha256: str
    rest_imported: bool = False
    root: Literal["rows", "results"] = "rows"
    unread: tuple[str, ...] = ()
    """Sentences that name what was not read, such as a hidden sheet."""
    unused_columns: tuple[str, ...] = ()
    """Headings of the columns that were not used."""


def check_results(raw: RawResults) -> ResultFile:
    """Check lines one by one: a bad one never stops the others, and is returned beside them.

    Raises:
        InvalidResults: no line can be taken; or one is bad while all that is not named would count as imported.
    """
    checked = [line.checked() if isinstance(line, RawLine) else line for line in raw.lines]
    lines = [line for line in checked if isinstance(line, ResultLine)]
    rounded = _rounded(lines)
    bad = [line for line in checked if isinstance(line, BadLine)]
    bad.extend(BadLine(line.row, "主系统单号", "damaged_by_spreadsheet", _DAMAGED) for line in rounded)
    bad.sort(key=lambda one: one.row)
    lines = [line for line in lines if line not in rounded]
    if bad and not lines:
        raise refused("导入结果没有一行可用。", bad, root=raw.root)
    if bad and raw.rest_imported:
        raise refused("有些行无法识别，不能把其余订单都视为成功。", bad, root=raw.root)
    return ResultFile(tuple(lines), tuple(bad), raw.sha256, rest_imported=raw.rest_imported)


def refused(sentence: str, bad: Sequence[BadLine] = (), *, root: str = "rows") -> InvalidResults:
    """Return the refusal of an upload as a whole, naming its bad lines."""
    errors = [FieldError(f"/{root}/{one.row}/{one.column}", one.code, one.hint) for one in bad]
    return InvalidResults(sentence, errors=errors)


_DAMAGED = "号码已被表格软件改成科学计数或舍入，请把该列设为文本后从主系统重新导出"


def _identifier(cell: object, column: str, *, at_least: int = 0) -> str:
    if isinstance(cell, date | time | bool):
        raise _Bad(column, "not_text", f"{column}被识别成了日期或逻辑值，请把该列设为文本")
    try:
        text = identifier_of(cell)
    except DamagedBySpreadsheet:
        raise _Bad(column, "damaged_by_spreadsheet", _DAMAGED) from None
    if len(text) < at_least:
        raise _Bad(column, "missing_number", f"{column}为空")
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


def _result(cell: object) -> Result:
    word = undefuse("" if cell is None else str(cell)).strip().casefold()
    if not word:
        raise _Bad("结果", "missing_result", "结果为空，本行未处理")
    try:
        return RESULTS[word]
    except KeyError:
        raise _Bad("结果", "unknown_result", "结果只能是 成功、重复、失败 之一") from None


def _rounded(lines: Sequence[ResultLine]) -> set[ResultLine]:
    """Return lines whose main number looks rounded: one may really end in zeros, several that all do were damaged."""

    def suspicious(line: ResultLine) -> bool:
        text = line.main_order_number or ""
        return len(text) > EXACT_DIGITS and text.isdigit() and not text[EXACT_DIGITS:].strip("0")

    found = {line for line in lines if suspicious(line)}
    return found if len(Counter(line.number for line in found)) > 1 else set()
