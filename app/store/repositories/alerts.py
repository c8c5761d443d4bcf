"""Alerts: begun once for a trouble, ended once, told once each; every step is a guarded update."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, not_, select, update
from sqlalchemy.orm import Session

from app.domain.states import AlertState
from app.store.statements import insert_unended
from app.store.tables import Alert
from app.store.tables.alert import UNENDED, UNTOLD

PAGE = 50

LONGEST_SILENCE = timedelta(hours=24)
"""One that reaches further ahead was written before the clock was set back, and counts no more."""


class AlertRepository:
    """Begins, ends and tells of alerts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fire(
        self,
        rule: str,
        *,
        level: str,
        text: str,
        now: datetime,
        subject: str = "",
        hold: timedelta = timedelta(),
        again: timedelta | None = None,
    ) -> bool:
        """Begin an episode of a trouble, or carry it on; True where it begins to fire.

        One that has not lasted for ``hold`` is pending: nobody is told of it, and it is forgotten if it passes. One
        whose text has changed is told of again if the last telling was ``again`` ago, unless it is silenced or somebody
        has taken it on.
        """
        fingerprint, text = fingerprint_of(rule, subject), text[:500]
        known = self._session.scalars(select(Alert).where(UNENDED.query, Alert.fingerprint == fingerprint)).first()
        if known is None:
            return self._begin(fingerprint, rule, subject, level=level, text=text, now=now, hold=hold)
        values: dict[str, Any] = {} if known.text == text else {"text": text, "level": level}
        quiet = silenced(known, now=now) or known.state == AlertState.ACKNOWLEDGED
        if values and again is not None and known.told_at is not None and not quiet:
            values = {} if rests(known, again=again, now=now) else values | {"told_at": None}
        begins = known.state == AlertState.PENDING and now - (known.pending_since or now) >= hold
        if begins:
            values |= {"state": AlertState.FIRING, "firing_since": now}
        return bool(values) and self._advance(known, values) and begins

    def resolve(self, rule: str, *, now: datetime, subject: str = "", reason: str = "over") -> bool:
        """End the episode of a trouble that is over, and forget one that was pending; False if there is none."""
        mine = (UNENDED.query, Alert.fingerprint == fingerprint_of(rule, subject))
        forgotten = self._session.execute(delete(Alert).where(*mine, Alert.state == AlertState.PENDING)).rowcount
        values = {"state": AlertState.RESOLVED, "ended_at": now, "end_reason": reason, "version": Alert.version + 1}
        return bool(forgotten or self._session.execute(update(Alert).where(*mine).values(**values)).rowcount)

    def end(self, alert: Alert, *, now: datetime) -> bool:
        """End the episode that was seen, and forget it if it was pending; False if it has changed since."""
        mine = (Alert.id == alert.id, Alert.version == alert.version, UNENDED.query)
        if alert.state == AlertState.PENDING:
            return bool(self._session.execute(delete(Alert).where(*mine)).rowcount)
        return self._advance(alert, {"state": AlertState.RESOLVED, "ended_at": now, "end_reason": "over"})

    def expire(self, *, before: datetime, now: datetime) -> int:
        """End the episodes that have been firing since before a moment; return how many.

        Nobody is told that they are over: nobody knows. What still holds begins again, and is told of again.
        """
        old = update(Alert).where(UNENDED.query, Alert.firing_since < before)
        values = {"state": AlertState.RESOLVED, "ended_at": now, "end_reason": "expired", "version": Alert.version + 1}
        values |= {"told_at": func.coalesce(Alert.told_at, now), "end_told_at": now}
        return self._session.execute(old.values(**values)).rowcount

    def tell(self, rule: str, *, text: str, now: datetime, subject: str = "") -> None:
        """Say once that something happened and is over already."""
        if self.fire(rule, level="notice", text=text, now=now, subject=subject):
            self.resolve(rule, now=now, subject=subject, reason="told")

    def claim_untold(self, *, now: datetime, limit: int = PAGE) -> list[tuple[Alert, bool]]:
        """Take alerts whose beginning or end nobody has told of, and mark them told; with each, whether it is its end.

        An episode that ended before anybody heard of it is told of once, as what it was. A silenced one is told of when
        its silence is over, and not at all if it has ended by then; the end of one that was told of is always told.
        """
        waits = and_(_silenced(now), Alert.told_at.is_(None), UNENDED.query)
        query = select(Alert).where(UNTOLD.query, not_(waits)).order_by(Alert.id).limit(limit)
        alerts = list(self._session.scalars(query.with_for_update(skip_locked=True)))
        told = []
        for alert in alerts:
            ended = alert.told_at is not None
            unheard = not ended and alert.ended_at is not None and silenced(alert, now=alert.ended_at)
            alert.told_at = alert.told_at or now
            alert.end_told_at = now if alert.ended_at else None
            self._session.add(alert)
            if not unheard:
                told.append((alert, ended))
        return told

    # ---- what people do with it ------------------------------------------------------------------------------------

    def acknowledge(self, alert: Alert, *, by: str, now: datetime, until: datetime | None) -> bool:
        """Note who has taken on the episode that was seen; False if it has changed since."""
        values = {"acknowledged_by": by, "acknowledged_at": now, "acknowledged_until": until}
        return self._advance(alert, {"state": AlertState.ACKNOWLEDGED, **values})

    def silence(self, alert: Alert, *, by: str, why: str, until: datetime) -> bool:
        """Keep the episode that was seen from being told until then; False if it has changed since."""
        return self._advance(alert, {"silenced_until": until, "silenced_by": by, "silenced_why": why[:200]})

    def end_silence(self, alert: Alert) -> bool:
        """Let the episode that was seen be told again, at once if nobody has taken it on; False if it has changed."""
        told_at = None if alert.state == AlertState.FIRING else alert.told_at
        return self._advance(alert, {"silenced_until": None, "told_at": told_at})

    def wake(self, *, now: datetime) -> int:
        """Tell again of what still fires when its silence is over, or the time in which somebody had it in hand."""
        going = update(Alert).execution_options(synchronize_session=False)
        over = and_(UNENDED.query, Alert.silenced_until.is_not(None), not_(_silenced(now)))
        untold = case((Alert.state == AlertState.FIRING, None), else_=Alert.told_at)
        values = {"silenced_until": None, "told_at": untold, "version": Alert.version + 1}
        woken = self._session.execute(going.where(over).values(**values)).rowcount
        left = and_(UNENDED.query, Alert.state == AlertState.ACKNOWLEDGED, Alert.acknowledged_until <= now)
        untold = case((Alert.silenced_until.is_(None), None), else_=Alert.told_at)
        nobody = dict.fromkeys(("acknowledged_by", "acknowledged_at", "acknowledged_until"))
        left_alone = going.where(left).values(
            state=AlertState.FIRING, told_at=untold, version=Alert.version + 1, **nobody
        )
        return woken + self._session.execute(left_alone).rowcount

    # ---- how -------------------------------------------------------------------------------------------------------

    def _begin(
        self, fingerprint: str, rule: str, subject: str, *, level: str, text: str, now: datetime, hold: timedelta
    ) -> bool:
        earlier = select(func.coalesce(func.max(Alert.episode), 0)).where(Alert.fingerprint == fingerprint)
        row = {
            "fingerprint": fingerprint,
            "episode": (self._session.scalar(earlier) or 0) + 1,
            "version": 1,
            "rule": rule,
            "subject": subject,
            "level": level,
            "text": text,
            "step": 0,
            **(
                {"state": AlertState.PENDING, "pending_since": now}
                if hold
                else {"state": AlertState.FIRING, "firing_since": now}
            ),
        }
        return insert_unended(self._session, row) and not hold

    def _advance(self, known: Alert, values: dict[str, Any]) -> bool:
        mine = update(Alert).where(Alert.id == known.id, Alert.version == known.version)
        statement = mine.values(**values, version=known.version + 1)
        return self._session.execute(statement.execution_options(synchronize_session=False)).rowcount == 1

    # ---- looking up ------------------------------------------------------------------------------------------------

    def get(self, alert_id: int) -> Alert | None:
        """Return one alert as it stands now."""
        return self._session.get(Alert, alert_id, populate_existing=True)

    def open(self) -> list[Alert]:
        """Return the alerts that have not ended, newest first."""
        return list(self._session.scalars(select(Alert).where(UNENDED.query).order_by(Alert.id.desc())))

    def during(self, since: datetime, until: datetime, *, limit: int = PAGE) -> list[Alert]:
        """Return the newest alerts that somebody could have been told of between two moments, newest first."""
        lasted = and_(Alert.firing_since <= until, func.coalesce(Alert.ended_at, until) >= since)
        return list(self._session.scalars(select(Alert).where(lasted).order_by(Alert.id.desc()).limit(limit)))

    def page(self, *, before: int | None = None, limit: int = PAGE) -> list[Alert]:
        """Return alerts, newest first, those that have ended too."""
        query = select(Alert).order_by(Alert.id.desc()).limit(limit)
        return list(self._session.scalars(query if before is None else query.where(Alert.id < before)))


def rests(alert: Alert, *, again: timedelta | None, now: datetime) -> bool:
    """Tell whether an alert that is told of again at most every ``again`` was told of more recently than that."""
    return again is not None and alert.told_at is not None and now - alert.told_at < again


def silenced(alert: Alert, *, now: datetime) -> bool:
    """Tell whether an alert is silenced now."""
    return alert.silenced_until is not None and now < alert.silenced_until <= now + LONGEST_SILENCE


def _silenced(now: datetime) -> ColumnElement[bool]:
    until = func.coalesce(Alert.silenced_until, now)
    return and_(until > now, until <= now + LONGEST_SILENCE)


def fingerprint_of(rule: str, subject: str) -> str:
    """Return what an episode is known by: what is wrong with what, never how much or since when."""
    return f"{rule}:{subject}" if subject else rule
