"""Who has a high-priority order in hand, and whether it is done."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlmodel import Field, SQLModel


class Attention(SQLModel, table=True):
    """A person's word on one order; it says nothing of the order's state, which its own way decides."""

    __tablename__ = "attention"

    order_id: int = Field(sa_type=BigInteger, sa_column_args=(ForeignKey("orders.id"),), primary_key=True)
    claimed_by: str = Field(max_length=80)
    claimed_at: datetime
    handled_by: str | None = Field(default=None, max_length=80)
    handled_at: datetime | None = None
    note: str | None = Field(default=None, max_length=200)
