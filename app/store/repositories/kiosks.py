"""Screens on a wall and their links; each step is a guarded update, so that a link is taken by one screen alone."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.store.tables import Kiosk
from app.store.tables.kiosk import LIVING


class KioskRepository:
    """Keeps and finds screens."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, kiosk: Kiosk) -> Kiosk:
        """Add a screen whose link nobody has used yet."""
        self._session.add(kiosk)
        self._session.flush()
        return kiosk

    def get(self, kiosk_id: int) -> Kiosk | None:
        """Return the screen with this row id."""
        return self._session.get(Kiosk, kiosk_id, populate_existing=True)

    def all(self) -> list[Kiosk]:
        """Return all screens, newest first; there are a few."""
        return list(self._session.scalars(select(Kiosk).order_by(Kiosk.id.desc()).limit(200)))

    def take(self, kiosk_id: int, *, cookie_sha256: bytes, address: str, now: datetime) -> bool:
        """Use a screen's link up; False if it was used, revoked or left lying too long."""
        unused = (Kiosk.taken_at.is_(None), Kiosk.revoked_at.is_(None), Kiosk.link_ends_at > now, Kiosk.ends_at > now)
        values = {"taken_at": now, "taken_from": address[:64], "cookie_sha256": cookie_sha256}
        return self._session.execute(update(Kiosk).where(Kiosk.id == kiosk_id, *unused).values(**values)).rowcount == 1

    def revoke(self, kiosk_id: int, *, by: str, now: datetime) -> bool:
        """End a screen; False if it is not there or has been ended."""
        open_one = update(Kiosk).where(Kiosk.id == kiosk_id, Kiosk.revoked_at.is_(None))
        return self._session.execute(open_one.values(revoked_at=now, revoked_by=by[:80])).rowcount == 1

    def living(self, kiosk_id: int, *, now: datetime) -> Kiosk | None:
        """Return a screen that has used its link and may go on showing."""
        mine = select(Kiosk).where(Kiosk.id == kiosk_id, LIVING.query, Kiosk.ends_at > now)
        return self._session.scalars(mine).first()
