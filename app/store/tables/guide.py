"""What people tick off while the main system is down, where nothing measures it."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class GuideTick(SQLModel, table=True):
    """A step of an incident that is done, or a job of it that somebody has; ``said`` is what was written beside it."""

    __tablename__ = "guide_tick"

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    step: str = Field(primary_key=True, max_length=24)
    said: str = Field(default="", max_length=100)
    done_at: datetime
    done_by: str = Field(max_length=80)
