"""Column shapes that several tables share."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    TextClause,
    false,
    text,
)
from sqlmodel import Field

BIG = BigInteger().with_variant(Integer, "sqlite")
"""64 bits; SQLite numbers rows by itself only in a column declared INTEGER."""


def row_id() -> Any:  # noqa: ANN401 - a field of any table
    """Return a primary key that counts upwards."""
    return Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))


def drill() -> Any:  # noqa: ANN401 - a field of any table
    """Return the column that tells a rehearsal's row from a live one; the database fills in "live"."""
    return Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


def same_kind(column: str, parent: str) -> ForeignKeyConstraint:
    """Return the constraint that ``column`` names a row of ``parent`` which is as live, or as much a drill's, as ours.

    It is what keeps a drill from the living: a mixed batch cannot be written, whatever a query forgets.
    """
    return ForeignKeyConstraint([column, "drill"], [f"{parent}.id", f"{parent}.drill"])


def blob(*, nullable: bool = False) -> Any:  # noqa: ANN401 - a field of any table
    """Return a column of bytes."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


@dataclass(frozen=True, slots=True)
class IndexCondition:
    """Which rows a partial index holds, written once for the index and for the queries that want to be served by it.

    Both are literal text: a planner uses the index only where it recognises its condition, and a bound value hides it.
    """

    index: TextClause
    """As the index has it."""
    query: TextClause
    """As a query names it: with the table in front of each column, so that joins stay unambiguous."""


def condition(table: str, template: str) -> IndexCondition:
    """Return the condition ``template``, in which ``{t}`` stands before each column name."""
    return IndexCondition(text(template.format(t="")), text(template.format(t=f"{table}.")))


def partial_index(name: str, *columns: str | TextClause, where: IndexCondition, unique: bool = False) -> Index:
    """Return an index of the rows that meet ``where`` alone."""
    return Index(name, *columns, unique=unique, sqlite_where=where.index, postgresql_where=where.index)
