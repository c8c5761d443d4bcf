"""An incident owns everything that happens between the main system's fall and the closing report."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index

OPEN = condition("incident", "{t}closed_at IS NULL")


class Incident(SQLModel, table=True):
    """One outage, or one drill of it; at most one of each kind is open."""

    __tablename__ = "incident"
    __table_args__ = (
        Index("incident_kind", "id", "drill", unique=True),
        partial_index("one_open_incident", "drill", where=OPEN, unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=32)
    drill: bool = False
    reason: str = Field(default="", max_length=500)
    opened_by: str = Field(default="", max_length=64)
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = Field(default=None, max_length=64)


class StateCount(SQLModel, table=True):
    """How many orders of an incident are in a state, kept by the transactions that move them.

    Orders that wait for a batch are not kept here but counted: the door, which adds them, must not wait for this row.
    """

    __tablename__ = "standing"

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    state: str = Field(primary_key=True, max_length=10)
    orders: int = Field(default=0, sa_type=BigInteger)


class AcceptedCount(SQLModel, table=True):
    """How many orders the door has taken for an incident, kept by the very transaction that takes them.

    Split over shards so that replicas do not wait for each other's counter; the sum counts.
    """

    __tablename__ = "tally"

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    shard: int = Field(primary_key=True)
    accepted: int = Field(default=0, sa_type=BigInteger)
