"""The one truth about an accepted order."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob, row_id

UNCOMPOSED = text("composed_at IS NULL")
UNBATCHED = text("batch_id IS NULL AND state = 'accepted'")
RELEASED = text("batch_id IS NULL AND state = 'accepted' AND released_at IS NOT NULL")
CUSTOMER_KNOWN = text("composed_at IS NOT NULL")
SHOP_KNOWN = text("composed_at IS NOT NULL AND client_order_id IS NOT NULL")
DECIDED = text("state <> 'accepted'")


class OrderRow(SQLModel, table=True):
    """An accepted order.

    Intake writes one row and nothing else. The number is the constraint that makes a retry harmless: it is derived
    from client and key, so one unique index guards both. The other indexes that the door must keep hold only what is
    yet to be done and grow at one end; those by customer and by time are filled in by whoever composes and decides.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index("order_number", "number", unique=True),
        Index("order_decided", "incident_id", "received_at", sqlite_where=DECIDED, postgresql_where=DECIDED),
        Index("order_uncomposed", "id", sqlite_where=UNCOMPOSED, postgresql_where=UNCOMPOSED),
        Index("order_unbatched", "incident_id", "id", sqlite_where=UNBATCHED, postgresql_where=UNBATCHED),
        Index("order_released", "released_at", sqlite_where=RELEASED, postgresql_where=RELEASED),
        Index("order_held", "id", sqlite_where=text("state = 'held'"), postgresql_where=text("state = 'held'")),
        Index(
            "order_in_batch",
            "batch_id",
            "priority",
            "id",
            sqlite_where=text("batch_id IS NOT NULL"),
            postgresql_where=text("batch_id IS NOT NULL"),
        ),
        Index("order_of_customer", "phone_index", "id", sqlite_where=CUSTOMER_KNOWN, postgresql_where=CUSTOMER_KNOWN),
        Index("order_of_shop", "client_order_id", sqlite_where=SHOP_KNOWN, postgresql_where=SHOP_KNOWN),
    )

    id: int | None = row_id()
    number: str = Field(max_length=20)
    incident_id: int = Field(foreign_key="incident.id")
    client_id: str = Field(max_length=16)
    idempotency_key: str = Field(max_length=128)
    client_order_id: str | None = Field(default=None, max_length=128)
    profile: str | None = Field(default=None, max_length=64)
    fingerprint: bytes = blob()
    look_alike: bytes = blob()
    phone_index: bytes = blob()
    phone_last4: str = Field(max_length=4)
    total_fen: int | None = Field(default=None, sa_type=BigInteger)
    priority: str = Field(max_length=6)
    sealed: bytes = blob()
    sealed_payload: bytes | None = blob(nullable=True)
    received_at: datetime
    state: str = Field(default="accepted", max_length=10)
    composed_at: datetime | None = None
    released_at: datetime | None = None  # a person looked at it: never held again
    looks_like: str | None = Field(default=None, max_length=20)  # the number of the earlier order
    batch_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="batch.id")
    settled_at: datetime | None = None
    main_order_number: str | None = Field(default=None, max_length=64)
    state_reason: str | None = Field(default=None, max_length=500)
