"""Incidents: at most one live and one drill are open."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.names import incident_name
from app.store.tables import Incident
from app.store.tables.incident import OPEN


class IncidentRepository:
    """Opens, closes and finds incidents."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open_one(self, *, drill: bool) -> Incident | None:
        """Return the open incident of a kind."""
        return self._session.scalars(select(Incident).where(Incident.drill == drill, OPEN.query)).first()

    def latest(self) -> Incident | None:
        """Return the incident people mean when they name none: the open live one, else the newest."""
        return (
            self.open_one(drill=False)
            or self._session.scalars(select(Incident).order_by(Incident.id.desc()).limit(1)).first()
        )

    def named(self, name: str) -> Incident | None:
        """Return the incident called ``name``."""
        return self._session.scalars(select(Incident).where(Incident.name == name)).first()

    def get(self, incident_id: int) -> Incident:
        """Return the incident with this row id."""
        return self._session.get_one(Incident, incident_id)

    def names(self, incident_ids: Collection[int]) -> dict[int, str]:
        """Return the names of incidents by their row ids, in one question."""
        query = select(Incident.id, Incident.name).where(Incident.id.in_(incident_ids))
        return {row[0]: row[1] for row in self._session.execute(query)}

    def page(self, *, before: int | None = None, limit: int = 20) -> list[Incident]:
        """Return incidents, newest first, below the row id ``before``."""
        query = select(Incident).order_by(Incident.id.desc()).limit(limit)
        return list(self._session.scalars(query if before is None else query.where(Incident.id < before)))

    def open(self, *, drill: bool, reason: str, by: str, now: datetime, zone: ZoneInfo) -> Incident:
        """Open an incident; the database refuses a second one of its kind."""
        serial = self._session.scalar(select(func.coalesce(func.max(Incident.id), 0) + 1)) or 1
        incident = Incident(
            name=incident_name(now, serial, drill=drill, zone=zone),
            drill=drill,
            reason=reason,
            opened_by=by,
            opened_at=now,
        )
        self._session.add(incident)
        self._session.flush()
        return incident

    def close(self, incident: Incident, *, by: str, now: datetime) -> None:
        """Close an incident; orders that come later open another."""
        incident.closed_at, incident.closed_by = now, by
        self._session.add(incident)
