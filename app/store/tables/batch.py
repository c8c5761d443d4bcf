"""Batches, what was in them, and what the main system said."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, drill, partial_index, row_id, same_kind

UNFINISHED = condition("batch", "{t}state IN ('claiming', 'writing')")
UNANNOUNCED = condition("batch", "{t}state = 'published' AND {t}announced_at IS NULL")
PUBLISHED = condition("batch", "{t}published_at IS NOT NULL")
LIVE = condition("batch_order", "{t}left_at IS NULL")
LEFT = condition("batch_order", "{t}left_at IS NOT NULL")
OPEN = condition("contradiction", "{t}settled_at IS NULL")


class Batch(SQLModel, table=True):
    """A file of orders for the main system; once published its bytes never change."""

    __tablename__ = "batch"
    __table_args__ = (
        same_kind("incident_id", "incident"),
        Index("batch_kind", "id", "drill", unique=True),
        partial_index("batch_unfinished", "id", where=UNFINISHED),
        partial_index("batch_unannounced", "id", where=UNANNOUNCED),
        partial_index("batch_published", "published_at", where=PUBLISHED),
    )

    id: int | None = row_id()
    name: str | None = Field(default=None, unique=True, max_length=32)
    incident_id: int = Field(index=True)
    drill: bool = drill()
    kind: str = Field(max_length=8)  # regular | repair
    repairs_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="batch.id")
    columns: str = Field(max_length=32)
    state: str = Field(max_length=10)  # a BatchState
    window_from: datetime
    window_to: datetime
    claimed_at: datetime
    lease_until: datetime
    published_at: datetime | None = None
    announced_at: datetime | None = None
    orders: int = 0
    rows: int = 0
    total_fen: int = Field(default=0, sa_type=BigInteger)
    held: int = 0
    look_alikes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # of those held
    unfit: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # the others of those held
    failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # in a row, for the same reason
    failure: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})  # the reason, as a code
    sha256: str | None = Field(default=None, max_length=64)
    manifest: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class BatchOrder(SQLModel, table=True):
    """That an order was in a batch, kept also after a repair batch has taken it over."""

    __tablename__ = "batch_order"
    __table_args__ = (
        same_kind("batch_id", "batch"),
        same_kind("order_id", "orders"),
        partial_index("live_batch_of_order", "order_id", where=LIVE, unique=True),
        partial_index("left_batch_of_order", "order_id", where=LEFT),
    )

    batch_id: int = Field(primary_key=True, sa_type=BigInteger)
    order_id: int = Field(primary_key=True, sa_type=BigInteger)
    drill: bool = drill()
    left_at: datetime | None = None


class ImportResult(SQLModel, table=True):
    """What the main system said of one order in one batch; append-only, the last word counts."""

    __tablename__ = "import_result"
    __table_args__ = (Index("result_of_order", "order_id", "id"), Index("result_in_batch", "batch_id", "id"))

    id: int | None = row_id()
    batch_id: int = Field(sa_type=BigInteger, foreign_key="batch.id")
    order_id: int = Field(sa_type=BigInteger, foreign_key="orders.id")
    result: str = Field(max_length=10)  # imported | duplicate | failed
    main_order_number: str | None = Field(default=None, max_length=64)
    reason: str | None = Field(default=None, max_length=500)
    reported_by: str = Field(max_length=64)
    reported_at: datetime


class MainNumber(SQLModel, table=True):
    """A number that the main system gave an order: several where it was split, one for several where merged."""

    __tablename__ = "main_number"
    __table_args__ = (Index("main_number_of", "number"),)

    order_id: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="orders.id")
    number: str = Field(primary_key=True, max_length=64)
    said_at: datetime


class Contradiction(SQLModel, table=True):
    """A word of the main system that does not fit what is known; it changes nothing until a person has decided."""

    __tablename__ = "contradiction"
    __table_args__ = (
        partial_index("contradiction_open", "order_id", "said", "said_main", where=OPEN, unique=True),
        Index("contradiction_of_batch", "batch_id", "id"),
    )

    id: int | None = row_id()
    order_id: int = Field(sa_type=BigInteger, foreign_key="orders.id")
    batch_id: int = Field(sa_type=BigInteger, foreign_key="batch.id")
    known: str = Field(max_length=10)
    known_main: str = Field(default="", max_length=64)
    said: str = Field(max_length=10)
    said_main: str = Field(default="", max_length=64)
    reason: str | None = Field(default=None, max_length=500)
    reported_by: str = Field(max_length=64)
    reported_at: datetime
    settled_at: datetime | None = None
    settled_by: str | None = Field(default=None, max_length=64)
    settlement: str | None = Field(default=None, max_length=10)  # kept | corrected
