"""The order in which a storefront hears of its orders anew, so that it misses none, whoever commits when."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index

UNPLACED = condition("order_place", "{t}place IS NULL")
PLACED = condition("order_place", "{t}place IS NOT NULL")


class OrderPlace(SQLModel, table=True):
    """Where an order stands among those of its client; without a ``place`` something has changed since.

    Whoever changes an order takes its place away, in the same transaction; the next list gives it a new one at the end,
    one list of a client at a time. What commits late is placed late: a cursor never stands behind it.
    """

    __tablename__ = "order_place"
    __table_args__ = (
        partial_index("order_unplaced", "client_id", "changed_at", "order_id", where=UNPLACED),
        partial_index("order_placed", "client_id", "changed_at", "place", where=PLACED),
    )

    order_id: int = Field(primary_key=True, sa_type=BigInteger)
    client_id: str = Field(max_length=16)
    place: int | None = Field(default=None, sa_type=BigInteger)
    changed_at: datetime


class OrderFeed(SQLModel, table=True):
    """How far the list of a client has come; locked while places are given."""

    __tablename__ = "order_feed"

    client_id: str = Field(primary_key=True, max_length=16)
    last_place: int = Field(sa_type=BigInteger)
    last_changed_at: datetime | None = None
    listed_at: datetime | None = None  # when nothing was left without a place
