"""What the adapters of ERPs share: what one is set up with, how a refusal becomes an outcome, what a kind is."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.domain.foreign_values import whole_of, word_of
from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    FindOutcome,
    MainThrottled,
    MainUnknown,
    OrderNames,
    OrderRefused,
    OrderToSend,
)
from app.main_system.caller import MainCaller
from app.main_system.port import MainSystem
from app.main_system.tokens import TokenKeeper
from app.main_system.told_words import told_words
from app.main_system.vendors.refusal import VendorRefusal, is_doubtful

Refused = OrderRefused | AccessRefused | MainThrottled | MainUnknown

NumberBy = Literal["ours", "shop"]
Search = Callable[[str, str, NumberBy], Awaitable[FindOutcome]]
"""Asks one method of a vendor's for a number, and whose that is."""

_OF_ACCESS = frozenset({"key", "token", "ip", "clock", "permission", "quota"})


@dataclass(frozen=True, slots=True)
class ErpSetUp:
    """What one ERP is called with; ``access`` are keys and secrets, ``options`` what its documents leave open."""

    address: str
    access: Mapping[str, str] = field(repr=False)
    shops: dict[str, str]
    options: Mapping[str, str]
    caller: MainCaller
    tokens: TokenKeeper

    def shop_of(self, names: OrderNames) -> str:
        """Return the shop there of an order's channel; of an order without one, any."""
        return self.shops.get(names.channel) or self.shops.get("*") or next(iter(self.shops.values()))

    @property
    def may_discount(self) -> bool:
        """Whether an order with a discount may be sent."""
        return self.options.get("discounts") == "send"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpKind:
    """An ERP that has an adapter."""

    name: str
    address: str
    hosts: frozenset[str]
    plain: tuple[str, ...]
    secrets: tuple[str, ...]
    optional: tuple[str, ...] = ()
    """Secrets that may be left out."""
    key: str
    """The name among these that stands for the account."""
    required: tuple[str, ...] = ()
    """Options without which nothing can be sent: they are the merchant's own codes."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Options with their possible values, the first of which holds where none is written."""
    free: tuple[str, ...] = ()
    """Options that may be any text, or none."""
    per_minute: float
    """Half of what the vendor allows, as far as that is known."""
    open: Callable[[ErpSetUp], MainSystem]


def refused(refusal: VendorRefusal, sent: OrderToSend | None = None, *, of_order: bool) -> Refused:
    """Return the outcome of a refusal; ``of_order`` where the vendor's code says that the order is at fault."""
    words = told_words(refusal.words, None if sent is None else sent.order)
    if refusal.code == "throttled":
        return MainThrottled(refusal.wait, words)
    if refusal.code in _OF_ACCESS:
        return AccessRefused(refusal.code, words)
    if of_order and not is_doubtful(refusal.words):
        return OrderRefused(words)
    return MainUnknown(refusal.code, words)


def names_to_ask(names: OrderNames) -> list[tuple[str, NumberBy]]:
    """Return the numbers under which an order may be there, ours first."""
    asked: list[tuple[str, NumberBy]] = [(names.ours, "ours")]
    return [*asked, (names.shop, "shop")] if names.shop and names.shop != names.ours else asked


async def sought(names: OrderNames, places: Sequence[str], search: Search) -> FindOutcome:
    """Look under each of an order's numbers in each place, in their order, until anything but "no" is said."""
    for name, by in names_to_ask(names):
        for place in places:
            outcome = await search(place, name, by)
            if not isinstance(outcome, AbsentFromMain):
                return outcome
    return AbsentFromMain()


def looked(outcome: Refused) -> AccessRefused | MainThrottled | MainUnknown:
    """Return an outcome of a look-up: a question that was refused as an order would be is unknown."""
    return MainUnknown("our_call", outcome.words) if isinstance(outcome, OrderRefused) else outcome


def pieces_of(found: object, *, sku: str, quantity: str) -> tuple[tuple[str, int], ...] | None:
    """Return (sku, quantity) of each line; None where one of them cannot be read: then nothing is compared."""
    lines = rows_of(found)
    if lines is None:
        return None
    read = [(word_of(line.get(sku)), whole_of(line.get(quantity))) for line in lines]
    whole = tuple((one, number) for one, number in read if one is not None and number is not None)
    return whole if len(whole) == len(read) else None


def rows_of(found: object) -> list[Mapping[str, Any]] | None:
    """Return a list of objects; None for what is none."""
    return found if isinstance(found, list) and all(isinstance(row, dict) for row in found) else None
