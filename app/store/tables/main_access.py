"""Accounts of main systems: whether a check has passed, and the token that holds where tokens run out."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob


class MainAccess(SQLModel, table=True):
    """One account; ``seed`` marks the secrets that its token grew from: other secrets begin anew."""

    __tablename__ = "main_access"

    name: str = Field(primary_key=True, max_length=80)
    tried_at: datetime | None = None  # when everything was last found well; None: nobody knows that it is
    seed: str = Field(default="", max_length=16)
    sealed: bytes | None = blob(nullable=True)
    expires_at: datetime | None = None
