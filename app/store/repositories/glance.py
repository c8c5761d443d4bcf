"""One cheap look at everything: marks that move whenever something has changed which a screen may show.

A mark is the newest row id or the sum of a few small rows; none costs more after a long past.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.tables import (
    Alert,
    Attempt,
    Audit,
    Batch,
    Contradiction,
    ImportResult,
    Incident,
    JobRun,
    Kiosk,
    Message,
    OrderRow,
    Pause,
    StateCount,
    User,
)
from app.store.tables.alert import UNENDED
from app.store.tables.batch import PUBLISHED
from app.store.tables.kiosk import LIVING

ENDINGS = 100
"""Newest attempts whose ends are looked at: more than are under way at once."""


@dataclass(frozen=True, slots=True)
class Glance:
    """The marks of one moment, and who may go on looking.

    ``marks`` are comparable values by name. ``people`` has the session epoch of every open account, ``kiosks`` the row
    ids of the screens whose link holds.
    """

    marks: Mapping[str, Any]
    people: Mapping[int, int]
    kiosks: frozenset[int]


class GlanceRepository:
    """Takes the look."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, *, now: datetime) -> Glance:
        """Return the marks of this moment."""
        ends = select(Attempt.finished_at).order_by(Attempt.id.desc()).limit(ENDINGS).subquery().c.finished_at
        questions = {
            "orders": select(func.max(OrderRow.id)),
            "moved": select(func.sum(StateCount.orders)),
            "results": select(func.max(ImportResult.id)),
            "contradictions": select(func.max(Contradiction.id)),
            "batches": select(func.max(Batch.id)),
            "published": select(func.max(Batch.published_at)).where(PUBLISHED.query),
            "messages": select(func.max(Message.id)),
            "attempts": select(func.max(Attempt.id)),
            "delivered": select(func.max(ends)),
            "pauses": select(func.max(Pause.since)),
            "paused": select(func.count()).select_from(Pause),
            "alerts": select(func.max(Alert.id)),
            "alert_versions": select(func.sum(Alert.version)).where(UNENDED.query),
            "deeds": select(func.max(Audit.id)),
            "incidents": select(func.max(Incident.id)),
            "closed": select(func.max(Incident.closed_at)),
            "jobs": select(func.max(JobRun.id)),
        }
        row = self._session.execute(
            select(*(query.scalar_subquery().label(name) for name, query in questions.items()))
        ).one()
        people = select(User.id, User.session_epoch).where(User.disabled_at.is_(None))
        kiosks = select(Kiosk.id).where(LIVING.query, Kiosk.ends_at > now)
        return Glance(
            dict(row._mapping),  # noqa: SLF001 - SQLAlchemy's own public name for it
            dict(self._session.execute(people).all()),
            frozenset(self._session.scalars(kiosks)),
        )
