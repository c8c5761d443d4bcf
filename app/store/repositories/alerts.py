"""Alerts: begun once for a trouble, ended once, told once each; every step is a guarded update."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, not_, or_, select, update
from sqlalchemy.orm import Session

from app.domain.alert_life import (
    FLAPS_WITHIN,
    AlertPatience,
    Inhibitor,
    Sight,
    after,
    is_flapping,
)
from app.domain.states import AlertState
from app.store.alert_steps import LONGEST_SILENCE, LONGEST_TEXT, TroubleSighting, changes_of, silenced
from app.store.statements import insert_unended
from app.store.tables import Alert
from app.store.tables.alert import UNENDED, UNTOLD

PAGE = 50

FROM_THE_TOP: Mapping[str, Any] = {"step": 0, "next_step_at": None}
"""An escalation that begins when the alert is told next."""


class AlertRepository:
    """Begins, ends and tells of alerts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def see(self, seen: Alert | None, sighting: TroubleSighting, *, now: datetime) -> bool:
        """Bring an episode to what a look found of it, or begin one; ``seen`` is how it stood before the look.

        False where nothing was to change, or where the episode has changed since it was seen.
        """
        if seen is None:
            return sighting.sight is Sight.WRONG and self._begin(sighting, now=now)
        values = changes_of(seen, sighting, now=now)
        if values is None:
            mine = (Alert.id == seen.id, Alert.version == seen.version, UNENDED.query)
            return bool(self._session.execute(delete(Alert).where(*mine)).rowcount)
        if "firing_since" in values:
            values["flapping"] = self._is_flapping(seen.fingerprint, now=now)
        return bool(values) and self._advance(seen, values)

    def inhibit(self, seen: Alert, why: Inhibitor | None) -> bool:
        """Keep an episode from being told because of what is graver, or no more; False if it has changed since."""
        return self._advance(seen, {"inhibited_why": why})

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
        """Begin an episode of a trouble, or carry it on, as :meth:`see` does; True where it begins to fire."""
        sighting = TroubleSighting(
            rule=rule, subject=subject, level=level, text=text, patience=AlertPatience(hold=hold), again=again
        )
        known = self._open_one(rule, subject)
        begins = known is None or known.firing_since is None
        changed = self.see(known, sighting, now=now)
        known = self._open_one(rule, subject)
        return changed and begins and known is not None and known.firing_since is not None

    def resolve(self, rule: str, *, now: datetime, subject: str = "", reason: str = "over") -> bool:
        """End the episode of a trouble that is over, and forget one that was pending; False if there is none."""
        mine = (UNENDED.query, Alert.fingerprint == fingerprint_of(rule, subject))
        forgotten = self._session.execute(delete(Alert).where(*mine, Alert.state == AlertState.PENDING)).rowcount
        values = {"state": AlertState.RESOLVED, "ended_at": now, "end_reason": reason, "version": Alert.version + 1}
        return bool(forgotten or self._session.execute(update(Alert).where(*mine).values(**values)).rowcount)

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

        An episode that ended before anybody heard of it is told of once, as what it was. A silenced or inhibited one is
        told of when that is over, and not at all if it has ended by then. The end of one that was told is always told.
        """
        waits = and_(or_(_silenced(now), Alert.inhibited_why.is_not(None)), Alert.told_at.is_(None), UNENDED.query)
        query = select(Alert).where(UNTOLD.query, not_(waits)).order_by(Alert.id).limit(limit)
        alerts = list(self._session.scalars(query.with_for_update(skip_locked=True)))
        told = []
        for alert in alerts:
            ended = alert.told_at is not None
            kept = alert.ended_at is not None and silenced(alert, now=alert.ended_at)
            unheard = not ended and alert.ended_at is not None and (kept or alert.inhibited_why is not None)
            alert.told_at = alert.told_at or now
            alert.end_told_at = now if alert.ended_at else None
            self._session.add(alert)
            if not unheard:
                told.append((alert, ended))
        return told

    # ---- what people do with it ------------------------------------------------------------------------------------

    def acknowledge(self, alert: Alert, *, by: str, now: datetime, until: datetime | None) -> bool:
        """Note who has taken on the episode that was seen; False if it has changed since."""
        state = alert.state if alert.state == AlertState.RECOVERING else AlertState.ACKNOWLEDGED
        values = {"acknowledged_by": by, "acknowledged_at": now, "acknowledged_until": until}
        return self._advance(alert, {"state": state, **values, "acknowledged_told_at": None, **FROM_THE_TOP})

    def silence(self, alert: Alert, *, by: str, why: str, until: datetime) -> bool:
        """Keep the episode that was seen from being told until then; False if it has changed since."""
        return self._advance(alert, {"silenced_until": until, "silenced_by": by, "silenced_why": why[:200]})

    def end_silence(self, alert: Alert) -> bool:
        """Let the episode that was seen be told again, at once if nobody has taken it on; False if it has changed."""
        told_at = None if alert.state == AlertState.FIRING else alert.told_at
        return self._advance(alert, {"silenced_until": None, "told_at": told_at, **FROM_THE_TOP})

    def wake(self, *, now: datetime) -> int:
        """Tell again of what still fires when its silence is over, or the time in which somebody had it in hand."""
        going = update(Alert).execution_options(synchronize_session=False)
        over = and_(UNENDED.query, Alert.silenced_until.is_not(None), not_(_silenced(now)))
        untold = case((Alert.state == AlertState.FIRING, None), else_=Alert.told_at)
        values = {"silenced_until": None, "told_at": untold, "version": Alert.version + 1, **FROM_THE_TOP}
        woken = self._session.execute(going.where(over).values(**values)).rowcount
        left = and_(UNENDED.query, Alert.state == AlertState.ACKNOWLEDGED, Alert.acknowledged_until <= now)
        untold = case((Alert.silenced_until.is_(None), None), else_=Alert.told_at)
        nobody = dict.fromkeys(("acknowledged_by", "acknowledged_at", "acknowledged_until"))
        left_alone = going.where(left).values(
            state=AlertState.FIRING, told_at=untold, version=Alert.version + 1, **nobody
        )
        return woken + self._session.execute(left_alone).rowcount

    # ---- how -------------------------------------------------------------------------------------------------------

    def _begin(self, sighting: TroubleSighting, *, now: datetime) -> bool:
        life = after(None, sighting.sight, now=now, patience=sighting.patience)
        if life is None:
            return False
        fingerprint = fingerprint_of(sighting.rule, sighting.subject)
        earlier = select(func.coalesce(func.max(Alert.episode), 0)).where(Alert.fingerprint == fingerprint)
        row = {
            "fingerprint": fingerprint,
            "episode": (self._session.scalar(earlier) or 0) + 1,
            "version": 1,
            "rule": sighting.rule,
            "subject": sighting.subject,
            "stage": sighting.stage,
            "level": sighting.level,
            "text": (sighting.text or "")[:LONGEST_TEXT],
            "step": 0,
            "state": life.state,
            "pending_since": life.pending_since,
            "judged_by": sighting.judged_by,
            "firing_since": life.firing_since,
            "flapping": life.firing_since is not None and self._is_flapping(fingerprint, now=now),
        }
        return insert_unended(self._session, row)

    def _is_flapping(self, fingerprint: str, *, now: datetime) -> bool:
        lately = (Alert.fingerprint == fingerprint, Alert.firing_since > now - FLAPS_WITHIN, Alert.firing_since <= now)
        return is_flapping(self._session.scalar(select(func.count()).select_from(Alert).where(*lately)) or 0)

    def _open_one(self, rule: str, subject: str) -> Alert | None:
        mine = (UNENDED.query, Alert.fingerprint == fingerprint_of(rule, subject))
        return self._session.scalars(select(Alert).where(*mine).execution_options(populate_existing=True)).first()

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


def _silenced(now: datetime) -> ColumnElement[bool]:
    until = func.coalesce(Alert.silenced_until, now)
    return and_(until > now, until <= now + LONGEST_SILENCE)


def fingerprint_of(rule: str, subject: str) -> str:
    """Return what an episode is known by: what is wrong with what, never how much or since when."""
    return f"{rule}:{subject}" if subject else rule
