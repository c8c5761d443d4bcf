"""An order as a file shows it: the canonical order, and what its row knows besides.

Layouts name these fields by their paths: ``number``, ``total``, ``order.recipient.name``, ``item.sku``.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.order import Item, Order, Payment, Priority, Recipient

NOBODY = Recipient()
UNPAID = Payment()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOrder:
    """An order on its way into a file; ``total`` in fen, as stated or else as summed."""

    number: str
    client: str
    priority: Priority
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
    def paid_at(self) -> datetime | None:
        """When it was paid, for programs that take an order with this time for a paid one; none while money is due."""
        return None if self.payment.status in ("unpaid", "cod") else self.payment.paid_at

    @property
    def placed_at(self) -> datetime:
        """When the customer ordered, else when we took it."""
        return self.order.placed_at or self.received_at


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One row of a file: one item of an order."""

    export: ExportOrder
    item: Item
