"""The ticks of the guide: one a step of an incident, the last one counts."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.store.tables import GuideTick


class GuideRepository:
    """Keeps and finds ticks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, incident_id: int) -> dict[str, GuideTick]:
        """Return the ticks of an incident by their step."""
        mine = select(GuideTick).where(GuideTick.incident_id == incident_id)
        return {tick.step: tick for tick in self._session.scalars(mine)}

    def put(self, tick: GuideTick) -> None:
        """Set a tick, in place of the one that was there."""
        self._session.merge(tick)

    def remove(self, incident_id: int, step: str) -> bool:
        """Take a tick back; False if there is none."""
        mine = delete(GuideTick).where(GuideTick.incident_id == incident_id, GuideTick.step == step)
        return bool(self._session.execute(mine).rowcount)
