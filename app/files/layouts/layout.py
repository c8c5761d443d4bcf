"""A column table is data: headers, where each value comes from, what kind it is, and what an order must have.

The kind decides whether a cell is defused: free text from outside is, while our own numbers, validated phones,
amounts and times leave as they are, because an apostrophe before them would damage them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import cached_property
from zoneinfo import ZoneInfo

from app.domain.csv_cell import defuse, without_controls
from app.domain.money import yuan
from app.domain.order import Item, Order, Payment, Recipient

NOBODY = Recipient()
UNPAID = Payment()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOrder:
    """An order on its way into a file, with what its row knows besides; ``total`` in fen."""

    number: str
    client: str
    high: bool
    received_at: datetime
    total: int | None
    order: Order
    remark: str = ""

    @property
    def recipient(self) -> Recipient:
        """Where it goes; empty where nobody said."""
        return self.order.recipient or NOBODY

    @property
    def payment(self) -> Payment:
        """How it was paid; empty where nobody said."""
        return self.order.payment or UNPAID

    @property
    def placed_at(self) -> datetime:
        """When the customer ordered, else when we took it."""
        return self.order.placed_at or self.received_at


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One row of a file: one item of an order."""

    parcel: ExportOrder
    item: Item

    @property
    def amount(self) -> int | None:
        """Unit price times quantity, in fen."""
        return None if self.item.unit_price is None else self.item.unit_price * self.item.quantity


Value = str | int | datetime | None


class Kind(Enum):
    """What a cell holds."""

    NUMBER = auto()  # our order number: results come back under it
    TEXT = auto()  # free text from outside, ids of other systems included
    WORD = auto()  # one of our own words
    COUNT = auto()
    MONEY = auto()  # fen
    TIME = auto()
    PHONE = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    header: str
    kind: Kind
    value: Callable[[ExportRow], Value]

    def raw(self, line: ExportRow, zone: ZoneInfo) -> str:
        """Return the cell as text, times in ``zone``: for a format whose text cells execute nothing (XLSX)."""
        value = self.value(line)
        if value is None:
            return ""
        if isinstance(value, datetime):
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        if isinstance(value, int):
            return yuan(value) if self.kind is Kind.MONEY else str(value)
        return without_controls(value)

    def defused(self, raw: str) -> str:
        """Return a cell's text for a format whose readers may execute it (CSV)."""
        return defuse(raw) if self.kind is Kind.TEXT else raw


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
    def headers(self) -> list[str]:
        """The first row of a file."""
        return [column.header for column in self.columns]

    @cached_property
    def number_at(self) -> int:
        """Which column holds our order number."""
        return next(i for i, column in enumerate(self.columns) if column.kind is Kind.NUMBER)

    def rows(self, parcel: ExportOrder, zone: ZoneInfo) -> Iterator[list[str]]:
        """Yield a parcel's rows as plain text, one per item."""
        for item in parcel.order.items:
            line = ExportRow(parcel, item)
            yield [column.raw(line, zone) for column in self.columns]

    def defused(self, row: list[str]) -> list[str]:
        """Return a row of plain text as it may stand in a CSV file."""
        return [column.defused(cell) for column, cell in zip(self.columns, row, strict=True)]

    def missing(self, parcel: ExportOrder) -> list[str]:
        """Name what the importing program would refuse this order for."""
        lines = [ExportRow(parcel, item) for item in parcel.order.items]
        return [need.label for need in self.requirements if not all(need.met(line) for line in lines)]
