"""The messages of one alert, told by a process that is not the worker: claimed once, sent once."""

from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from app.domain.states import AlertState, MessageState
from app.store.repositories.alerts import silenced
from app.store.tables import Alert, Message
from app.store.tables.alert import UNENDED
from app.store.tables.message import OPEN


class AlertOutboxRepository:
    """Finds an alert that nobody tells of, and takes its messages."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def firing(self, rule: str) -> Alert | None:
        """Return the alert of a rule that fires now, if any; what is claimed or silenced is told by nobody here."""
        query = select(Alert).where(UNENDED.query, Alert.rule == rule, Alert.state == AlertState.FIRING)
        return self._session.scalars(query.order_by(Alert.id).execution_options(populate_existing=True)).first()

    def claim(self, alert: Alert, *, now: datetime) -> bool:
        """Mark an alert as told, for the caller to write its messages; False if somebody has, or it is silenced."""
        if silenced(alert, now=now):
            return False
        mine = update(Alert).where(Alert.id == alert.id, Alert.told_at.is_(None), UNENDED.query)
        told = mine.values(told_at=now).execution_options(synchronize_session=False)
        return self._session.execute(told).rowcount == 1

    def take(self, alert: Alert, channel: str, target: str, *, now: datetime, lease_until: datetime) -> list[Message]:
        """Take the alert's due messages for a destination, also those whose sender died with them."""
        pending = and_(Message.state == MessageState.PENDING, Message.due_at <= now)
        left_behind = and_(Message.state == MessageState.SENDING, Message.lease_until < now)
        query = select(Message).where(
            OPEN.query,
            Message.alert_id == alert.id,
            Message.channel == channel,
            Message.target == target,
            or_(pending, left_behind),
        )
        messages = list(self._session.scalars(query.order_by(Message.id).with_for_update(skip_locked=True)))
        for message in messages:
            message.state, message.lease_until = MessageState.SENDING, lease_until
            message.attempts += 1
        self._session.add_all(messages)
        return messages
