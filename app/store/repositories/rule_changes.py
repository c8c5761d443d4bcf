"""What somebody changed around the orders: told once under an id, and read around a moment."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.store.statements import IN_LIMIT, chunks, insert_new
from app.store.tables import RuleChange

FACTS = ("who", "what", "before", "after", "at")
"""What makes a change the same one when it is told again."""


class RuleChangeRepository:
    """Keeps changes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, rows: Sequence[RuleChange]) -> set[str]:
        """Add changes of one source that are not known; return the ids of those that were new."""
        said = {row.change_id for row in rows}
        known = set(self.known(rows[0].source, said)) if rows else set()
        new = {row.change_id: row.model_dump(exclude={"id"}) for row in rows if row.change_id not in known}
        insert_new(self._session, RuleChange, list(new.values()), unique=("source", "change_id"))
        return set(new)

    def known(self, source: str, change_ids: Collection[str]) -> dict[str, RuleChange]:
        """Return the changes of a source by these ids."""
        found: dict[str, RuleChange] = {}
        for part in chunks(sorted(change_ids), IN_LIMIT):
            query = select(RuleChange).where(RuleChange.source == source, RuleChange.change_id.in_(part))
            found.update({row.change_id: row for row in self._session.scalars(query)})
        return found

    def between(self, since: datetime, until: datetime, *, limit: int) -> list[RuleChange]:
        """Return the newest changes between two moments, newest first."""
        query = select(RuleChange).where(RuleChange.at >= since, RuleChange.at <= until)
        return list(self._session.scalars(query.order_by(RuleChange.at.desc(), RuleChange.id.desc()).limit(limit)))

    def newest(self, *, limit: int) -> list[RuleChange]:
        """Return the newest changes, newest first."""
        query = select(RuleChange).order_by(RuleChange.at.desc(), RuleChange.id.desc())
        return list(self._session.scalars(query.limit(limit)))

    def forget_before(self, moment: datetime) -> int:
        """Forget changes that were made before then; return how many."""
        return self._session.execute(delete(RuleChange).where(RuleChange.at < moment)).rowcount
