"""Compares a sheet that has been through other hands with the one that was written, cell by cell.

Rows are found by their order number and, among the items of an order, by what most of their cells say, so that a
sorted sheet is the same sheet. What only protects a cell (an apostrophe before a formula, quotes) is no difference.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import islice

from app.domain.csv_cell import EXACT_DIGITS, DamagedBySpreadsheet, identifier_of, undefuse
from app.files.sheet_reader import Row

_HEADER_WITHIN = 30
"""Rows in which a header is looked for: people put titles above it."""

_PAIRS = 10_000
"""Rows of one order that are compared each with each; beyond, they are taken in their order."""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs in one cell; ``column`` is empty for a whole row, and ``row`` is then that of where it stands.

    A row that is missing has the row number it was written at, and ``found`` is empty; for one that was added or
    doubled ``written`` is.
    """

    row: int
    column: str
    written: str
    found: str


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """A sheet as it was written: where its order number stands, and which columns hold numbers rather than text."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    number_at: int
    numeric: Collection[int] = ()


def compare_sheets(written: WrittenSheet, found: Sequence[Row]) -> list[Change]:
    """Return what differs, in the order of the rows."""
    comparison = _Comparison(written)
    comparison.read_header(found)
    comparison.compare_rows()
    return sorted(comparison.changes, key=lambda change: change.row)


def number_in(cell: object) -> str:
    """Return an order number as spreadsheets leave it; the cell's text where it is damaged."""
    try:
        return identifier_of(cell)
    except DamagedBySpreadsheet:
        return text_of(cell)


def text_of(cell: object) -> str:
    """Return what a person reads in a cell."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**EXACT_DIGITS:
        return str(int(cell))
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


_Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A row under the headings of the written sheet; a column that has gone is None."""

    row: int
    number: str
    cells: tuple[str | None, ...]

    @property
    def told(self) -> str:
        """What tells a person which row is meant."""
        return self.number or " ".join(cell for cell in self.cells if cell)[:100]


class _Comparison:
    def __init__(self, written: WrittenSheet) -> None:
        self.changes: list[Change] = []
        self._sheet = written
        self._lines: list[_Line] = []

    def read_header(self, found: Sequence[Row]) -> None:
        """Find the headings, and read what stands below them as the columns of the written sheet."""
        ours = list(self._sheet.headings)
        at, names = self._header_of(found)
        for row in found[:at]:
            self._add(row.number, "", "", row.text)
        if not names:
            self._add(1, "", "、".join(ours), "")
            places: list[int | None] = list(range(len(ours)))
        else:
            places = self._places(found[at].number, names)
            at += 1
        for row in found[at:]:
            texts = [text_of(cell) for cell in row.cells]
            cells = tuple(_at(texts, place) for place in places)
            number_at = places[self._sheet.number_at]
            number = number_in(row.cells[number_at]) if number_at is not None and number_at < len(row.cells) else ""
            self._lines.append(_Line(row.number, number, cells))
            for place, text in enumerate(texts):
                if text and place not in places:
                    self._add(row.number, names[place] if place < len(names) else f"第 {place + 1} 列", "", text)

    def _header_of(self, found: Sequence[Row]) -> tuple[int, list[str]]:
        ours = set(self._sheet.headings)
        for at, row in enumerate(found[:_HEADER_WITHIN]):
            names = [text_of(cell).strip() for cell in row.cells]
            if 2 * len(ours & set(names)) >= len(ours):
                return at, names
        return 0, []

    def _places(self, row: int, names: list[str]) -> list[int | None]:
        """Return where each column stands now; one that has another name in its old place was renamed."""
        ours = self._sheet.headings
        places: list[int | None] = []
        for place, heading in enumerate(ours):
            if heading in names:
                places.append(names.index(heading))
                continue
            there = _at(names, place) or ""
            renamed = bool(there) and there not in ours
            places.append(place if renamed else None)
            self._add(row, heading, heading, there if renamed else "")
        for place, name in enumerate(names):
            if name and place not in places:
                self._add(row, name, "", name)
        return places

    def compare_rows(self) -> None:
        """Pair the rows: those of one order first, then what is left by all that is not its number."""
        written: dict[str, list[_Line]] = defaultdict(list)
        for row, cells in enumerate(self._sheet.rows, start=2):
            number = cells[self._sheet.number_at]
            written[number].append(_Line(row, number, tuple(cells)))
        found: dict[str, list[_Line]] = defaultdict(list)
        for line in self._lines:
            found[line.number].append(line)
        missing, more = list[_Line](), list[_Line]()
        for number in {**written, **found}:
            left, added = self._pair(written.get(number, []), found.get(number, []))
            missing += left
            more += added
        strangers = [line for line in more if line.number not in written]
        missing, strangers = self._pair(missing, strangers)
        for line in missing:
            self._add(line.row, "", line.told, "")
        for line in strangers + [line for line in more if line.number in written]:
            self._add(line.row, "", "", line.told)

    def _pair(self, written: list[_Line], found: list[_Line]) -> tuple[list[_Line], list[_Line]]:
        """Compare the rows that belong together; return those of both sides that have no counterpart."""
        left, more = {line.row: line for line in written}, found
        for keyed in (_all_cells, self._all_but_number):  # most of a sheet is untouched and needs no closer look
            left, more = self._pair_by(keyed, left, more)
        unpaired: list[_Line] = []
        closely = len(left) * len(more) <= _PAIRS
        for line in more:
            candidates = list(left.values()) if closely else list(islice(left.values(), 1))
            nearest = max(candidates, key=partial(self._alike, line), default=None)
            if nearest is None or 2 * self._alike(line, nearest) < len(self._sheet.headings):
                unpaired.append(line)
            else:
                self._compare(left.pop(nearest.row), line)
        return list(left.values()), unpaired

    def _pair_by(
        self, keyed: Callable[[_Line], _Key], written: dict[int, _Line], found: list[_Line]
    ) -> tuple[dict[int, _Line], list[_Line]]:
        by_key: dict[_Key, deque[_Line]] = defaultdict(deque)
        for line in written.values():
            by_key[keyed(line)].append(line)
        more: list[_Line] = []
        for line in found:
            if same := by_key.get(keyed(line)):
                self._compare(written.pop(same.popleft().row), line)
            else:
                more.append(line)
        return written, more

    def _all_but_number(self, line: _Line) -> _Key:
        at = self._sheet.number_at
        return _all_cells(line)[:at] + _all_cells(line)[at + 1 :]

    def _alike(self, found: _Line, written: _Line) -> int:
        pairs = enumerate(zip(written.cells, found.cells, strict=True))
        return sum(ours == theirs or self._same(place, ours, theirs) for place, (ours, theirs) in pairs)

    def _compare(self, written: _Line, found: _Line) -> None:
        for place, (ours, theirs) in enumerate(zip(written.cells, found.cells, strict=True)):
            if ours != theirs and not self._same(place, ours, theirs):
                self._add(found.row, self._sheet.headings[place], undefuse(ours or ""), theirs or "")

    def _same(self, place: int, written: str | None, found: str | None) -> bool:
        if found is None or written is None:
            return True  # the whole column has gone, which its heading tells
        if found in (written, undefuse(written)):
            return True
        if place in self._sheet.numeric and written and found:
            with suppress(InvalidOperation):
                return Decimal(written) == Decimal(found)
        return False

    def _add(self, row: int, column: str, written: str, found: str) -> None:
        self.changes.append(Change(row, column, written, found))


def _all_cells(line: _Line) -> _Key:
    return tuple(cell if cell is None else undefuse(cell) for cell in line.cells)


def _at(texts: Sequence[str], place: int | None) -> str | None:
    if place is None:
        return None
    return texts[place] if place < len(texts) else ""
