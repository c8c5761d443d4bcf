"""What each of three witnesses says of an order: ourselves, the main system's own list, and the payment statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from app.domain.goods import Fate, Lines
from app.domain.order import PaymentStatus


class Evidence(IntEnum):
    """What ties a row of another witness to an order of ours, the strongest first; the last only proposes."""

    OUR_NUMBER = 1
    MAIN_NUMBER = 2
    """The number that the main system gave it, as we know it from the results of its import."""
    SHOP_NUMBER = 3
    PAYMENT_NUMBER = 4
    LIKENESS = 5
    """Phone, goods, amount and time agree as far as they are known."""


class MainOrderState(StrEnum):
    """How an order stands in the main system, as far as it matters here."""

    LIVE = "live"
    UNPAID = "unpaid"
    CANCELLED = "cancelled"
    PASSED_ON = "passed_on"
    """Merged into another or split: it goes on under other numbers there, and is not lost."""
    UNCLEAR = "unclear"
    """A word that nobody has told us the meaning of."""


class Moved(StrEnum):
    """What a row of a statement says of the money."""

    PAYMENT = "payment"
    REFUND = "refund"
    REVOKED = "revoked"


class RowPlace(NamedTuple):
    """Where a row stands: the file, and its row as a spreadsheet counts."""

    file: str
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OurOrder:
    """An accepted order as it stands with us; ``total_fen`` and ``goods`` are None where we cannot tell."""

    number: str
    state: str
    fate: Fate
    exported: bool
    """Whether it is, or was, in a file for the main system."""
    total_fen: int | None = None
    goods: Lines | None = None
    payment: PaymentStatus | None = None
    at: datetime | None = None
    """When it was paid, as far as the storefront knows, else when it came in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MainOrder:
    """An order in the main system's list, or that part of a merged one that goes back to one number."""

    number: str
    state: MainOrderState
    said: str = ""
    """The main system's own word for its state."""
    amount_fen: int | None = None
    goods: Lines | None = None
    refund_fen: int | None = None
    at: datetime | None = None
    places: tuple[RowPlace, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A row of a payment statement; ``number`` is the provider's, amounts are positive."""

    number: str
    kind: Moved
    amount_fen: int | None
    at: datetime | None = None
    places: tuple[RowPlace, ...] = ()


def share_a_coding(mine: Mapping[str, int] | None, theirs: Mapping[str, int] | None) -> bool:
    """Tell whether two lists of goods can be compared: both are known, and at least one SKU is in both.

    A main system that calls every SKU by another name says nothing of the goods.
    """
    return mine is not None and theirs is not None and not mine.keys().isdisjoint(theirs.keys())
