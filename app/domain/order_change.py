"""A change that a storefront asks for: its order is cancelled, or has been paid for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    """What is asked for; an order is asked for each at most once."""

    CANCEL = "cancel"
    PAID = "paid"


class ChangeState(StrEnum):
    """What became of it."""

    APPLIED = "applied"
    """The order has it: every file that has the order has it with the change, or none has it."""
    NOTED = "noted"
    """A file may have the order without it; a person, or the main system, must follow."""
    DONE = "done"
    """Somebody has followed."""
    REFUSED = "refused"
    """It came too late, or could not be; the reason tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a storefront asks for; a retry is the same wish."""

    kind: ChangeKind
    reason: str | None = None
    amount_fen: int | None = None
    transaction_id: str | None = None
    paid_at: datetime | None = None
