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

from app import words
from app.domain.csv_cell import defuse, on_one_line
from app.domain.money import yuan
from app.expressions import NothingFound
from app.files.layouts.export_order import ExportOrder, ExportRow
from app.files.layouts.values import DUE, MAX_CELL, Value

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
    tells: frozenset[str] = frozenset()
    """The states of a payment that a reader of this column can tell from a paid one."""
    remark: bool = False
    """Begins with a mark for each state that no column tells."""

    @property
    def defused(self) -> bool:
        """Whether a format whose readers may execute a cell (CSV) needs it defused."""
        return self.computed or self.kind is Kind.TEXT

    @property
    def quoted(self) -> bool:
        """Whether a CSV file quotes it, as it does every text and word; what we have validated stands bare.

        Only ``,`` and ``"`` need it by RFC 4180; but a program that is told of other separators (``;``, TAB) would
        begin a new cell at them, and execute it.
        """
        return self.computed or self.kind in (Kind.TEXT, Kind.WORD)

    def cell(self, zone: ZoneInfo, *, marked: frozenset[str] = frozenset()) -> Callable[[ExportRow], str]:
        """Return what shows the value of a row as text, times in ``zone``; a remark marks these states of a payment."""
        value, money = self.value, self.kind is Kind.MONEY

        def plain(row: ExportRow) -> str:
            text = _text_of(value(row), zone, money=money)
            if marked and row.export.payment.status in marked:
                return (words.PAYMENT_MARKS[row.export.payment.status] + text)[:MAX_CELL]
            return text

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

    @cached_property
    def _marked(self) -> frozenset[str]:
        """The states of a payment that are marked in a remark, because no column tells them."""
        told = frozenset[str]().union(*(column.tells for column in self.columns))
        return DUE - told if any(column.remark for column in self.columns) else frozenset()

    @cached_property
    def marks_payment(self) -> frozenset[str]:
        """The states of a payment that a file in this layout shows; an order in another of :data:`DUE` looks paid."""
        return self._marked.union(*(column.tells for column in self.columns)) & DUE

    @property
    def number_heading(self) -> str:
        """Under which heading results come back."""
        return self.headings[self.number_at]

    @cached_property
    def _to_defuse(self) -> tuple[int, ...]:
        return tuple(i for i, column in enumerate(self.columns) if column.defused)

    @cached_property
    def _csv_line(self) -> str:
        return ",".join('"%s"' if column.quoted else "%s" for column in self.columns) + "\r\n"

    @cached_property
    def _computed(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.computed)

    def rows_in(self, zone: ZoneInfo) -> Rows:
        """Return what yields an order's rows as plain text, one per item."""
        nothing = frozenset[str]()
        cells = [column.cell(zone, marked=self._marked if column.remark else nothing) for column in self.columns]

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

    @property
    def csv_headings(self) -> str:
        """The first line of a CSV file."""
        shown = (name if name.isalnum() else f'"{_inside_quotes(name)}"' for name in self.headings)
        return ",".join(shown) + "\r\n"

    def csv_line(self, row: list[str]) -> str:
        """Return a row of plain text as a line of a CSV file."""
        return self._csv_line % tuple(map(_inside_quotes, self.defused(row)))

    def missing(self, export: ExportOrder) -> list[str]:
        """Name what the importing program would refuse this order for."""
        rows = [ExportRow(export, item) for item in export.order.items]
        unmet = [need.label for need in self.requirements if not all(need.met(row) for row in rows)]
        failing = [column.heading for column in self._computed if _fails(column, rows)]
        return unmet + [f"{heading}（表达式取不到值）" for heading in failing]


def _inside_quotes(cell: str) -> str:
    return cell.replace('"', '""')


def _fails(column: Column, rows: list[ExportRow]) -> bool:
    try:
        for row in rows:
            column.value(row)
    except NothingFound:
        return True
    return False


def _text_of(value: Value, zone: ZoneInfo, *, money: bool) -> str:
    if isinstance(value, str):
        return on_one_line(value)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(sep=" ", timespec="seconds")[:19]
    return yuan(value) if money else str(value)
