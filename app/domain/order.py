"""What an order is, whichever form it came in: the canonical order, money in fen."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from app.domain.times import is_a_time

PaymentStatus = Literal["paid", "unpaid", "cod"]
Priority = Literal["high", "normal"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of an order; ``unit_price`` in fen."""

    sku: str
    quantity: int
    name: str | None = None
    unit_price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Where the goods go."""

    name: str | None = None
    province: str | None = None
    city: str | None = None
    district: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What the storefront knows of the payment."""

    status: PaymentStatus | None = None
    paid_at: datetime | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A canonical order; ``total``, ``freight`` and ``discount`` in fen."""

    phone: str
    items: tuple[Item, ...]
    client_order_id: str | None = None
    total: int | None = None
    freight: int | None = None
    discount: int | None = None
    recipient: Recipient | None = None
    payment: Payment | None = None
    buyer: str | None = None
    note: str | None = None
    placed_at: datetime | None = None


def without_wild_times(order: Order, *, now: datetime) -> Order:
    """Return an order without times that none can be: the first releases took any year, and no zone can show some."""
    if order.placed_at is not None and not is_a_time(order.placed_at, now=now):
        order = replace(order, placed_at=None)
    paid_at = order.payment.paid_at if order.payment else None
    if order.payment is not None and paid_at is not None and not is_a_time(paid_at, now=now):
        order = replace(order, payment=replace(order.payment, paid_at=None))
    return order


def total_of(
    *, stated: int | None, prices: Iterable[tuple[int | None, int]], freight: int | None, discount: int | None
) -> int | None:
    """Return the order's total in fen: the stated one, else the sum of (unit price, quantity) + freight - discount.

    None if neither is known; never below zero, since a discount cannot exceed what it is taken from.
    """
    if stated is not None:
        return stated
    total = (freight or 0) - (discount or 0)
    for price, quantity in prices:
        if price is None:
            return None
        total += price * quantity
    return max(total, 0)


def priority_of(total_fen: int | None, *, above_fen: int) -> Priority:
    """Return ``high`` for a total above ``above_fen``; an unknown total is normal."""
    return "high" if total_fen is not None and total_fen > above_fen else "normal"
