"""What may lie behind many stuck orders: heartbeats owed to us, changes somebody made, dependencies, our own pings."""

from datetime import datetime

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import row_id


class ExpectedBeat(SQLModel, table=True):
    """A heartbeat that a job of somebody else's owes us, and what was last heard of it."""

    __tablename__ = "expected_beat"

    name: str = Field(primary_key=True, max_length=48)
    every_s: int
    grace_s: int
    most_failures: int = 1
    due_at: datetime | None = None
    started_at: datetime | None = None
    failures: int = 0
    last_ok_at: datetime | None = None
    failed_at: datetime | None = None
    said: str = Field(default="", max_length=500)  # what its last signal said
    set_at: datetime
    set_by: str = Field(max_length=80)


class RuleChange(SQLModel, table=True):
    """Something that somebody changed in the main system or around it: a rule, a price list, a release."""

    __tablename__ = "rule_change"
    __table_args__ = (
        Index("rule_change_said", "source", "change_id", unique=True),
        Index("rule_change_at", "at"),
    )

    id: int | None = row_id()
    source: str = Field(max_length=80)  # who told us: a client, the console, a file
    change_id: str = Field(max_length=96)
    who: str = Field(max_length=80)
    what: str = Field(max_length=200)
    before: str = Field(default="", max_length=500)
    after: str = Field(default="", max_length=500)
    at: datetime
    told_at: datetime
    told_by: str = Field(max_length=80)


class DependencyWindow(SQLModel, table=True):
    """What the probes of a dependency found in ten minutes."""

    __tablename__ = "dependency_window"

    name: str = Field(primary_key=True, max_length=32)
    begins_at: datetime = Field(primary_key=True)
    probes: int
    errors: int
    latencies_ms: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # of answers
    last_ok_at: datetime | None = None
    first_error_at: datetime | None = None
    reason: str = Field(default="", max_length=80)  # of the last error


class OutgoingPing(SQLModel, table=True):
    """Our own sign of life to a dead man's switch elsewhere: when it was last tried, and last confirmed."""

    __tablename__ = "outgoing_ping"

    name: str = Field(primary_key=True, max_length=16)
    tried_at: datetime
    ok_at: datetime | None = None
    reason: str = Field(default="", max_length=80)  # why the last one failed, empty if it did not
