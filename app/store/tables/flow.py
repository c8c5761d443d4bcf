"""Orders on their way through the main system: what was told of them, where they are, and the sums of each stage.

Two sums of times answer for any window without looking at an order: the order-minutes spent in a stage up to a moment
are (moment x entries - sum of their times) - (moment x exits - sum of theirs), over what happened before it. The totals
hold all of that, the minutes what is to be taken off for a moment that is past. Times are read off the stage's own
clock (``app/domain/working_clock.py``), which never says anything else of a moment that is past. An order whose way
turns out otherwise moves its own entries and exits from one minute to another, and touches nothing else. Only visits of
which nothing was guessed are summed; ``inside`` counts all, and ``inferred`` the others that have ended.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index, row_id

IN_STAGE = condition("order_flow", "{t}stage IS NOT NULL")
PROMISED = condition("order_flow", "{t}promised_at IS NOT NULL AND {t}stage IS NOT NULL")


class OrderFlow(SQLModel, table=True):
    """Where an order is, by the name under which the main system's events tell of it."""

    __tablename__ = "order_flow"
    __table_args__ = (
        Index("order_flow_ref", "order_ref", unique=True),
        partial_index("order_flow_in_stage", "stage", "entered_at", where=IN_STAGE),
        partial_index("order_flow_promised", "promised_at", where=PROMISED),
    )

    id: int | None = row_id()
    order_ref: str = Field(max_length=80)
    channel: str = Field(default="", max_length=64)  # as the figures have it: one of the first twenty, or ""
    high: bool = False
    standing: str = Field(max_length=12)  # a Standing
    stage: int | None = None
    entered_at: datetime | None = None
    reworks: int = 0
    promised_at: datetime | None = None  # by when it is to be shipped
    said: dict[str, str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


class StoredEvent(SQLModel, table=True):
    """Something that happened to an order, once for each source and id.

    ``said_at`` is when by its sender's clock, ``at`` when as far as we believe it.
    """

    __tablename__ = "lifecycle_event"
    __table_args__ = (
        Index("lifecycle_event_said", "source", "event_id", unique=True),
        Index("lifecycle_event_of", "flow_id", "id"),
        Index("lifecycle_event_heard", "source", "received_at"),
    )

    id: int | None = row_id()
    source: str = Field(max_length=32)
    event_id: str = Field(max_length=96)
    flow_id: int = Field(sa_type=BigInteger, foreign_key="order_flow.id")
    mark: str = Field(max_length=16)  # a Mark
    at: datetime
    said_at: datetime
    received_at: datetime
    channel: str = Field(default="", max_length=64)
    attributes: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


class StageVisit(SQLModel, table=True):
    """A time that an order spent in a stage, or spends there; ``place`` counts the visits of an order from 0."""

    __tablename__ = "stage_visit"
    __table_args__ = (Index("stage_visit_left", "stage", "left_at"),)

    flow_id: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="order_flow.id")
    place: int = Field(primary_key=True)
    stage: int
    channel: str = Field(max_length=64)
    high: bool
    entered_at: datetime
    left_at: datetime | None = None
    inferred: bool


class SummedVisits(SQLModel):
    """Entries and exits, and what they do to the orders inside; the sums are seconds of the stage's clock."""

    entered: int = Field(sa_type=BigInteger)
    entered_at_sum: int = Field(sa_type=BigInteger)
    left: int = Field(sa_type=BigInteger)
    left_at_sum: int = Field(sa_type=BigInteger)
    inside: int = Field(sa_type=BigInteger)
    inferred: int = Field(sa_type=BigInteger)


class StageMinute(SummedVisits, table=True):
    """What happened at a stage in a minute."""

    __tablename__ = "stage_minute"

    minute: datetime = Field(primary_key=True)
    channel: str = Field(primary_key=True, max_length=64)
    high: bool = Field(primary_key=True)
    stage: int = Field(primary_key=True)


class StageTotal(SummedVisits, table=True):
    """The same over all minutes."""

    __tablename__ = "stage_total"

    channel: str = Field(primary_key=True, max_length=64)
    high: bool = Field(primary_key=True)
    stage: int = Field(primary_key=True)
