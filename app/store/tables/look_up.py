"""How far the look for an order in the main system has come."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.domain.look_up import LookUpState
from app.store.tables.columns import condition, partial_index

OPEN = condition("look_up", "{t}state = 'open'")


class LookUp(SQLModel, table=True):
    """One order that the main system may have, and what it has answered so far; by the order's number.

    Only reads are made in its name, so a claim that ends with its process is made again once ``leased_until`` is past.
    """

    __tablename__ = "look_up"
    __table_args__ = (partial_index("look_up_due", "due_at", where=OPEN),)

    number: str = Field(primary_key=True, max_length=20)
    state: str = Field(default=LookUpState.OPEN, max_length=6)
    times: (
        int  # what ``passed_on.times`` was: a further attempt at the main system makes all answers before it worthless
    )
    asked: int = 0
    absent: int = 0
    asked_at: datetime | None = None
    due_at: datetime
    leased_until: datetime | None = None
    ended_at: datetime | None = None
    words: str = Field(default="", max_length=300)  # what people read of the last answer

    @property
    def is_open(self) -> bool:
        """Whether the main system is to be asked again."""
        return self.state == LookUpState.OPEN
