"""Column shapes that several tables share."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, LargeBinary
from sqlmodel import Field

BIG = BigInteger().with_variant(Integer, "sqlite")
"""64 bits; SQLite numbers rows by itself only in a column declared INTEGER."""


def row_id() -> Any:  # noqa: ANN401 - a field of any table
    """Return a primary key that counts upwards."""
    return Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))


def blob(*, nullable: bool = False) -> Any:  # noqa: ANN401 - a field of any table
    """Return a column of bytes."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))
