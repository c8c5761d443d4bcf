"""Codes on their way to phones and e-mail addresses; a try is counted before the code is looked at."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.store.tables import ContactCode
from app.store.tables.access import UNSENT

PAGE = 20


class ContactRepository:
    """Keeps the codes; there is one at most for each way to each person."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def code(self, user_id: int, way: str) -> ContactCode | None:
        """Return the code that is under way."""
        return self._session.get(ContactCode, (user_id, way))

    def put(self, code: ContactCode) -> None:
        """Keep a new code in place of the one before."""
        self._session.merge(code)

    def forget(self, user_id: int, way: str) -> None:
        """Forget a code: it was used, or its address is another now."""
        mine = (ContactCode.user_id == user_id, ContactCode.way == way)
        self._session.execute(delete(ContactCode).where(*mine))

    def count_try(self, user_id: int, way: str, *, most: int, now: datetime) -> ContactCode | None:
        """Count a try and return the code; None if it has none left, or is over, or there is none."""
        living = (ContactCode.tries < most, ContactCode.ends_at > now, ContactCode.made_at <= now)
        mine = update(ContactCode).where(ContactCode.user_id == user_id, ContactCode.way == way, *living)
        counted = self._session.execute(
            mine.values(tries=ContactCode.tries + 1).execution_options(synchronize_session=False)
        )
        return self.code(user_id, way) if counted.rowcount == 1 else None

    def claim_unsent(self, *, now: datetime) -> list[ContactCode]:
        """Take the codes that no message has been written for yet."""
        codes = list(
            self._session.scalars(select(ContactCode).where(UNSENT.query).limit(PAGE).with_for_update(skip_locked=True))
        )
        for code in codes:
            code.sent_at = now
        self._session.add_all(codes)
        return codes
