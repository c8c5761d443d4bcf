"""Finds orders by whatever people have at hand, typed as people type: in groups, in any case, in full-width digits.

A telephone number is looked up by its keyed mark and by nothing else, so that no address and no row holds it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.order_number import derive
from app.domain.phone import MaskedPhone, NotAPhone, phone_of
from app.store.repositories.overview import PAGE, OrderListRow
from app.store.sealing import Keyring
from app.store.tables.order import TAIL
from app.store.unit_of_work import UnitOfWork

SHORTEST_PREFIX = 3
"""Characters of a number's beginning below which too many orders would be meant."""

_APART = re.compile(r"[\s.·_\-]+")
"""What people put between the groups of a number."""
_LAST4 = re.compile(r"[0-9]{4}")
_MASKED_LAST4 = re.compile(r"(?:1[0-9]{2})?\*+([0-9]{4})")
_OF_A_NUMBER = re.compile(r"[0-9A-Z]+")


@dataclass(frozen=True, slots=True)
class OfCustomer:
    """What was typed is a telephone number, and this is its mark."""

    mark: bytes


@dataclass(frozen=True, slots=True)
class OfBatch:
    """What was typed is the name of a batch."""

    name: str


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders that may be meant, the newest first."""

    rows: Sequence[OrderListRow]


def find(uow: UnitOfWork, keyring: Keyring, text: str, *, prefix: str) -> OfCustomer | OfBatch | Orders:
    """Return what ``text`` means: sure readings first, else all that it may mean; ``prefix`` is our numbers'."""
    typed = _plain(text)
    joined = joined_number(text)
    try:
        return OfCustomer(keyring.phone_index(phone_of(typed)))
    except MaskedPhone:
        ending = _MASKED_LAST4.fullmatch(_APART.sub("", typed))
        return Orders(uow.search.of_last4(ending[1]) if ending else ())
    except NotAPhone:
        pass
    sure = {typed.upper(), joined}
    if rows := uow.search.numbered([one for one in sure if one]):
        return Orders(rows)
    names = uow.access.client_names()
    keys = {typed, typed.upper(), typed.lower()}
    derived = [derive(keyring.number, client, key, prefix=prefix) for client in names for key in sorted(keys)]
    if rows := uow.search.numbered(derived):  # the shop's number was the idempotency key, as it usually is
        return Orders(rows)
    batch = uow.batches.named(typed.upper()[:32])
    if batch is not None and batch.name and batch.published_at is not None:
        return OfBatch(batch.name)
    return Orders(_newest(_guesses(uow, typed, joined)))


def joined_number(text: str) -> str:
    """Return an order number, or its end, as our rows spell it: in capitals, and nothing between its groups."""
    return _APART.sub("", _plain(text)).upper()


def _plain(text: str) -> str:
    """Return a text without full-width forms, and without the unseen characters that chats paste along."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").strip()


def _guesses(uow: UnitOfWork, typed: str, joined: str) -> Iterable[OrderListRow]:
    """Yield the orders of every reading that is none too many's."""
    if _OF_A_NUMBER.fullmatch(joined):
        if len(joined) >= SHORTEST_PREFIX:
            yield from uow.search.beginning(joined)
        if len(joined) == TAIL:
            yield from uow.search.ending(joined)
        if _LAST4.fullmatch(joined):
            yield from uow.search.of_last4(joined)
    if typed:
        yield from uow.search.of_shop_number(typed)
        for number in sorted({typed, typed.upper()}):
            yield from uow.search.of_main_number(number)


def _newest(rows: Iterable[OrderListRow]) -> list[OrderListRow]:
    return sorted({row.id: row for row in rows}.values(), key=lambda row: -row.id)[: 2 * PAGE]
