"""What storefronts ask to be changed about their orders, and the files that tell the main system of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob, condition, partial_index, row_id

NOTED = condition("order_change", "{t}state = 'noted'")
UNTOLD = condition("order_change", "{t}batch_id IS NOT NULL AND {t}told_at IS NULL AND {t}state <> 'applied'")
OF_A_FILE = condition("order_change", "{t}batch_id IS NOT NULL")


class OrderChange(SQLModel, table=True):
    """One wish of a storefront about one of its orders; ``effect`` is what it was answered, and never changes."""

    __tablename__ = "order_change"
    __table_args__ = (
        Index("order_change_once", "order_id", "kind", unique=True),
        partial_index("order_change_noted", "id", where=NOTED),
        partial_index("order_change_untold", "batch_id", where=UNTOLD),
        partial_index("order_change_of_batch", "batch_id", "id", where=OF_A_FILE),
    )

    id: int | None = row_id()
    order_id: int = Field(sa_type=BigInteger, foreign_key="orders.id")
    kind: str = Field(max_length=6)  # a ChangeKind
    effect: str = Field(max_length=7)  # applied | noted
    state: str = Field(max_length=7)  # a ChangeState
    batch_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="batch.id")  # whose file has the order
    sealed: bytes = blob()  # what the storefront tells in words
    amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    paid_at: datetime | None = None
    asked_by: str = Field(max_length=80)
    asked_at: datetime
    told_at: datetime | None = None  # since when it stands in the file of changes
    told_main: str = Field(default="", max_length=64)  # the main system's number that stands there beside it
    settled_at: datetime | None = None
    settled_by: str | None = Field(default=None, max_length=80)
    settlement: str | None = Field(default=None, max_length=500)  # why it was refused, or how it was followed


class ChangeSheet(SQLModel, table=True):
    """The newest file of changes of a batch, as it was published; ``edition`` counts how often it was."""

    __tablename__ = "change_sheet"

    batch_id: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="batch.id")
    edition: int
    rows: int
    sha256: str = Field(max_length=64)
    manifest: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    published_at: datetime
