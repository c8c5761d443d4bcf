"""A migrated store on each engine, with what a test of batches needs: a door, a maker, and the files it wrote."""

import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.batch.maker import BatchMaker
from app.batch.policy import BatchPolicy
from app.domain.order import Item, Order, Payment, Recipient, priority_of
from app.domain.order_number import derive
from app.files.disk import Disk
from app.files.export_folder import Exports
from app.files.layouts.registry import shipped_layouts
from app.store.commit.order_writer import NewOrder, OrderWriter
from app.store.database.engine import Engines
from app.store.sealing import _ORDER, Keyring
from app.store.tables import METADATA, Batch, Client, ClientKey, OrderRow
from app.store.unit_of_work import Store

ZONE = ZoneInfo("Asia/Shanghai")
TEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""
KEYS = Keyring.from_secrets("s" * 32, "t" * 32)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@dataclass
class World:
    """One store and a folder."""

    engines: Engines
    root: Path
    store: Store = field(init=False)
    serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.store = Store(self.engines)
        self.writer = OrderWriter(self.engines, zone=ZONE, shard=0)
        self.exports = Exports(self.root)
        with self.store.writing() as uow:
            client = Client(id="c1", name="旗舰店", scope="intake", created_at=TEN)
            uow.access.add_client(client, ClientKey(id="k1", client_id="c1", secret_sha256=b"x", created_at=TEN))

    def another(self, root: Path) -> "World":
        """Forget everything and begin anew: far faster than another SQLite file with its empty statement cache."""
        with self.engines.writer.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())
        return World(self.engines, root)

    def maker(self, *, disk: Disk | None = None, store: Store | None = None, **knobs: Any) -> BatchMaker:
        exports = Exports(self.root, disk=disk) if disk else self.exports
        policy = BatchPolicy(zone=ZONE, **knobs)
        return BatchMaker(store or self.store, KEYS, exports, shipped_layouts(), policy=policy)

    def new(self, key: str | None = None, *, drill: bool = False, **fields: Any) -> NewOrder:
        """Return an order; its phone is its own, so that it looks like no other unless told to."""
        n = next(self.serial)
        key = key or f"K{n}"
        order = Order(
            **{
                "phone": f"138{n:08d}",
                "items": (Item(sku="A-1", name="跑步鞋", quantity=1, unit_price=10000),),
                "client_order_id": key,
                "total": 10000,
                "recipient": Recipient(
                    name="张三", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"
                ),
                "payment": Payment(status="paid", paid_at=TEN, transaction_id="4200"),
                "buyer": "nick",
                "placed_at": TEN,
                **fields,
            }
        )
        number = derive(KEYS.number, "c1", key)
        goods = [(item.sku, item.quantity) for item in order.items]
        return NewOrder(
            number=number, client_id="c1", idempotency_key=key, client_order_id=order.client_order_id, profile=None,
            fingerprint=b"f" * 16, look_alike=KEYS.look_alike_of(phone=order.phone, goods=goods, total_fen=order.total),
            phone_index=KEYS.phone_index(order.phone), phone_last4=order.phone[7:11], total_fen=order.total,
            priority=priority_of(order.total, above_fen=50000), sealed=KEYS.seal.seal(_ORDER.dump_json(order), number),
            sealed_payload=None, drill=drill,
        )  # fmt: skip

    def take(self, *orders: NewOrder, at: datetime = TEN) -> list[str]:
        """Accept orders, one second after another; return their numbers."""
        moments = [at + timedelta(seconds=i) for i in range(len(orders))]
        for order, moment in zip(orders, moments, strict=True):  # one by one: the writer sorts, arrival must not
            self.writer.write([order], [moment])
        return [order.number for order in orders]

    def some(self, count: int, *, at: datetime = TEN, **fields: Any) -> list[str]:
        return self.take(*(self.new(**fields) for _ in range(count)), at=at)

    def many(self, count: int, *, at: datetime = TEN, every: timedelta = timedelta(milliseconds=10)) -> list[str]:
        """Accept many orders in one commit."""
        orders = [self.new() for _ in range(count)]
        self.writer.write(orders, [at + i * every for i in range(count)])
        return [order.number for order in orders]

    def states(self, numbers: Sequence[str]) -> list[str]:
        return [self.row(number).state for number in numbers]

    def row(self, number: str) -> OrderRow:
        with self.store.reading() as uow:
            row = uow.orders.numbered(number)
        assert row is not None
        return row

    def batch(self, name: str) -> Batch:
        with self.store.reading() as uow:
            batch = uow.batches.named(name)
        assert batch is not None
        return batch

    def csv_of(self, name: str) -> list[list[str]]:
        """Return the rows of a published CSV file, the header first."""
        with self.exports.file_of(self.batch(name).manifest, "csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, strict=True))

    def numbers_in(self, name: str) -> list[str]:
        return [row[0] for row in self.csv_of(name)[1:]]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.root.rglob("*") if path.is_file())

    def balanced(self) -> bool:
        with self.store.reading() as uow:
            incidents = uow.incidents.newest()
            return all(uow.ledger.of(i).balanced and not uow.ledger.unbatched_strays(i.id or 0) for i in incidents)


@pytest.fixture(name="world")
def a_world(engines: Engines, tmp_path: Path) -> World:
    """An empty store, on both engines in turn."""
    return World(engines, tmp_path / "exports")
