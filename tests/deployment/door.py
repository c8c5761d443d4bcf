"""Accepts orders as the door does, without a web process, at whatever time a test names."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from app.store.commit.order_writer import NewOrder, OrderWriter, Stored
from app.store.tables import Client, ClientKey
from app.store.unit_of_work import Store
from tests.deployment.facts import SHOP, TEN, ZONE, seconds
from tests.deployment.orders import order_body, prepared
from tests.fakes.clock import ClockAt

ONE_HUNDRED: dict[str, Any] = {
    "items": [{"sku": "A-1", "name": "跑步鞋", "quantity": 1, "unit_price": "100.00"}],
    "total": "100.00",
    "recipient": {
        "name": "张三",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "address": "文三路 1 号",
    },
    "payment": {"status": "paid", "paid_at": TEN.isoformat(), "transaction_id": "4200"},
    "buyer": "nick",
    "placed_at": TEN.isoformat(),
}
"""What a paid order of 100 yuan says, as far as ERP programs ask."""


AT_LEAST: dict[str, Any] = {
    "phone": "13800138000",
    "items": [{"sku": "A-1001", "quantity": 1, "unit_price": "599.00"}],
}
"""What the simplest storefront says."""


@dataclass
class Door:
    """The way of orders into one store; the client ``c1`` is known there."""

    store: Store
    clock: ClockAt
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def __post_init__(self) -> None:
        with self.store.writing() as uow:
            if uow.access.client_named(SHOP.client_id) is None:
                client = Client(id=SHOP.client_id, name=SHOP.name, scope="intake", created_at=TEN)
                key = ClientKey(id="k1", client_id=SHOP.client_id, secret_sha256=b"x" * 32, created_at=TEN)
                uow.access.add_client(client, key)

    @cached_property
    def writer(self) -> OrderWriter:
        """What inserts orders."""
        return OrderWriter(self.store.engines, zone=ZONE, shard=0)

    def take(self, *orders: NewOrder) -> list[Stored]:
        """Accept orders at the clock's time, in one commit."""
        return self.writer.write(orders, [self.clock.now()] * len(orders))

    def new(self, key: str | None = None, *, drill: bool = False, **fields: Any) -> NewOrder:
        """Return an order with all its fields; its phone is its own, so that it looks like no other unless told to."""
        n = next(self._serial)
        key = key or f"K{n}"
        body = {**order_body(key, phone=f"138{n:08d}"), **ONE_HUNDRED, **fields}
        return prepared(body, caller=replace(SHOP, drill=drill), key=key)

    def take_in_turn(self, *orders: NewOrder, at: datetime = TEN) -> list[str]:
        """Accept orders, one second after another; return their numbers."""
        for n, order in enumerate(orders):  # one by one: the writer sorts, arrival must not
            self.writer.write([order], [at + seconds(n)])
        return [order.number for order in orders]

    def some(self, count: int, *, at: datetime = TEN, **fields: Any) -> list[str]:
        """Accept orders of different customers, one second after another; return their numbers."""
        return self.take_in_turn(*(self.new(**fields) for _ in range(count)), at=at)

    def many(self, count: int, *, at: datetime = TEN, every: timedelta = timedelta(milliseconds=10)) -> list[str]:
        """Accept many orders in one commit; return their numbers."""
        orders = [self.new() for _ in range(count)]
        self.writer.write(orders, [at + n * every for n in range(count)])
        return [order.number for order in orders]

    def post(self, *, key: str, at: datetime | None = None, **fields: object) -> str:
        """Accept the simplest order, with these fields besides, at the clock's time or ``at``; return its number."""
        new = prepared({**AT_LEAST, **fields}, key=key)
        self.writer.write([new], [at or self.clock.now()])
        return new.number
