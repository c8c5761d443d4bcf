"""The one truth about an accepted order."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob, condition, drill, partial_index, row_id, same_kind

UNCOMPOSED = condition("orders", "{t}composed_at IS NULL")
COMPOSED = condition("orders", "{t}composed_at IS NOT NULL")
UNBATCHED = condition("orders", "{t}batch_id IS NULL AND {t}state = 'accepted'")
RELEASED = condition("orders", "{t}batch_id IS NULL AND {t}state = 'accepted' AND {t}released_at IS NOT NULL")
HELD = condition("orders", "{t}state = 'held'")
IN_BATCH = condition("orders", "{t}batch_id IS NOT NULL")
SHOP_KNOWN = condition("orders", "{t}composed_at IS NOT NULL AND {t}client_order_id IS NOT NULL")
SHOP_DECIDED = condition("orders", "{t}state <> 'accepted' AND {t}client_order_id IS NOT NULL")
DECIDED = condition("orders", "{t}state <> 'accepted'")

TAIL = 6
"""Characters of a number's end by which people name an order: what a text message may hold."""
TAIL_OF = "substr({t}number, length({t}number) - 5)"
SHOP_ANY_CASE = "lower({t}client_order_id)"
"""Values that indexes hold and no column does; like their conditions, queries must name them literally."""


class OrderRow(SQLModel, table=True):
    """An accepted order.

    Intake writes one row and nothing else. The number is the constraint that makes a retry harmless: it is derived
    from client and key, so one unique index guards both. The other indexes that the door must keep hold only what is
    yet to be done and grow at one end; those by customer and by time are filled in by composing and deciding.
    """

    __tablename__ = "orders"
    __table_args__ = (
        same_kind("incident_id", "incident"),
        same_kind("batch_id", "batch"),
        Index("order_number", "number", unique=True),
        Index("order_kind", "id", "drill", unique=True),
        partial_index("order_decided", "incident_id", "received_at", where=DECIDED),
        partial_index("order_uncomposed", "id", where=UNCOMPOSED),
        partial_index("order_unbatched", "incident_id", "id", where=UNBATCHED),
        partial_index("order_released", "released_at", where=RELEASED),
        partial_index("order_held", "id", where=HELD),
        partial_index("order_in_batch", "batch_id", "priority", "id", where=IN_BATCH),
        partial_index("order_of_customer", "phone_index", "id", where=COMPOSED),
        partial_index("order_shop_decided", "client_id", "client_order_id", where=SHOP_DECIDED),
        partial_index("order_of_shop", "client_order_id", where=SHOP_KNOWN),
        partial_index("order_of_shop_any_case", text(SHOP_ANY_CASE.format(t="")), where=SHOP_KNOWN),
        partial_index("order_of_last4", "phone_last4", "id", where=COMPOSED),
        partial_index("order_of_tail", text(TAIL_OF.format(t="")), where=COMPOSED),
    )

    id: int | None = row_id()
    number: str = Field(max_length=20)
    incident_id: int
    drill: bool = drill()
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
    sealed_original: bytes | None = blob(nullable=True)  # as it was accepted, once a person has completed it
    received_at: datetime
    state: str = Field(default="accepted", max_length=10)
    composed_at: datetime | None = None
    released_at: datetime | None = None  # a person looked at it: never held again
    completed_at: datetime | None = None  # a person completed it: it waits since then, and is judged anew
    held_kind: str | None = Field(default=None, max_length=16)  # a HeldKind, also after a person has decided
    looks_like: str | None = Field(default=None, max_length=20)  # the number of the earlier order
    batch_id: int | None = Field(default=None, sa_type=BigInteger)
    settled_at: datetime | None = None
    main_order_number: str | None = Field(default=None, max_length=64)
    state_reason: str | None = Field(default=None, max_length=500)
