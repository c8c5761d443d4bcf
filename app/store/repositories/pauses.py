"""Destinations that are left alone for a while: a provider's limit, or a fault that a person must mend."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.store.tables import Pause


class PauseRepository:
    """Keeps and lifts pauses."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pause(
        self,
        name: str,
        *,
        reason: str,
        until: datetime,
        now: datetime,
        fault: bool = False,
        attempt: int | None = None,
    ) -> None:
        """Keep everybody from ``name`` until then; a fault that goes on keeps the moment it began."""
        known = self._session.get(Pause, name)
        since = known.since if known is not None and known.fault and fault else now
        row = Pause(name=name, until=until, reason=reason[:200], fault=fault, since=since, after_attempt=attempt)
        self._session.merge(row)

    def lift(self, name: str) -> None:
        """Forget the pause of ``name``: a message got through."""
        self._session.execute(delete(Pause).where(Pause.name == name))

    def get(self, name: str) -> Pause | None:
        """Return the pause of ``name``, over or not."""
        return self._session.get(Pause, name)

    def holds(self, name: str, *, now: datetime, longest: timedelta) -> bool:
        """Tell whether ``name`` is to be left alone now; no pause reaches further ahead than ``longest``.

        One that does was written before the clock was set back, and counts no more.
        """
        row = self._session.get(Pause, name)
        return row is not None and now < row.until <= now + longest

    def faults(self) -> list[Pause]:
        """Return destinations that refused for a reason of their own and have taken nothing since."""
        return list(self._session.scalars(select(Pause).where(Pause.fault).order_by(Pause.name)))
