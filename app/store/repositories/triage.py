"""The wordings of triage: all of them kept, the newest of each line in force."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.statements import insert_new
from app.store.tables import TriageWording

MOST = 5_000


class TriageRepository:
    """Keeps wordings and finds what holds."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def latest(self) -> dict[str, TriageWording]:
        """Return what holds, by the code of the line."""
        rows = select(TriageWording).order_by(TriageWording.code, TriageWording.version).limit(MOST)
        return {row.code: row for row in self._session.scalars(rows)}

    def add(self, row: TriageWording) -> bool:
        """Add a wording; False if there is one of that version already."""
        return bool(insert_new(self._session, TriageWording, [row.model_dump()], unique=("code", "version")))

    def of(self, code: str) -> list[TriageWording]:
        """Return the wordings of a line, newest first."""
        mine = select(TriageWording).where(TriageWording.code == code)
        return list(self._session.scalars(mine.order_by(TriageWording.version.desc()).limit(MOST)))
