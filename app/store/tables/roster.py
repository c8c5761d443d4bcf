"""Who is on duty: shifts, overrides, the fallback person, and which hand-overs have been told."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import row_id


class Shift(SQLModel, table=True):
    """A person's planned time on duty; ``place`` 1 is asked first, 2 where the first does not answer."""

    __tablename__ = "shift"
    __table_args__ = (Index("shift_ends", "ends_at"),)

    id: int | None = row_id()
    user_id: int = Field(foreign_key="user_account.id")
    place: int = 1
    starts_at: datetime
    ends_at: datetime


class ShiftOverride(SQLModel, table=True):
    """Somebody else's time on duty, which wins over every shift; of two the one made last wins."""

    __tablename__ = "shift_override"
    __table_args__ = (Index("shift_override_ends", "ends_at"),)

    id: int | None = row_id()
    user_id: int = Field(foreign_key="user_account.id")
    place: int = 1
    starts_at: datetime
    ends_at: datetime
    reason: str = Field(max_length=200)
    made_by: str = Field(max_length=80)
    made_at: datetime


class DutyFallback(SQLModel, table=True):
    """The person who is asked where nobody on duty answers; one row, which is replaced and never removed."""

    __tablename__ = "duty_fallback"

    id: int = Field(default=1, primary_key=True)
    user_id: int = Field(foreign_key="user_account.id")
    set_by: str = Field(max_length=80)
    set_at: datetime


class DutyNotice(SQLModel, table=True):
    """Something about the roster, or of a whole day, that was told, written in the transaction of its messages.

    ``once`` names what it was (a change, a person, before it or at it; a day's warnings or its summary), so that a
    restart, or another worker, cannot tell it twice.
    """

    __tablename__ = "duty_notice"
    __table_args__ = (Index("duty_notice_told", "told_at"),)

    once: str = Field(primary_key=True, max_length=96)
    told_at: datetime
