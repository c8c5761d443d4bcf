"""What keeps several processes honest: leases, pauses, runs of jobs, the audit, and which secrets belong here."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index, row_id

UNCHAINED = condition("audit", "{t}chained_at IS NULL")
CHAINED = condition("audit", "{t}block_id IS NOT NULL")


class Lease(SQLModel, table=True):
    """A role that only one process may have: its holder, and until when."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True, max_length=64)
    holder: str = Field(max_length=64)
    until: datetime


class Pause(SQLModel, table=True):
    """Why a channel's destination is left alone, and until when; lifted by the first message that gets through.

    One that a person ordered stands in a row of its own, and is lifted by a person or by its end.
    """

    __tablename__ = "pause"

    name: str = Field(primary_key=True, max_length=64)  # channel:target, behind ahead: (the clock) or person:
    until: datetime
    reason: str = Field(max_length=200)
    fault: bool = False  # the channel refused for a reason of its own, which a person must mend
    since: datetime
    after_attempt: int | None = Field(default=None, sa_type=BigInteger)  # only a later one may lift it
    by: str | None = Field(default=None, max_length=80)  # the person who ordered it


class JobRun(SQLModel, table=True):
    """One run of a job of the calendar: when it was due, begun and done, and how it ended."""

    __tablename__ = "job_run"
    __table_args__ = (Index("job_run_of", "name", "id"),)

    id: int | None = row_id()
    name: str = Field(max_length=48)
    due_at: datetime
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = Field(default=None, max_length=8)  # ok | failed
    detail: str | None = Field(default=None, max_length=200)


class Heartbeat(SQLModel, table=True):
    """When something that must never fall silent was last heard of."""

    __tablename__ = "heartbeat"

    name: str = Field(primary_key=True, max_length=64)
    at: datetime
    holder: str = Field(default="", max_length=64)


class Audit(SQLModel, table=True):
    """Who did what to what, and from where; append-only, and chained afterwards so that a change would show."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_subject", "subject", "action", "id"),
        partial_index("audit_unchained", "id", where=UNCHAINED),
        partial_index("audit_of_block", "block_id", "id", where=CHAINED),
    )

    id: int | None = row_id()
    at: datetime
    actor: str = Field(max_length=80)
    way: str = Field(default="", max_length=8, sa_column_kwargs={"server_default": ""})  # a Way; empty in old rows
    action: str = Field(max_length=48)
    subject: str = Field(default="", max_length=80)
    address: str = Field(default="", max_length=64)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    chained_at: datetime | None = None
    block_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="audit_block.id")


class AuditBlock(SQLModel, table=True):
    """A link of the audit's chain: its hash covers the deeds of the block and the hash of the block before."""

    __tablename__ = "audit_block"

    id: int | None = row_id()
    deeds: int
    hash: str = Field(max_length=64)
    made_at: datetime


class Instance(SQLModel, table=True):
    """Facts about this deployment, such as the marks of the keys its rows were made with."""

    __tablename__ = "instance"

    name: str = Field(primary_key=True, max_length=48)
    value: str = Field(max_length=200)
