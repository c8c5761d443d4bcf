"""Codes of a hand-over; a code is used up by a guarded update, so that of two computers one gets the file."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.store.tables import Handover


class HandoverRepository:
    """Keeps and finds codes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, handover: Handover) -> Handover:
        """Add a code; the one its maker had for the same batch is good no more."""
        mine = update(Handover).where(Handover.user_id == handover.user_id, Handover.batch == handover.batch)
        open_ones = mine.where(Handover.taken_at.is_(None), Handover.ends_at > handover.made_at)
        self._session.execute(open_ones.values(ends_at=handover.made_at))
        self._session.add(handover)
        self._session.flush()
        return handover

    def marked(self, code_mark: bytes, *, now: datetime) -> Handover | None:
        """Return the code of this mark, if it is still good."""
        good = (Handover.code_mark == code_mark, Handover.taken_at.is_(None), Handover.ends_at > now)
        return self._session.scalars(select(Handover).where(*good)).first()

    def take(self, handover_id: int, *, address: str, now: datetime) -> bool:
        """Use a code up; False if somebody else was first, or it has ended."""
        good = (Handover.taken_at.is_(None), Handover.ends_at > now)
        used = update(Handover).where(Handover.id == handover_id, *good)
        return self._session.execute(used.values(taken_at=now, taken_from=address[:64])).rowcount == 1

    def forget(self, *, before: datetime) -> None:
        """Forget codes that ended before then; the audit keeps what was done with them."""
        self._session.execute(delete(Handover).where(Handover.ends_at < before))
