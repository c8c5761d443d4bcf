"""The pool of coupon codes."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from app.store.tables.columns import row_id


class Coupon(SQLModel, table=True):
    """A code; given once, to one customer of one incident."""

    __tablename__ = "coupon"
    __table_args__ = (
        Index("coupon_free", "id", sqlite_where=text("given_at IS NULL"), postgresql_where=text("given_at IS NULL")),
        Index(
            "coupon_once",
            "incident_id",
            "phone_index",
            unique=True,
            sqlite_where=text("given_at IS NOT NULL"),
            postgresql_where=text("given_at IS NOT NULL"),
        ),
    )

    id: int | None = row_id()
    code: str = Field(unique=True, max_length=64)
    worth: str = Field(default="", max_length=64)
    added_at: datetime
    incident_id: int | None = Field(default=None, foreign_key="incident.id")
    phone_index: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    order_id: int | None = Field(default=None, sa_type=BigInteger)
    given_at: datetime | None = None
