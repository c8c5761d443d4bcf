"""A layout is data: headings, where each value comes from, what kind it is, and what an order must have.

The kind decides whether a cell is defused: free text from outside is, while our own numbers, validated phones,
amounts and times leave as they are, because an apostrophe before them would damage them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from app.domain.csv_cell import defuse, without_controls
from app.domain.money import yuan
from app.expressions import NothingFound
from app.files.layouts.export_order import ExportOrder, ExportRow
from app.files.layouts.values import Value

Rows = Callable[[ExportOrder], Iterator[list[str]]]


class Kind(StrEnum):
    """What a cell holds."""

    NUMBER = "number"  # our order number: results come back under it
    TEXT = "text"  # free text from outside, ids of other systems included
    WORD = "word"  # one of our own words
    COUNT = "count"
    MONEY = "money"  # fen
    TIME = "time"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    heading: str
    kind: Kind
    value: Callable[[ExportRow], Value]
    computed: bool = False
    """By an expression: what it gives is known only then, and it may fail."""

    @property
    def defused(self) -> bool:
        """Whether a format whose readers may execute a cell (CSV) needs it defused."""
        return self.computed or self.kind is Kind.TEXT

    def cell(self, zone: ZoneInfo) -> Callable[[ExportRow], str]:
        """Return what shows the value of a row as text, times in ``zone``."""
        value, money = self.value, self.kind is Kind.MONEY

        def plain(row: ExportRow) -> str:
            return _text_of(value(row), zone, money=money)

        def computed(row: ExportRow) -> str:
            try:
                return plain(row)
            except NothingFound:  # the check has told a person; what was released must not hold the batch up
                return ""

        return computed if self.computed else plain


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the importing program refuses an order without."""

    label: str
    met: Callable[[ExportRow], object]


@dataclass(frozen=True)
class Layout:
    """The file format of one importing program."""

    name: str
    title: str
    columns: tuple[Column, ...]
    requirements: tuple[Requirement, ...] = ()

    @cached_property
    def headings(self) -> list[str]:
        """The first row of a file."""
        return [column.heading for column in self.columns]

    @cached_property
    def number_at(self) -> int:
        """Which column holds our order number."""
        return next(i for i, column in enumerate(self.columns) if column.kind is Kind.NUMBER)

    @property
    def number_heading(self) -> str:
        """Under which heading results come back."""
        return self.headings[self.number_at]

    @cached_property
    def _to_defuse(self) -> tuple[int, ...]:
        return tuple(i for i, column in enumerate(self.columns) if column.defused)

    @cached_property
    def _computed(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.computed)

    def rows_in(self, zone: ZoneInfo) -> Rows:
        """Return what yields an order's rows as plain text, one per item."""
        cells = [column.cell(zone) for column in self.columns]

        def rows(export: ExportOrder) -> Iterator[list[str]]:
            for item in export.order.items:
                row = ExportRow(export, item)
                yield [cell(row) for cell in cells]

        return rows

    def defused(self, row: list[str]) -> list[str]:
        """Return a row of plain text as it may stand in a CSV file."""
        safe = row.copy()
        for i in self._to_defuse:
            safe[i] = defuse(row[i])
        return safe

    def missing(self, export: ExportOrder) -> list[str]:
        """Name what the importing program would refuse this order for."""
        rows = [ExportRow(export, item) for item in export.order.items]
        unmet = [need.label for need in self.requirements if not all(need.met(row) for row in rows)]
        failing = [column.heading for column in self._computed if _fails(column, rows)]
        return unmet + [f"{heading}（表达式取不到值）" for heading in failing]


def _fails(column: Column, rows: list[ExportRow]) -> bool:
    try:
        for row in rows:
            column.value(row)
    except NothingFound:
        return True
    return False


def _text_of(value: Value, zone: ZoneInfo, *, money: bool) -> str:
    if isinstance(value, str):
        return value if value.isprintable() else without_controls(value)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(sep=" ", timespec="seconds")[:19]
    return yuan(value) if money else str(value)
