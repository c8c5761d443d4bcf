"""Screens on a wall that nobody has signed in at: each has a link, used once and good until it is revoked."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob, condition

LIVING = condition("kiosk", "{t}taken_at IS NOT NULL AND {t}revoked_at IS NULL")


class Kiosk(SQLModel, table=True):
    """A screen, from the making of its link to its end. Only the hashes of the link and of the cookie are kept."""

    __tablename__ = "kiosk"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=64)
    link_sha256: bytes = blob()
    link_ends_at: datetime  # unused until then, it opens nothing any more
    made_at: datetime
    made_by: str = Field(max_length=80)
    ends_at: datetime
    taken_at: datetime | None = None
    taken_from: str | None = Field(default=None, max_length=64)  # the address
    cookie_sha256: bytes | None = blob(nullable=True)
    revoked_at: datetime | None = None
    revoked_by: str | None = Field(default=None, max_length=80)
