"""Alerts: begun once for a trouble, ended once, told once each; every step is a guarded update."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.states import AlertState
from app.store.statements import insert_unended
from app.store.tables import Alert
from app.store.tables.alert import UNENDED, UNTOLD

PAGE = 50


class AlertRepository:
    """Begins, ends and tells of alerts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fire(self, rule: str, *, level: str, text: str, now: datetime, subject: str = "") -> bool:
        """Begin an episode of a trouble; False if one is under way, whose text is brought up to date."""
        fingerprint = fingerprint_of(rule, subject)
        earlier = select(func.coalesce(func.max(Alert.episode), 0)).where(Alert.fingerprint == fingerprint)
        row = {
            "fingerprint": fingerprint,
            "episode": (self._session.scalar(earlier) or 0) + 1,
            "version": 1,
            "rule": rule,
            "subject": subject,
            "level": level,
            "state": AlertState.FIRING,
            "text": text[:500],
            "firing_since": now,
            "step": 0,
        }
        if insert_unended(self._session, row):
            return True
        changed = update(Alert).where(UNENDED.query, Alert.fingerprint == fingerprint, Alert.text != row["text"])
        self._session.execute(changed.values(text=row["text"], level=level, version=Alert.version + 1))
        return False

    def resolve(self, rule: str, *, now: datetime, subject: str = "", reason: str = "over") -> bool:
        """End the episode of a trouble that is over; False if there is none."""
        ended = update(Alert).where(UNENDED.query, Alert.fingerprint == fingerprint_of(rule, subject))
        values = {"state": AlertState.RESOLVED, "ended_at": now, "end_reason": reason, "version": Alert.version + 1}
        return self._session.execute(ended.values(**values)).rowcount == 1

    def resolve_others(self, rule: str, still: Iterable[str], *, now: datetime) -> int:
        """End the episodes of a rule whose subject is none of those for which it holds still; return how many."""
        kept = [fingerprint_of(rule, subject) for subject in still]
        over = update(Alert).where(UNENDED.query, Alert.rule == rule, Alert.fingerprint.not_in(kept))
        values = {"state": AlertState.RESOLVED, "ended_at": now, "end_reason": "over", "version": Alert.version + 1}
        return self._session.execute(over.values(**values)).rowcount

    def tell(self, rule: str, *, text: str, now: datetime, subject: str = "") -> None:
        """Say once that something happened and is over already."""
        if self.fire(rule, level="notice", text=text, now=now, subject=subject):
            self.resolve(rule, now=now, subject=subject, reason="told")

    def claim_untold(self, *, now: datetime, limit: int = PAGE) -> list[tuple[Alert, bool]]:
        """Take alerts whose beginning or end nobody has told of, and mark them told; with each, whether it is its end.

        An episode that ended before anybody heard of it is told of once, as what it was.
        """
        query = select(Alert).where(UNTOLD.query).order_by(Alert.id).limit(limit)
        alerts = list(self._session.scalars(query.with_for_update(skip_locked=True)))
        told = []
        for alert in alerts:
            ended = alert.told_at is not None
            alert.told_at = alert.told_at or now
            alert.end_told_at = now if alert.ended_at else None
            self._session.add(alert)
            told.append((alert, ended))
        return told

    def open(self) -> list[Alert]:
        """Return the alerts that have not ended, newest first."""
        return list(self._session.scalars(select(Alert).where(UNENDED.query).order_by(Alert.id.desc())))

    def page(self, *, before: int | None = None, limit: int = PAGE) -> list[Alert]:
        """Return alerts, newest first, those that have ended too."""
        query = select(Alert).order_by(Alert.id.desc()).limit(limit)
        return list(self._session.scalars(query if before is None else query.where(Alert.id < before)))


def fingerprint_of(rule: str, subject: str) -> str:
    """Return what an episode is known by: what is wrong with what, never how much or since when."""
    return f"{rule}:{subject}" if subject else rule
