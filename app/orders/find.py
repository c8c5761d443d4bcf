"""Finds orders by what people have at hand: a number or a part of it, the shop's or main system's, digits of the phone.

A whole telephone number is not looked up here: it is turned into its keyed mark first, so that no address holds it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from app.domain.order_number import derive
from app.store.repositories.overview import OrderListRow
from app.store.repositories.searches import TAIL_LENGTH
from app.store.sealing import Keyring
from app.store.unit_of_work import UnitOfWork

SHORTEST_PREFIX = 3
"""Characters of a number's beginning below which too many orders would be meant."""

MOST = 30

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015_]+")
_LAST4 = re.compile(r"[0-9]{4}")
_CODE = re.compile(r"[0-9A-Z]+")


def in_one_piece(text: str) -> str:
    """Return a number that was typed in groups, in small letters or full width, as it is stored."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def find_orders(uow: UnitOfWork, keyring: Keyring, text: str, *, prefix: str) -> Sequence[OrderListRow]:
    """Return the orders that ``text`` may mean; ``prefix`` is that of our order numbers.

    A whole number, ours or the shop's, means one order and nothing else; anything else may mean several, the surest
    reading first.
    """
    if found := uow.searches.numbered([in_one_piece(text)]):
        return found
    spellings = list(dict.fromkeys((text, text.upper(), text.lower())))
    clients = uow.access.client_names()
    derived = [derive(keyring.number, client, shop, prefix=prefix) for client in clients for shop in spellings]
    if found := uow.searches.numbered(derived):  # the shop's number was the idempotency key, as it usually is
        return found
    rows = {row.id: row for reading in _readings(uow, text, spellings) for row in reading}
    return list(rows.values())[:MOST]


def _readings(uow: UnitOfWork, text: str, spellings: Sequence[str]) -> Iterator[Sequence[OrderListRow]]:
    code = in_one_piece(text)
    if _LAST4.fullmatch(code):
        yield uow.searches.of_last4(code)
    if _CODE.fullmatch(code):
        if len(code) == TAIL_LENGTH:
            yield uow.searches.ending(code)
        if len(code) >= SHORTEST_PREFIX:
            yield uow.searches.beginning(code)
    yield uow.searches.of_shop_numbers(spellings)
    yield uow.searches.of_main_number(text)
