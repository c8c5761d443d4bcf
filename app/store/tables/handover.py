"""Codes by which a file is handed over to another computer: one download, within minutes, in a person's name."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob


class Handover(SQLModel, table=True):
    """A code, from its making to its use. Only a keyed mark of it is kept."""

    __tablename__ = "handover"
    __table_args__ = (
        Index("handover_code", "code_mark", unique=True),
        Index("handover_of_user", "user_id", "batch"),
        Index("handover_ends", "ends_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code_mark: bytes = blob()
    batch: str = Field(max_length=32)
    seen: int = 0  # downloads that its maker knew of
    user_id: int = Field(foreign_key="user_account.id")
    session_epoch: int = 0  # as the account's was: whoever ends a person's sessions ends the codes with them
    made_at: datetime
    ends_at: datetime
    taken_at: datetime | None = None
    taken_from: str | None = Field(default=None, max_length=64)  # the address
