"""What we owe people: a message and every attempt to deliver it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from app.domain.subject import kind_of
from app.store.tables.columns import condition, drill, partial_index, row_id, same_kind

OPEN = condition("message", "{t}state IN ('pending', 'sending', 'settling')")
SETTLING = condition("message", "{t}state = 'settling'")
DEAD = condition("message", "{t}state = 'dead'")
OF_ORDER = condition("message", "{t}order_id IS NOT NULL")
OF_ALERT = condition("message", "{t}alert_id IS NOT NULL")
MERGED = condition("message", "{t}merged_into IS NOT NULL")


class Message(SQLModel, table=True):
    """One message to one destination, written in the transaction of the fact it tells of.

    ``once`` names that fact (``order_wecom:17:0``), so that composing it twice is impossible. ``subject`` is what it is
    about, ``channel`` the way it goes. ``content`` holds what the text is made from, without personal data: an SMS
    finds its phone in the sealed order.
    """

    __tablename__ = "message"
    __table_args__ = (
        same_kind("incident_id", "incident"),
        same_kind("order_id", "orders"),
        same_kind("batch_id", "batch"),
        partial_index("message_open", "channel", "target", "lane", "due_at", where=OPEN),
        partial_index("message_settling", "due_at", where=SETTLING),
        partial_index("message_dead", "id", where=DEAD),
        partial_index("message_of_order", "order_id", where=OF_ORDER),
        partial_index("message_of_alert", "alert_id", where=OF_ALERT),
        partial_index("message_merged", "merged_into", where=MERGED),
    )

    id: int | None = row_id()
    once: str = Field(unique=True, max_length=128)
    incident_id: int | None = None
    drill: bool = drill()
    subject: str = Field(max_length=24)  # a Subject
    channel: str = Field(max_length=8)  # the name of a ChannelKind
    target: str = Field(default="", max_length=16)  # which robot; of a text message, which client's customer
    lane: int = 2
    order_id: int | None = Field(default=None, sa_type=BigInteger)
    batch_id: int | None = Field(default=None, sa_type=BigInteger)
    alert_id: int | None = Field(default=None, sa_type=BigInteger)  # not in rows of earlier releases
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    state: str = Field(default="pending", max_length=10)  # a MessageState
    created_at: datetime
    due_at: datetime
    lease_until: datetime | None = None
    attempts: int = 0
    asked: int = 0
    last_reason: str | None = Field(default=None, max_length=200)
    finished_at: datetime | None = None
    merged_into: int | None = Field(default=None, sa_type=BigInteger)

    @property
    def kind(self) -> str:
        """The public name of what it is, such as ``order_wecom``."""
        return kind_of(self.subject, self.channel)


class Attempt(SQLModel, table=True):
    """One try to deliver a message; written before the network is touched, completed after."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("attempt_pace", "channel", "target", "started_at"),
        Index("attempt_of_message", "message_id"),
    )

    id: int | None = row_id()
    message_id: int = Field(sa_type=BigInteger, foreign_key="message.id")
    channel: str = Field(max_length=8)
    target: str = Field(default="", max_length=16)
    number: int
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = Field(default=None, max_length=12)
    reason: str | None = Field(default=None, max_length=200)
    reference: str | None = Field(default=None, max_length=128)
