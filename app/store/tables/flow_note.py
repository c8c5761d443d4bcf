"""What the watch is yet to hear of our own orders."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from app.store.tables.columns import row_id


class FlowNote(SQLModel, table=True):
    """A note that an order of ours is new, or has come to its end or back from one: the watch is to be told.

    The door leaves none. Notes are removed by their own ids once what they are about is stored, so it does not matter
    in which order transactions commit: one that commits late is found when it is there.
    """

    __tablename__ = "flow_note"
    __table_args__ = {"sqlite_autoincrement": True}  # else SQLite gives the next note the id of one that is gone

    id: int | None = row_id()
    order_id: int = Field(sa_type=BigInteger)
