"""Replays, and how far each order of one has come."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index, row_id

UNENDED = condition("replay", "{t}state IN ('planned', 'running', 'paused')")
OPEN = condition("replay_order", "{t}state IN ('waiting', 'sent')")


class Replay(SQLModel, table=True):
    """Orders that go home by the main system's API; one at a time, for the account has one pace."""

    __tablename__ = "replay"
    __table_args__ = (partial_index("replay_unended", "id", where=UNENDED),)

    id: int | None = row_id()
    state: str = Field(max_length=8)  # a ReplayState
    reason: str = Field(default="", max_length=300)  # why it is paused, for people
    proven: bool = False  # one order was sent alone and has been found there, or a person has looked
    planned_by: str = Field(max_length=80)
    planned_at: datetime
    ended_at: datetime | None = None


class ReplayOrder(SQLModel, table=True):
    """One order of a replay; that it is sent is written before it is, so that a process may end at any point."""

    __tablename__ = "replay_order"
    __table_args__ = (
        partial_index("replay_order_open", "order_id", where=OPEN, unique=True),
        Index("replay_order_of", "replay_id", "state", "due_at"),
    )

    replay_id: int = Field(primary_key=True, sa_type=BigInteger)
    order_id: int = Field(primary_key=True, sa_type=BigInteger)
    batch_id: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=8)  # a SentState
    due_at: datetime
    leased_until: datetime | None = None
    sends: int = 0
    asked: int = 0
    absent: int = 0
    named: bool = False  # the main system has called it created, and it has not been found there yet
    words: str = Field(default="", max_length=500)  # the main system's own, or what a person is to look at
