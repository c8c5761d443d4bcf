"""Counts the goods of orders by SKU while they are composed: their content is open there, and the door never waits."""

from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from app.domain.goods import lines_of
from app.domain.harmless_text import harmless_text
from app.domain.order import Order
from app.notify.trouble import trouble_with
from app.store.repositories.goods import CountedOrder
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger()


def count_goods(uow: UnitOfWork, rows: Sequence[OrderRow], opened: Mapping[str, Order]) -> None:
    """Count orders that this transaction composes; ``opened`` are those that can be read, by number.

    One that cannot be read is named on the page and passed over. Whatever else breaks is no reason to tell nobody of
    the orders: they are passed over too, one by one.
    """
    orders = [_counted(row, opened.get(row.number)) for row in rows]
    if not trouble_with(uow, partial(uow.goods.count, orders)):
        return
    for one in orders:
        error = trouble_with(uow, partial(uow.goods.count, [one]))
        if error is not None:
            log.error("goods_cannot_be_counted", number=one.row.number, reason=type(error).__name__)
            trouble_with(uow, partial(uow.goods.count, [CountedOrder(one.row, None, {})]))


def _counted(row: OrderRow, order: Order | None) -> CountedOrder:
    if order is None:
        return CountedOrder(row, None, {})
    names = {item.sku: harmless_text(item.name) for item in reversed(order.items) if item.name}
    return CountedOrder(row, lines_of(order), names)
