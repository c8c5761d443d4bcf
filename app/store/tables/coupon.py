"""The pool of coupon codes."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, drill, partial_index, row_id, same_kind

FREE = condition("coupon", "{t}given_at IS NULL")
GIVEN = condition("coupon", "{t}given_at IS NOT NULL")


class Coupon(SQLModel, table=True):
    """A code; given once, to one customer of one incident. A drill has codes of its own."""

    __tablename__ = "coupon"
    __table_args__ = (
        same_kind("incident_id", "incident"),
        same_kind("order_id", "orders"),
        partial_index("coupon_free", "id", where=FREE),
        partial_index("coupon_of_client", "client_id", "given_at", where=GIVEN),
        partial_index("coupon_given", "given_at", "id", where=GIVEN),
        partial_index("coupon_once", "incident_id", "phone_index", where=GIVEN, unique=True),
    )

    id: int | None = row_id()
    code: str = Field(unique=True, max_length=64)
    worth: str = Field(default="", max_length=64)
    added_at: datetime
    drill: bool = drill()
    incident_id: int | None = None
    phone_index: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    order_id: int | None = Field(default=None, sa_type=BigInteger)
    client_id: str | None = Field(default=None, max_length=16)  # whose customer; not in rows of earlier releases
    given_at: datetime | None = None
