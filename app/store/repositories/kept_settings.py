"""Settings that were changed without a shell: a row for each, a handful in all."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.store.tables import KeptSetting

MOST = 100
"""Rows that are read; there are fewer than ten names."""


class KeptSettingRepository:
    """Keeps and finds them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> Sequence[KeptSetting]:
        """Return every one of them."""
        return self._session.scalars(select(KeptSetting).order_by(KeptSetting.name).limit(MOST)).all()

    def put(self, name: str, *, sealed: bytes, by: str, now: datetime) -> None:
        """Keep a value in place of the one before; whoever calls has made other writers of settings wait."""
        self._session.merge(KeptSetting(name=name, sealed=sealed, changed_at=now, changed_by=by[:80]))
        self._session.flush()

    def forget(self, name: str) -> bool:
        """Forget a value; False if none was kept."""
        return self._session.execute(delete(KeptSetting).where(KeptSetting.name == name)).rowcount == 1
