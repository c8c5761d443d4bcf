"""Accepts orders as the door does, without a web process, at whatever time a test names."""

from dataclasses import dataclass
from functools import cached_property

from app.store.commit.order_writer import NewOrder, OrderWriter, Stored
from app.store.tables import Client, ClientKey
from app.store.unit_of_work import Store
from tests.deployment.facts import SHOP, TEN, ZONE
from tests.fakes.clock import ClockAt


@dataclass
class Door:
    """The way of orders into one store; the client ``c1`` is known there."""

    store: Store
    clock: ClockAt

    def __post_init__(self) -> None:
        with self.store.writing() as uow:
            if uow.access.client_named(SHOP.name) is None:
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
