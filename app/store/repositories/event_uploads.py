"""Which events came in a file, and which closed hours are still to be written anew for them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from app.store.statements import insert_new
from app.store.tables import EventUpload


class EventUploadRepository:
    """Keeps one row for each source that a file names."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, sources: Collection[str], *, received_at: datetime, hours_since: datetime | None) -> None:
        """Note that a part of a file has told events of these sources, which change the closed hours from then on."""
        u = EventUpload
        rows = [{"source": one, "received_at": received_at, "pieces": 0} for one in sorted(set(sources))]
        insert_new(self._session, EventUpload, rows, unique=("source", "received_at"))
        mine = and_(u.source.in_(sorted(set(sources))), u.received_at == received_at)
        self._session.execute(update(u).where(mine).values(pieces=u.pieces + 1))
        if hours_since is not None:
            later = or_(u.hours_since.is_(None), u.hours_since > hours_since)
            self._session.execute(update(u).where(mine, later).values(hours_since=hours_since))

    def sources(self) -> set[str]:
        """Return the sources of which any file has told."""
        return set(self._session.scalars(select(EventUpload.source).distinct()))

    def due(self) -> EventUpload | None:
        """Return the row whose hours are the first to be written anew, None where none are."""
        u = EventUpload
        oldest_first = select(u).where(u.hours_since.is_not(None)).order_by(u.hours_since, u.source, u.received_at)
        return self._session.scalar(oldest_first.limit(1))

    def hours_taken(self, row: EventUpload, until: datetime | None) -> bool:
        """Note that hours before ``until`` are written anew, all where None; False if more has come meanwhile."""
        u = EventUpload
        same = (u.source == row.source, u.received_at == row.received_at, u.pieces == row.pieces)
        return self._session.execute(update(u).where(*same).values(hours_since=until)).rowcount == 1
