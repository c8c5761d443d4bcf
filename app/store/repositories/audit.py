"""Who did what; rows are added and read, never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.store.tables import Audit


class AuditRepository:
    """Writes down deeds and reads them back."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(
        self,
        action: str,
        *,
        by: Actor,
        at: datetime,
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down one deed, in the transaction that does it."""
        deed = Audit(
            at=at,
            actor=by.name,
            action=action,
            subject=subject,
            address=by.address,
            detail=dict(detail or {}),
        )
        self._session.add(deed)

    def of(self, subject: str, action: str | None = None, *, limit: int = 200) -> list[Audit]:
        """Return what was done to ``subject``, oldest first."""
        query = select(Audit).where(Audit.subject == subject)
        if action is not None:
            query = query.where(Audit.action == action)
        return list(self._session.scalars(query.order_by(Audit.id).limit(limit)))

    def of_each(self, subjects: Sequence[str], action: str, *, limit: int = 1000) -> dict[str, list[Audit]]:
        """Return what was done to each of a page of subjects, newest first, in one question."""
        query = select(Audit).where(Audit.subject.in_(subjects), Audit.action == action)
        found: dict[str, list[Audit]] = {}
        for deed in self._session.scalars(query.order_by(Audit.id.desc()).limit(limit)):
            found.setdefault(deed.subject, []).append(deed)
        return found
