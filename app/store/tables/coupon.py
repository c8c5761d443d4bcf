"""The pool of coupon codes."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index, row_id

FREE = condition("coupon", "{t}given_at IS NULL")
GIVEN = condition("coupon", "{t}given_at IS NOT NULL")


class Coupon(SQLModel, table=True):
    """A code; given once, to one customer of one incident."""

    __tablename__ = "coupon"
    __table_args__ = (
        partial_index("coupon_free", "id", where=FREE),
        partial_index("coupon_once", "incident_id", "phone_index", where=GIVEN, unique=True),
    )

    id: int | None = row_id()
    code: str = Field(unique=True, max_length=64)
    worth: str = Field(default="", max_length=64)
    added_at: datetime
    incident_id: int | None = Field(default=None, foreign_key="incident.id")
    phone_index: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    order_id: int | None = Field(default=None, sa_type=BigInteger)
    given_at: datetime | None = None
