"""Settings that somebody changed without a shell; where a row stands, it stands before what ``.env`` says."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob


class KeptSetting(SQLModel, table=True):
    """One setting; its value is sealed, as the address of a robot is the robot's password."""

    __tablename__ = "kept_setting"

    name: str = Field(primary_key=True, max_length=40)
    sealed: bytes = blob()
    changed_at: datetime
    changed_by: str = Field(max_length=80)
