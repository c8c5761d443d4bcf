"""Accounts of main systems, a handful of rows."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.store.tables import MainAccess


class MainAccessRepository:
    """Keeps and finds them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str) -> MainAccess | None:
        """Return what is known of an account."""
        return self._session.get(MainAccess, name)

    def keep_token(self, name: str, *, seed: str, sealed: bytes, expires_at: datetime | None) -> None:
        """Keep a token in place of the one before."""
        row = self._row(name)
        row.seed, row.sealed, row.expires_at = seed, sealed, expires_at
        self._session.flush()

    def keep_tried(self, name: str, at: datetime | None) -> None:
        """Keep when everything was last found well, or that it is not."""
        self._row(name).tried_at = at
        self._session.flush()

    def _row(self, name: str) -> MainAccess:
        row = self._session.get(MainAccess, name, with_for_update=True)
        if row is None:
            row = MainAccess(name=name)
            self._session.add(row)
        return row
