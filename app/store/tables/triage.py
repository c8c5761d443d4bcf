"""How people have worded the lines of the table of triage; every wording stays."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class TriageWording(SQLModel, table=True):
    """One wording of one line; the highest version of a code is what holds."""

    __tablename__ = "triage_wording"

    code: str = Field(primary_key=True, max_length=32)
    version: int = Field(primary_key=True)
    owner: str = Field(max_length=40)
    meaning: str = Field(max_length=200)
    say: str = Field(max_length=500)
    next: str = Field(max_length=300)
    changed_at: datetime
    changed_by: str = Field(max_length=80)
