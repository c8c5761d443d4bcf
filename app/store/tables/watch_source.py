"""Sources of lifecycle events: how far each is read, how its last look ended; parcels that a carrier was asked for."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel


def _json() -> Any:  # noqa: ANN401 - as SQLModel types a field
    return Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


class WatchSource(SQLModel, table=True):
    """One source by the name in its file; the row stays when the file is gone, so that nothing is read twice."""

    __tablename__ = "watch_source"

    name: str = Field(primary_key=True, max_length=32)
    kind: str = Field(max_length=16)
    stands_at: datetime | None = None  # the end of the last window of which everything is stored
    tried: list[str] | None = _json()  # readings that a check has read a page of
    ok_at: datetime | None = None
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    trouble: str = Field(default="", max_length=24)
    trouble_words: str = Field(default="", max_length=200)  # the vendor's
    newest_at: datetime | None = None  # the latest moment that an event of it told of
    events: int = Field(default=0, sa_type=BigInteger)  # stored
    odd: dict[str, int] | None = _json()  # what was not understood, and how often
    coverage: dict[str, dict[str, int]] | None = (
        _json()
    )  # of the carrier's first scan by channel; of the logs that were asked for


class WatchParcel(SQLModel, table=True):
    """How often a carrier was asked for the parcel of an order, and whether it is to tell of it by itself."""

    __tablename__ = "watch_parcel"
    __table_args__ = (Index("watch_parcel_waybill", "waybill"),)

    flow_id: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="order_flow.id")
    waybill: str = Field(default="", max_length=80)  # once it was subscribed to
    subscribed_at: datetime | None = None
    asked_at: datetime | None = None
    asks: int = 0
