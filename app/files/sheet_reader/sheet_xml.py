"""Reads the cells of one sheet of a workbook, with what they show and not with how they look."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO

from app.files.sheet_reader.sheet import Formula, Limits, UnreadableSheet, is_blank
from app.files.sheet_reader.xml_parts import BrokenPart, Enough, stream

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_SMALL_NUMBER = re.compile(r"[0-9]{1,9}")
_INTEGER = re.compile(r"-?[0-9]{1,400}")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FIRST_DAY, _FIRST_DAY_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a cell has no zone
_LARGEST = 1e308
_DAYS = 2_958_466
"""The serial number of the day after 31 December 9999."""


@dataclass(frozen=True, slots=True)
class Book:
    """What the cells of a sheet refer to; ``never_calculated`` marks a workbook whose formulas no program has run."""

    strings: tuple[str, ...] = ()
    date_styles: frozenset[int] = frozenset()
    since_1904: bool = False
    never_calculated: bool = False


@dataclass(slots=True)
class _Cell:
    column: int
    kind: str
    style: str
    value: list[str] | None = None
    inline: list[str] | None = None
    formula: list[str] | None = None


@dataclass(slots=True)
class SheetCells:
    """Takes the events of a sheet, and keeps rows that hold anything: their numbers, their cells."""

    book: Book
    limits: Limits
    name: str = ""
    numbers: list[int] = field(default_factory=list)
    rows: list[list[object]] = field(default_factory=list)
    _row: list[object] = field(default_factory=list)
    _number: int = 0
    _cell: _Cell | None = None
    _text: list[str] | None = None
    _phonetic: bool = False
    _merged: list[tuple[int, int, int]] = field(default_factory=list)
    stopped_at: int = 0
    """The row at which reading was given up, since very many before it were empty."""

    def read(self, part: IO[bytes], *, most: int) -> int:
        """Read all of a sheet; return the bytes of it.

        Raises:
            BrokenPart: it is no sheet.
            TooMuch: it is longer than ``most``.
            UnreadableSheet: a row has more columns than we take.
        """
        size = stream(part, most=most, start=self._start, end=self._end, text=self._take)
        if self.numbers != sorted(self.numbers):
            order = sorted(range(len(self.numbers)), key=self.numbers.__getitem__)
            self.numbers, self.rows = [self.numbers[i] for i in order], [self.rows[i] for i in order]
        self._fill_merged()
        return size

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._cell is not None:
            self._start_within(self._cell, name)
        elif name == "c":
            column = self._column_of(attributes.get("r"))
            self._cell = _Cell(column, attributes.get("t", "n"), attributes.get("s", "0"))
        elif name == "row":
            self._number = _whole(attributes.get("r"), self._number + 1)
            self._row = []
        elif name == "mergeCell":
            self._note_merged(attributes.get("ref", ""))

    def _start_within(self, cell: _Cell, name: str) -> None:
        if name == "v":
            self._text = cell.value = []
        elif name == "f":
            self._text = cell.formula = []
        elif name == "rPh":  # how a word is read aloud
            self._phonetic = True
        elif name == "t" and not self._phonetic:
            cell.inline = cell.inline if cell.inline is not None else []
            self._text = cell.inline

    def _take(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if name in ("v", "f", "t"):
            self._text = None
        elif name == "rPh":
            self._phonetic = False
        elif name == "c" and self._cell is not None:
            self._keep(self._cell)
            self._cell = None
        elif name == "row":
            self._end_row()

    def _keep(self, cell: _Cell) -> None:
        value = self._shown(cell)
        if is_blank(value):
            self._row.extend([None] * (min(cell.column, self.limits.columns) + 1 - len(self._row)))
            return
        if cell.column >= self.limits.columns:
            where = f"工作表“{self.name}”" if self.name else ""
            raise UnreadableSheet(f"{where}第 {self._number} 行超过 {self.limits.columns} 列。")
        self._row.extend([None] * (cell.column + 1 - len(self._row)))
        self._row[cell.column] = value

    def _end_row(self) -> None:
        if any(cell is not None for cell in self._row):
            self.numbers.append(self._number)
            self.rows.append(self._row)
            if len(self.rows) > self.limits.rows + 1:
                raise UnreadableSheet(f"最多 {self.limits.rows} 行，请分成几个文件上传。")
        elif self._number - (self.numbers[-1] if self.numbers else 0) > self.limits.empty_rows:
            self.stopped_at = self._number
            raise Enough
        self._row = []

    def _column_of(self, reference: str | None) -> int:
        if reference is None:
            return len(self._row)
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise BrokenPart(reference[:20])
        return _column(found[1])

    def _shown(self, cell: _Cell) -> object:
        """Return what a cell shows: text, a number, a truth, a date; a formula where no value of it was kept."""
        if cell.kind == "inlineStr":
            return _unescaped("".join(cell.inline or []))
        raw = None if cell.value is None else "".join(cell.value)
        if cell.formula is not None and self._not_kept(cell.kind, raw):
            return Formula("".join(cell.formula))
        if raw is None:
            return None
        return _value(raw, cell.kind, self.book, is_date=_whole(cell.style, 0) in self.book.date_styles)

    def _not_kept(self, kind: str, raw: str | None) -> bool:
        if kind == "str":
            return raw is None
        return not raw or (self.book.never_calculated and raw == "0")

    def _note_merged(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        begin, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
        if begin and end and int(begin[2]) < int(end[2]):
            self._merged.append((_column(begin[1]), int(begin[2]), int(end[2])))

    def _fill_merged(self) -> None:
        """Put what a merged cell shows into each of its rows that hold anything."""
        for column, first, last in self._merged:
            top = bisect_left(self.numbers, first)
            if top == len(self.numbers) or self.numbers[top] != first or column >= len(self.rows[top]):
                continue
            shown = self.rows[top][column]
            for place in range(top + 1, bisect_left(self.numbers, last + 1)):
                row = self.rows[place]
                row.extend([None] * (column + 1 - len(row)))
                if is_blank(row[column]):
                    row[column] = shown


def read_strings(part: IO[bytes], *, most: int) -> tuple[list[str], int]:
    """Return the shared strings of a workbook, and the bytes they had.

    Raises:
        BrokenPart: they are no well-formed XML.
        TooMuch: they are longer than ``most``.
    """
    strings: list[str] = []
    pieces: list[str] = []
    inside = {"t": False, "rPh": False}

    def start(name: str, _: Mapping[str, str]) -> None:
        if name == "si":
            pieces.clear()
        elif name in inside:
            inside[name] = True

    def end(name: str) -> None:
        if name == "si":
            strings.append(_unescaped("".join(pieces)))
        elif name in inside:
            inside[name] = False

    def text(piece: str) -> None:
        if inside["t"] and not inside["rPh"]:
            pieces.append(piece)

    size = stream(part, most=most, start=start, end=end, text=text)
    return strings, size


def _value(raw: str, kind: str, book: Book, *, is_date: bool) -> object:
    match kind:
        case "s":
            index = _whole(raw.strip(), -1)
            if not 0 <= index < len(book.strings):
                raise BrokenPart(f"string {raw[:20]}")
            return book.strings[index]
        case "b":
            return raw.strip() in ("1", "true")
        case "d":
            try:
                return datetime.fromisoformat(raw.strip())
            except ValueError:
                return raw
        case "n":
            return _number(raw.strip(), book, is_date=is_date)
        case _:  # str, e: a formula's text, and an error such as #N/A
            return _unescaped(raw)


def _number(raw: str, book: Book, *, is_date: bool) -> object:
    number: int | float
    if _INTEGER.fullmatch(raw):
        number = int(raw)
    else:
        try:
            number = float(raw)
        except ValueError:
            return raw
    if not -_LARGEST < number < _LARGEST:
        return raw
    if not is_date or not 0 <= number < _DAYS:
        return number
    if number < 1:
        return (_FIRST_DAY + timedelta(days=number)).time()
    try:
        moment = (_FIRST_DAY_1904 if book.since_1904 else _FIRST_DAY) + timedelta(days=number)
    except OverflowError:  # counted from 1904, the last years lie beyond the calendar
        return number
    return moment.replace(microsecond=0)


def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and _SMALL_NUMBER.fullmatch(text) else otherwise


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
