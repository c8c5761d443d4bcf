"""What a call of the main system came to, as closed sets of values; every adapter ends each call in exactly one.

Codes are those of :func:`app.words.main_trouble`; words are the main system's own, as it said them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from app.domain.order import Order


class SameNumber(StrEnum):
    """What the main system makes of an order whose number it has already."""

    UPDATES = "updates"
    REFUSES = "refuses"
    EITHER = "either"
    """Its documents contradict each other, and both are harmless."""
    DOUBLES = "doubles"


@dataclass(frozen=True, slots=True)
class OrderNames:
    """What an order may be called in the main system: our number, and the shop's if it has one; whose it is."""

    ours: str
    shop: str | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderToSend:
    """An order on its way home; ``payload`` is what the storefront sent, where a profile took it."""

    names: OrderNames
    order: Order
    received_at: datetime
    payload: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInMain:
    """An order as the main system has it; what it does not tell is None and is compared with nothing."""

    main_numbers: tuple[str, ...] = ()
    by: Literal["ours", "shop"] = "ours"
    """Under which of its names it was found; a number of the shop's may be another order's."""
    total_fen: int | None = None
    goods: tuple[tuple[str, int], ...] | None = None
    """(sku, quantity), as often as they come."""
    is_void: bool = False


@dataclass(frozen=True, slots=True)
class CreatedInMain:
    """The main system has named this very order as taken."""

    main_number: str


@dataclass(frozen=True, slots=True)
class ExistsInMain:
    """The number is there already; ``found`` is None where the answer told no more than that."""

    found: FoundInMain | None = None


@dataclass(frozen=True, slots=True)
class AbsentFromMain:
    """The main system says that it has no such order."""


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """This order is wrong for the main system, or, where ``ours``, cannot be written in its form."""

    words: str
    field: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class AccessRefused:
    """Nobody's order gets through: key, signature, token, address, clock, permission or arrears."""

    code: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class MainThrottled:
    """Nothing was done, and ``wait`` is how long the account is to be left alone."""

    wait: timedelta
    words: str = ""


@dataclass(frozen=True, slots=True)
class MainUnknown:
    """It may or may not have happened: no answer, or one that does not tell; ``helps`` where asking again may tell."""

    code: str
    words: str = ""
    helps: bool = True


CreateOutcome = CreatedInMain | ExistsInMain | OrderRefused | AccessRefused | MainThrottled | MainUnknown
FindOutcome = ExistsInMain | AbsentFromMain | AccessRefused | MainThrottled | MainUnknown
