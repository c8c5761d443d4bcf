"""Reads what the buyers' form offers: goods with their prices, from a merchant's TOML file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.money import NotMoney, fen_of_yuan, yuan
from app.toml_file import UnreadableFile, parse_toml, read_small_file

MOST_GOODS = 100
"""On one page; more is a shop, and no fallback of one."""

MOST_PIECES = 99
_LONGEST_SKU, _LONGEST_NAME = 64, 120
_KNOWN = frozenset({"sku", "name", "price", "most"})


class WrongOffer(ValueError):
    """The file cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Something that may be ordered, at most ``most`` pieces of it in one order."""

    sku: str
    name: str
    price_fen: int
    most: int


@dataclass(frozen=True, slots=True)
class Offer:
    """All that may be ordered; ``mark`` changes with anything of it, so that nobody pays a price he has not seen."""

    title: str
    goods: tuple[Offered, ...]

    @property
    def mark(self) -> str:
        """What stands in each form for what it showed."""
        said = "\n".join(f"{one.sku}\0{one.name}\0{one.price_fen}\0{one.most}" for one in self.goods)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def read_offer(path: Path) -> Offer:
    """Read an offer.

    Raises:
        WrongOffer: it is missing, no TOML, or says what none can.
    """
    try:
        document = parse_toml(read_small_file(path))[1]
    except UnreadableFile as error:
        raise WrongOffer(f"第 {error.line} 行有误：{error.reason}") from None
    goods = document.get("goods")
    if document.keys() - {"title", "goods"} or not isinstance(goods, list) or not 0 < len(goods) <= MOST_GOODS:
        raise WrongOffer(f'须形如 title = "…" 和 1–{MOST_GOODS} 段 [[goods]]')
    offered = tuple(_offered(n, one) for n, one in enumerate(goods, start=1))
    if len({one.sku for one in offered}) < len(offered):
        raise WrongOffer("同一商品编码出现了两次")
    title = document.get("title", "应急下单")
    if not isinstance(title, str) or not 0 < len(title.strip()) <= _LONGEST_NAME:
        raise WrongOffer(f"title 须为 1–{_LONGEST_NAME} 个字")
    return Offer(title.strip(), offered)


def _offered(place: int, one: object) -> Offered:
    if not isinstance(one, dict) or one.keys() - _KNOWN:
        raise WrongOffer(f"第 {place} 段 [[goods]] 只能有 sku、name、price、most")
    try:
        price = fen_of_yuan(one.get("price"))
    except NotMoney:
        raise WrongOffer(f'第 {place} 段的 price 须为元，例如 "599.00"') from None
    most = one.get("most", 10)
    if isinstance(most, bool) or not isinstance(most, int) or not 0 < most <= MOST_PIECES:
        raise WrongOffer(f"第 {place} 段的 most 须为 1–{MOST_PIECES}")
    return Offered(_text(place, one, "sku", _LONGEST_SKU), _text(place, one, "name", _LONGEST_NAME), price, most)


def _text(place: int, one: Mapping[str, Any], key: str, longest: int) -> str:
    value = one.get(key)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= longest or not value.isprintable():
        raise WrongOffer(f"第 {place} 段的 {key} 须为 1–{longest} 个字")
    return value.strip()


def item_of(one: Offered, pieces: int) -> dict[str, Any]:
    """Return a line of goods as the intake takes it, at our price."""
    return {"sku": one.sku, "name": one.name, "quantity": pieces, "unit_price": yuan(one.price_fen)}
