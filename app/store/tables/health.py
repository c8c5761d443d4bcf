"""What the watch knows of other days: what each hour was like, and who tells of which orders."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, SQLModel


class FeedChannel(SQLModel, table=True):
    """A source tells of the orders of a channel; where it falls silent, nothing of that channel is seen."""

    __tablename__ = "feed_channel"

    source: str = Field(primary_key=True, max_length=32)
    channel: str = Field(primary_key=True, max_length=64)


class EventUpload(SQLModel, table=True):
    """A file told events of a source at a moment; the source itself was not heard then.

    ``hours_since`` is the closed hour from which on hours are to be written anew for them, None once they are;
    ``pieces`` counts the transactions in which the file was taken.
    """

    __tablename__ = "event_upload"

    source: str = Field(primary_key=True, max_length=32)
    received_at: datetime = Field(primary_key=True)
    hours_since: datetime | None = None
    pieces: int


class StageHour(SQLModel, table=True):
    """What one kind of orders spent in a stage in an hour; ``counted`` unless that hour says nothing of other days."""

    __tablename__ = "stage_hour"

    hour: datetime = Field(primary_key=True)
    channel: str = Field(primary_key=True, max_length=64)
    high: bool = Field(primary_key=True)
    stage: int = Field(primary_key=True)
    entered: int
    left: int
    order_seconds: int = Field(sa_type=BigInteger)
    counted: bool


class BacklogHour(SQLModel, table=True):
    """How many orders were on their way into and through the warehouse, minute by minute of an hour."""

    __tablename__ = "backlog_hour"

    hour: datetime = Field(primary_key=True)
    samples: list[int] = Field(default_factory=list, sa_column=Column[Any](JSON, nullable=False))
    counted: bool


class FeedHour(SQLModel, table=True):
    """How a source told in an hour: how many events, and the gaps of a minute or more that ended in it, in seconds."""

    __tablename__ = "feed_hour"

    hour: datetime = Field(primary_key=True)
    source: str = Field(primary_key=True, max_length=32)
    events: int
    gaps: list[int] = Field(default_factory=list, sa_column=Column[Any](JSON, nullable=False))


class OverdueMinute(SQLModel, table=True):
    """How many orders of an open incident waited for a batch at a minute, and how many of them for too long."""

    __tablename__ = "overdue_minute"

    minute: datetime = Field(primary_key=True)
    orders: int
    waiting: int | None = None  # not noted by earlier releases
