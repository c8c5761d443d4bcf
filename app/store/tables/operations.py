"""What keeps several processes honest: leases, the record of who did what, and which secrets belong here."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import row_id


class Lease(SQLModel, table=True):
    """Who holds a role that only one process may have, and until when."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True, max_length=64)
    holder: str = Field(max_length=64)
    until: datetime


class Audit(SQLModel, table=True):
    """Who did what to what, and from where; append-only."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_subject", "subject", "action", "id"),)

    id: int | None = row_id()
    at: datetime
    actor: str = Field(max_length=80)
    action: str = Field(max_length=48)
    subject: str = Field(default="", max_length=80)
    address: str = Field(default="", max_length=64)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Instance(SQLModel, table=True):
    """Facts about this deployment, such as the marks of the keys its rows were made with."""

    __tablename__ = "instance"

    name: str = Field(primary_key=True, max_length=48)
    value: str = Field(max_length=200)
