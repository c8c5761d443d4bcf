"""What somebody should know of: one row for each episode of a trouble, from its beginning to its end."""

from datetime import datetime

from sqlalchemy import BigInteger, false
from sqlmodel import Field, SQLModel

from app.store.tables.columns import condition, partial_index, row_id

UNENDED = condition("alert", "{t}ended_at IS NULL")
UNTOLD = condition(
    "alert",
    "{t}firing_since IS NOT NULL AND ({t}told_at IS NULL OR ({t}ended_at IS NOT NULL AND {t}end_told_at IS NULL))",
)


class Alert(SQLModel, table=True):
    """One episode: ``fingerprint`` says of what, and holds neither a value nor a level nor a time.

    Each transition is an update guarded by ``version``. Silenced and inhibited are flags: the life goes on underneath.
    """

    __tablename__ = "alert"
    __table_args__ = (
        partial_index("alert_of_trouble", "fingerprint", where=UNENDED, unique=True),
        partial_index("alert_untold", "id", where=UNTOLD),
    )

    id: int | None = row_id()
    fingerprint: str = Field(max_length=200)
    episode: int = 1  # counts the episodes of a fingerprint
    version: int = 1
    rule: str = Field(max_length=48)
    subject: str = Field(default="", max_length=100)  # what it is about: a channel, a machine, a stage
    stage: int | None = None  # of the orders' way, where it is about one
    level: str = Field(max_length=8)  # notice | yellow | orange | red
    state: str = Field(max_length=12)  # an AlertState
    text: str = Field(max_length=500)
    pending_since: datetime | None = None
    firing_since: datetime | None = None
    clear_since: datetime | None = None
    step: int = 0  # of the escalation
    next_step_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = Field(default=None, max_length=80)
    acknowledged_until: datetime | None = None
    acknowledged_told_at: datetime | None = None  # when the others heard of it
    silenced_until: datetime | None = None
    silenced_by: str | None = Field(default=None, max_length=80)
    silenced_why: str | None = Field(default=None, max_length=200)
    inhibited_by: int | None = Field(default=None, sa_type=BigInteger, foreign_key="alert.id")
    inhibited_why: str | None = Field(default=None, max_length=16)  # an Inhibitor
    unseen_since: datetime | None = None  # since when nobody can tell whether it still holds
    judged_by: str | None = Field(default=None, max_length=16)  # tells the lines it was last judged by from others
    flapping: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    ended_at: datetime | None = None
    end_reason: str | None = Field(default=None, max_length=100)
    told_at: datetime | None = None
    end_told_at: datetime | None = None
