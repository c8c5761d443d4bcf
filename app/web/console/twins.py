"""Two orders that look alike, beside each other: what differs, and what speaks for one purchase or for two."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from app import words
from app.domain.order import Order
from app.domain.phone import masked
from app.store.tables import OrderRow
from app.web.console.filters import harmless, name_masked, span, yuan

_MOST_GOODS = 20
"""Lines of goods that a cell names; of more it tells how many there are."""


class Difference(NamedTuple):
    """A row of the table: what it is about, and what each of the two says, personal data masked."""

    about: str
    this: str
    other: str


@dataclass(frozen=True, slots=True)
class Twins:
    """The evidence: a sentence, the differences, and how sure the payment makes it."""

    sentence: str
    lines: tuple[Difference, ...]
    verdict: str = ""


def compare(
    row: OrderRow, order: Order | None, other_row: OrderRow, other: Order | None, clients: Mapping[str, str]
) -> Twins:
    """Compare an order with the one it looks like; what cannot be unsealed is compared by its row alone."""
    same_shop = row.client_id == other_row.client_id
    parts = ["同店铺" if same_shop else "不同店铺"]
    verdict = ""
    if order is not None and other is not None:
        parts[0] += "同购物车" if _cart(order) == _cart(other) else "、商品不同"
        paid, paid_other = _paid(order), _paid(other)
        if paid and paid_other:
            parts.append("支付流水号相同" if paid == paid_other else "支付流水号不同")
            verdict = "付的是同一笔款，多半是重复。" if paid == paid_other else "各付了一笔款，多半是两笔真实订单。"
        else:
            parts.append("没有支付流水号可对照")
    parts.append(f"相隔{apart(abs(row.received_at - other_row.received_at))}")
    if row.client_order_id and row.client_order_id == other_row.client_order_id:
        parts.append("同一外部单号")
    return Twins("、".join(parts), tuple(_lines(row, order, other_row, other, clients)), verdict)


def apart(gap: timedelta) -> str:
    """Return how long lies between two orders, as it stands after 相隔: seconds while they are few."""
    seconds = gap.total_seconds()
    if seconds < 1:
        return "不到 1 秒"
    return f" {int(seconds)} 秒" if seconds < 120 else f" {span(gap)}"  # noqa: PLR2004 - two minutes


def _cart(order: Order) -> list[tuple[str, int]]:
    return sorted((item.sku, item.quantity) for item in order.items)


def _paid(order: Order) -> str:
    return (order.payment.transaction_id or "").strip() if order.payment else ""


def _lines(
    row: OrderRow, order: Order | None, other_row: OrderRow, other: Order | None, clients: Mapping[str, str]
) -> Iterator[Difference]:
    yield from _differing("店铺", *(clients.get(one.client_id, one.client_id) for one in (row, other_row)))
    yield from _differing("外部单号", *(one.client_order_id or "" for one in (row, other_row)))
    yield from _differing("金额", *(yuan(one.total_fen) for one in (row, other_row)))
    if order is None or other is None:
        return
    both = (order, other)
    yield from _differing("商品", *map(_goods, both))
    yield from _differing("手机", *(one.phone for one in both), show=masked)
    yield from _differing("收件人", *(_recipient(one, "name") for one in both), show=name_masked)
    yield from _differing("省市区", *map(_place, both))
    yield from _differing("详细地址", *(_recipient(one, "address") for one in both), show=_hidden)
    yield from _differing("付款", *map(_payment, both))
    yield from _differing("支付流水号", *map(_paid, both))
    yield from _differing("买家账号", *(one.buyer or "" for one in both), show=_hidden)
    yield from _differing("买家留言", *(one.note or "" for one in both), show=_hidden)


def _differing(about: str, this: str, other: str, *, show: Callable[[str], str] = harmless) -> Iterator[Difference]:
    """Yield what both say, where it is not the same; masked it may look the same, and then that it is not is said."""
    if this != other:
        shown, beside = show(this) or "（无）", show(other) or "（无）"
        yield Difference(about, shown, f"{beside}（与左边不同）" if shown == beside else beside)


def _hidden(text: str) -> str:
    return f"已隐去，{len(text)} 字" if text else ""


def _goods(order: Order) -> str:
    named = [f"{item.name or item.sku} ×{item.quantity}" for item in order.items[:_MOST_GOODS]]
    more = f" 等 {len(order.items)} 行" if len(order.items) > _MOST_GOODS else ""
    return "、".join(named) + more


def _recipient(order: Order, part: str) -> str:
    return str(getattr(order.recipient, part) or "") if order.recipient else ""


def _place(order: Order) -> str:
    return " ".join(filter(None, (_recipient(order, part) for part in ("province", "city", "district"))))


def _payment(order: Order) -> str:
    return words.PAYMENTS[order.payment.status] if order.payment and order.payment.status else "未知"
