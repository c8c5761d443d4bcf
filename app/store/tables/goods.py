"""What was ordered, counted by SKU: once for each order when it is composed, and anew where it comes to its end."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index, row_id

UNREAD = condition("order_goods", "{t}lines IS NULL")


class OrderGoods(SQLModel, table=True):
    """The goods of an order as they were counted, and under which end; without lines its content could not be read."""

    __tablename__ = "order_goods"
    __table_args__ = (partial_index("order_goods_unread", "incident_id", "order_id", where=UNREAD),)

    order_id: int = Field(sa_column=Column(BigInteger, ForeignKey("orders.id"), primary_key=True, autoincrement=False))
    incident_id: int
    fate: str = Field(max_length=6)  # a Fate
    lines: list[Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


class SkuCount(SQLModel, table=True):
    """How many pieces of a SKU an incident has taken, and how many of them have come to an end.

    The row of the empty SKU counts orders instead: whoever reads the page can tell whether all are counted. What is
    held is not kept here; it is summed over the held orders, which are few.
    """

    __tablename__ = "sku_count"
    __table_args__ = (Index("sku_count_most", "incident_id", "accepted", "sku"),)

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    sku: str = Field(primary_key=True, max_length=64)
    name: str = Field(default="", max_length=80)
    accepted: int = Field(default=0, sa_type=BigInteger)
    home: int = Field(default=0, sa_type=BigInteger)
    closed: int = Field(default=0, sa_type=BigInteger)


class SkuNote(SQLModel, table=True):
    """A note that an order has come to an end, or back from one: it is to be counted anew.

    Whoever moves orders only adds notes. Were the counts themselves changed there, imports, batches and the composer
    would wait for each other at the row of whatever sells best.
    """

    __tablename__ = "sku_note"

    id: int | None = row_id()
    order_id: int = Field(sa_type=BigInteger)


class SkuStock(SQLModel, table=True):
    """How many pieces of a SKU the main system had, by the list that was uploaded last."""

    __tablename__ = "sku_stock"

    sku: str = Field(primary_key=True, max_length=64)
    stock: int = Field(sa_type=BigInteger)
    listed_at: datetime
    listed_by: str = Field(max_length=80)
