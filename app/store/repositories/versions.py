"""What people word anew and again: every version is kept, and the newest of each thing holds."""

from typing import Any, Generic, TypeVar

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.store.statements import insert_new
from app.store.tables import StagePlanRow, TriageWording, WarehouseHoursRow

Row = TypeVar("Row", TriageWording, StagePlanRow, WarehouseHoursRow)


class VersionRepository(Generic[Row]):
    """Keeps the versions of one table, whose key is what is worded and ``version``, counted from 1."""

    def __init__(self, session: Session, table: type[Row], *, of: str) -> None:
        self._session = session
        self._table: type[Row] = table
        self._of = of

    def latest(self) -> dict[Any, Row]:
        """Return what holds, by what is worded."""
        of, version = getattr(self._table, self._of), self._table.version
        newest = select(of, func.max(version)).group_by(of)
        rows = self._session.scalars(select(self._table).where(tuple_(of, version).in_(newest)))
        return {getattr(row, self._of): row for row in rows}

    def all_of(self, worded: object) -> list[Row]:
        """Return every version of one thing, oldest first."""
        of, version = getattr(self._table, self._of), self._table.version
        return list(self._session.scalars(select(self._table).where(of == worded).order_by(version)))

    def follow(self, row: Row) -> bool:
        """Add the version after the one that somebody has looked at; False if that is not the newest any more."""
        known = self.latest().get(getattr(row, self._of))
        if row.version != (known.version if known else 0) + 1:
            return False
        return bool(insert_new(self._session, self._table, [row.model_dump()], unique=(self._of, "version")))
