"""When the warehouse works, as people have worded it; every wording stays, since clocks go by all of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class WarehouseHoursRow(SQLModel, table=True):
    """One wording, that holds from ``starts_at`` on; ``week`` has seven texts, ``special_days`` more by ISO date."""

    __tablename__ = "warehouse_hours"

    clock: str = Field(primary_key=True, max_length=16)  # a Clock
    version: int = Field(primary_key=True)
    starts_at: datetime
    zone: str = Field(max_length=64)  # the merchant's when it was written: another one later changes no past hour
    week: list[str] = Field(sa_column=Column[Any](JSON, nullable=False))
    special_days: dict[str, str] = Field(sa_column=Column[Any](JSON, nullable=False))
    changed_at: datetime
    changed_by: str = Field(max_length=80)
