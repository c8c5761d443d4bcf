"""What each e-mail address of an owner has heard of his alerts: one row for each group, one for each alert in it."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index, row_id

GOING_ON = condition("alert_group_member", "{t}over_at IS NULL")


class AlertGroup(SQLModel, table=True):
    """Alerts of one level, in one incident or in none, that one address hears of together.

    ``name`` is all three in one. ``version`` guards every word: of two processes that see the same, one tells.
    """

    __tablename__ = "alert_group"

    id: int | None = row_id()
    name: str = Field(unique=True, max_length=64)
    level: str = Field(max_length=8)
    incident_id: int | None = Field(default=None, foreign_key="incident.id")
    target: str = Field(max_length=16)  # an e-mail's: a person of ours, or empty for those of the settings
    told_at: datetime | None = None
    version: int = 1


class AlertGroupMember(SQLModel, table=True):
    """An alert in a group: since when something of it is to be told, in which message it was first, when it was over.

    ``first_told`` is the message's ``once``.
    """

    __tablename__ = "alert_group_member"
    __table_args__ = (
        Index("alert_group_member_once", "alert_id", "group_id", unique=True),
        partial_index("alert_group_member_going_on", "group_id", where=GOING_ON),
    )

    id: int | None = row_id()
    group_id: int = Field(sa_type=BigInteger, foreign_key="alert_group.id")
    alert_id: int = Field(sa_type=BigInteger, foreign_key="alert.id")
    owed_since: datetime | None = None
    first_told: str | None = Field(default=None, max_length=128)
    over_at: datetime | None = None
