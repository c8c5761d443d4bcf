"""How people have planned the stages of the orders' way; every plan stays."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class StagePlanRow(SQLModel, table=True):
    """One plan of one stage; the highest version is what holds."""

    __tablename__ = "stage_plan"

    stage: int = Field(primary_key=True)
    version: int = Field(primary_key=True)
    limit_minutes: int
    owner: str = Field(max_length=40)
    keeper: str = Field(default="", max_length=64)  # an account's name: who hears of yellow alerts by e-mail
    exceptions: str = Field(max_length=500)
    changed_at: datetime
    changed_by: str = Field(max_length=80)
