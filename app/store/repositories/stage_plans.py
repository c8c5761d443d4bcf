"""The plans of stages: all of them kept, the newest of each stage in force."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.statements import insert_new
from app.store.tables import StagePlanRow

MOST = 5_000


class StagePlanRepository:
    """Keeps plans and finds what holds."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def latest(self) -> dict[int, StagePlanRow]:
        """Return what holds, by the number of the stage."""
        rows = select(StagePlanRow).order_by(StagePlanRow.stage, StagePlanRow.version).limit(MOST)
        return {row.stage: row for row in self._session.scalars(rows)}

    def add(self, row: StagePlanRow) -> bool:
        """Add a plan; False if there is one of that version already."""
        return bool(insert_new(self._session, StagePlanRow, [row.model_dump()], unique=("stage", "version")))
