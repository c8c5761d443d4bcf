"""Finds the results in an upload: where its tables begin, which columns count, which sheets are lists of errors."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from app.domain.problems import Malformed, TooLarge
from app.files.sheet_reader import STANDARD, Limits, Row, Sheet, UnreadableSheet, read_workbook
from app.handback.found_results import Field, FoundResults
from app.handback.headings import Headings, as_name

HEADER_WITHIN = 20
"""Rows in which a header is looked for: above it there are titles, and who made the file when."""

LONGEST_CELL = 1000
"""Characters of a cell of a table; the longest that we keep, a reason, has 500."""

MOST_OF_A_LIST = 5_000_000
"""Characters of all lists of errors; a batch of 50,000 rows has no more."""

_FIELDS: tuple[Field, ...] = get_args(Field)
_BLANKS = " \t\r\n\u00a0\u3000\u200b\ufeff"
_WRAPPED = re.compile(r'="((?:[^"]|"")*)"')
_DIGIT = re.compile(r"[0-9\uff10-\uff19]")
_ABOUT_ROWS = re.compile(r"行|\brow\b|失败|成功|错误|重复|已存在|不存在|未导入|回滚|error|fail|success", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """How an upload is to be read."""

    headings: Headings
    content_type: str = ""
    limits: Limits = STANDARD


def find_results(data: bytes, asked: Asked) -> FoundResults:
    """Find the results in an upload; the content decides what it is.

    Raises:
        Malformed: it is called JSON and is none.
        TooLarge: it has more bytes than we read.
        UnreadableSheet: it cannot be read as a whole, or nothing in it can be results; the sentence says why.
    """
    if len(data) > asked.limits.bytes:
        raise TooLarge(f"文件超过 {asked.limits.bytes // 1024 // 1024} MB。")
    body = _json_of(data, asked.content_type)
    if body is not None:
        return FoundResults((Sheet("", tuple(_json_rows(body, asked.limits))),), is_json=True)
    workbook = read_workbook(data, asked.limits)
    found = _Finder(asked.headings).find(workbook.sheets)
    if sum(len(sheet.rows) for sheet in (*found.tables, *found.lists)) > asked.limits.rows + HEADER_WITHIN:
        raise UnreadableSheet(f"最多 {asked.limits.rows} 行（所有工作表合计），请分成几个文件上传。")
    return replace(found, unread=(*workbook.unread, *found.unread))


def _json_of(data: bytes, content_type: str) -> object:
    """Return what an upload says as JSON; None if it is none, and is not called so.

    A bracket may also begin a line of a log: ``[2026-11-22 10:35:01] 第 2 行 …``.
    """
    beginning = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    called_json = "json" in content_type.casefold() or beginning[:1] == b"{"
    if beginning.startswith(b"{\\rtf") or not (called_json or beginning[:1] == b"["):
        return None
    try:
        body = json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise Malformed from None
    except ValueError:
        if called_json:
            raise Malformed from None
        return None
    return [] if body is None else body


def _json_rows(body: object, limits: Limits) -> Iterator[Row]:
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise UnreadableSheet('JSON 须形如 {"results": [{"order_number": …, "result": …}]}。')
    if len(results) > limits.rows:
        raise UnreadableSheet(f"最多 {limits.rows} 条，请分几次上传。")
    for index, one in enumerate(results):
        cells = (one.get(name) for name in ("order_number", *_FIELDS[1:]))
        yield Row(index, tuple(map(_as_written, cells)))


def _as_written(value: object) -> object:
    """Return a value of JSON as a cell; a whole number of a program is exact, whatever its length."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_whole or isinstance(value, dict | list) else value


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the columns stand, in the order of the fields; ``heading`` is that of our number."""

    columns: Mapping[Field, int]
    heading: str
    unused: tuple[str, ...]


class _Finder:
    """Goes through the sheets of one file."""

    def __init__(self, headings: Headings) -> None:
        self._headings = headings
        self._unread: list[str] = [headings.trouble] if headings.trouble else []
        self._unused: dict[str, None] = {}
        self._tables: list[Sheet] = []
        self._lists: list[Sheet] = []
        self._unclear: list[str] = []
        self._sentence = ""

    def find(self, sheets: Sequence[Sheet]) -> FoundResults:
        for sheet in sheets:
            if sheet.hidden:
                self._unread.append(f"工作表“{sheet.name}”是隐藏的，没有读取")
        visible = [sheet for sheet in sheets if not sheet.hidden and sheet.rows]
        if not visible:
            if hidden := "、".join(sheet.name for sheet in sheets if sheet.hidden):
                raise UnreadableSheet(f"只有隐藏的工作表（{hidden}），请取消隐藏后上传。")
            return FoundResults(unread=tuple(self._unread))
        for sheet in visible:
            self._look_at(sheet, alone=len(visible) == 1)
        if not self._tables and not self._lists:
            raise UnreadableSheet(self._sentence or f"没有一个工作表含有结果：{'；'.join(self._unread)}。")
        if sum(len(row.text) for sheet in self._lists for row in sheet.rows) > MOST_OF_A_LIST:
            raise UnreadableSheet("错误清单过长，请只保留错误信息，或分成几个文件上传。")
        return FoundResults(
            tuple(self._tables),
            tuple(self._lists),
            tuple(self._unread),
            tuple(self._unused),
            unclear=tuple(self._unclear),
        )

    def _look_at(self, sheet: Sheet, *, alone: bool) -> None:
        try:
            found = self._header(sheet.rows[:HEADER_WITHIN])
        except UnreadableSheet as error:
            if alone:
                raise
            self._sentence = self._sentence or f"工作表“{sheet.name}”：{error.sentence}"
            self._pass_over(sheet, f"工作表“{sheet.name}”没有读取：{error.sentence.rstrip('。')}")
            return
        if found is not None:
            place, places = found
            rows = tuple(_lines_of(sheet.rows[place + 1 :], places))
            self._tables.append(Sheet(sheet.name, rows))
            self._unused.update(dict.fromkeys(places.unused))
        elif alone or any(_ABOUT_ROWS.search(row.text) for row in sheet.rows):
            self._lists.append(sheet)
        else:
            self._pass_over(sheet, f"工作表“{sheet.name}”既没有表头也没有错误信息，没有读取")

    def _pass_over(self, sheet: Sheet, sentence: str) -> None:
        self._unread.append(sentence)
        if any(_DIGIT.search(row.text) for row in sheet.rows):
            self._unclear.append(sentence)

    def _header(self, rows: Sequence[Row]) -> tuple[int, _Places] | None:
        """Return which row is the header, and what it says; None if there is none.

        Raises:
            UnreadableSheet: a column is there twice, or the results are missing.
        """
        without_result = False
        for place, row in enumerate(rows):
            places = self._places(row)
            if places is None:
                continue
            if "result" in places.columns:
                return place, places
            without_result = True
        if without_result:
            raise UnreadableSheet("表头缺少“结果”列（成功、重复、失败）。")
        return None

    def _places(self, row: Row) -> _Places | None:
        names = [as_name(cell) if isinstance(cell, str) else "" for cell in row.cells]
        known = set(names)
        ours = next((alias for alias in self._headings.names["number"] if alias in known), None)
        if ours is None:
            return None
        columns: dict[Field, int] = {"number": names.index(ours)}
        for field in _FIELDS[1:]:
            beside = self._headings.beside.get(ours, ()) if field == "main_order_number" else ()
            aliases = (*self._headings.names[field], *beside)
            chosen = next((a for a in aliases if a in known and names.index(a) not in columns.values()), None)
            if chosen is not None:
                columns[field] = names.index(chosen)
        if "result" in columns:
            for column in columns.values():
                if names.count(names[column]) > 1:
                    raise UnreadableSheet(f"表头有两列都叫“{_shown(row.cells[column])}”，请只保留一列。")
        unused = tuple(_shown(cell) for i, cell in enumerate(row.cells) if names[i] and i not in columns.values())
        return _Places(columns, ours, unused)


def _shown(cell: object) -> str:
    return str(_clean(cell) or "")[:100]


def _lines_of(rows: Sequence[Row], places: _Places) -> Iterator[Row]:
    """Yield rows of our four cells; a row without a number belongs to the order above, if it says anything at all."""
    above, last = None, 0
    for row in rows:
        number, *said = (_clean(_cell(row, places.columns.get(field))) for field in _FIELDS)
        if as_name(number) == places.heading:  # a header again, at the top of a printed page
            continue
        if row.number != last + 1:  # a gap: whatever stands below it is another paragraph
            above = None
        last = row.number
        if number is not None:
            above = number
        elif any(cell is not None for cell in said):
            number = above
        else:
            continue
        yield Row(row.number, (number, *said), row.sheet)


def _cell(row: Row, column: int | None) -> object:
    return row.cells[column] if column is not None and column < len(row.cells) else None


def _clean(cell: object) -> object:
    """Return a cell without what keeps digits alive in a spreadsheet (blanks, a TAB, ``="…"``); None if it is blank."""
    if not isinstance(cell, str):
        return cell
    text = cell.strip(_BLANKS)
    if found := _WRAPPED.fullmatch(text):
        text = found[1].replace('""', '"').strip(_BLANKS)
    return text[:LONGEST_CELL] or None
