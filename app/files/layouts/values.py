"""Values that a path alone cannot give; a layout names them in ``fn``, and the list is closed on purpose.

What a merchant's program needs beyond a path and these is code, reviewed and tested, and not a language in a file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app import words
from app.domain.address import one_line_address
from app.files.layouts.export_order import ExportRow

MAX_CELL = 32_767
"""Characters that a cell of a spreadsheet holds; a file with a longer one cannot be written as XLSX."""

DUE = frozenset({"unpaid", "cod"})
"""The states of a payment of which whoever packs the goods must know."""

Value = str | int | datetime | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the closed list: what it gives, whether its words are our own, what it tells of the payment."""

    value: Callable[[ExportRow], Value]
    gives: type[str] | type[int]
    our_words: bool = False
    tells: frozenset[str] = frozenset()
    """The states of a payment that a reader of the cell can tell from a paid one."""
    remark: bool = False
    """For whoever packs the goods: where no column tells of the payment, this one begins with it."""


def whole_address(row: ExportRow) -> Value:
    """Return the address with everything before it, for programs that read one cell."""
    to = row.export.recipient
    return one_line_address(to.province, to.city, to.district, to.address)


def amount(row: ExportRow) -> Value:
    """Return unit price times quantity, in fen."""
    return None if row.item.unit_price is None else row.item.unit_price * row.item.quantity


def payment_word(row: ExportRow) -> Value:
    """Return whether it is paid, in Chinese."""
    return words.PAYMENTS.get(row.export.payment.status or "", "")


def priority_word(row: ExportRow) -> Value:
    """Return the priority, in Chinese."""
    return words.PRIORITIES[row.export.priority].text


def remark_with_buyer(row: ExportRow) -> Value:
    """Return our own remark, after the buyer's account name where the file has no column for it."""
    return _joined("买家", row.export.order.buyer, row)


def remark_with_client_order_id(row: ExportRow) -> Value:
    """Return our own remark, after the storefront's number where the file has no column for it."""
    return _joined("外部单号", row.export.order.client_order_id, row)


def _joined(label: str, value: str | None, row: ExportRow) -> str:
    return "；".join(part for part in (f"{label}：{value}" if value else "", row.export.remark) if part)


FUNCTIONS: Mapping[str, Function] = {
    "whole_address": Function(whole_address, str),
    "amount": Function(amount, int),
    "payment_word": Function(payment_word, str, our_words=True, tells=DUE),
    "priority_word": Function(priority_word, str, our_words=True),
    "remark_with_buyer": Function(remark_with_buyer, str, remark=True),
    "remark_with_client_order_id": Function(remark_with_client_order_id, str, remark=True),
}
