"""The messages of one alert: told by a process that is not the worker, taken back, and to whom they have gone."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from app.domain.person_target import PERSON
from app.domain.states import AlertState, MessageState
from app.store.alert_steps import silenced
from app.store.tables import Alert, AlertGroup, AlertGroupMember, Message
from app.store.tables.alert import UNENDED
from app.store.tables.message import OF_ALERT, OPEN

MAY_HAVE_ARRIVED = (MessageState.SENDING, MessageState.SETTLING, MessageState.SENT, MessageState.SIMULATED)

_GONE = Message.state.in_(MAY_HAVE_ARRIVED)
_IS_PERSON = Message.target.startswith(PERSON)


class AlertOutboxRepository:
    """Finds an alert that nobody tells of, and takes its messages."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def firing(self, rule: str) -> Alert | None:
        """Return the alert of a rule that fires now, if any; what is claimed or silenced is told by nobody here."""
        query = select(Alert).where(UNENDED.query, Alert.rule == rule, Alert.state == AlertState.FIRING)
        return self._session.scalars(query.order_by(Alert.id).execution_options(populate_existing=True)).first()

    def is_owed(self, alert: Alert, *, now: datetime) -> bool:
        """Tell whether there is something to tell of an alert: nobody has, or a message of it waits or was left."""
        if alert.told_at is None:
            return not silenced(alert, now=now)
        return self._session.scalars(_waiting(alert, now=now).limit(1)).first() is not None

    def claim(self, alert: Alert, *, now: datetime) -> bool:
        """Mark an alert as told, for the caller to write its messages; False if somebody has, or it is silenced."""
        if silenced(alert, now=now):
            return False
        mine = update(Alert).where(Alert.id == alert.id, Alert.told_at.is_(None), UNENDED.query)
        told = mine.values(told_at=now).execution_options(synchronize_session=False)
        return self._session.execute(told).rowcount == 1

    def take(self, alert: Alert, channel: str, target: str, *, now: datetime, lease_until: datetime) -> list[Message]:
        """Take the alert's due messages for a destination, also those whose sender died with them."""
        query = _waiting(alert, now=now).where(Message.channel == channel, Message.target == target)
        messages = list(self._session.scalars(query.order_by(Message.id).with_for_update(skip_locked=True)))
        for message in messages:
            message.state, message.lease_until = MessageState.SENDING, lease_until
            message.attempts += 1
        self._session.add_all(messages)
        return messages

    # ---- escalation ------------------------------------------------------------------------------------------------

    def take_back(self, alert_id: int, *, now: datetime, reason: str, from_people: bool = False) -> int:
        """Cancel the alert's messages that have not left yet, or those alone that go to people; return how many."""
        unsent = and_(OPEN.query, Message.alert_id == alert_id, Message.state == MessageState.PENDING)
        if from_people:
            unsent = and_(unsent, Message.target.startswith(PERSON))
        values = {"state": MessageState.CANCELLED, "finished_at": now, "last_reason": reason[:200]}
        statement = update(Message).where(unsent).values(**values)
        return self._session.execute(statement.execution_options(synchronize_session=False)).rowcount

    def people(self, alert_id: int) -> list[tuple[str, str]]:
        """Return the channels and targets by which people, not groups, have been told of an alert, or may have been.

        Of those that a message told of it among others, too.
        """
        among_others = select(Message.channel, Message.target).join(
            AlertGroupMember, AlertGroupMember.first_told == Message.once
        )
        told = among_others.where(AlertGroupMember.alert_id == alert_id, _IS_PERSON, _GONE)
        exits = {(channel, target) for channel, target in self._session.execute(told)}
        return sorted(exits | {one for one in self._told_alone(alert_id) if one[1].startswith(PERSON)})

    def told_alone(self, alert_id: int) -> list[tuple[str, str]]:
        """Return the channels and targets of people, and of the settings' e-mail, that no group tells of the end."""
        member = (AlertGroupMember.alert_id == alert_id, AlertGroupMember.group_id == AlertGroup.id)
        grouped = set(self._session.scalars(select(AlertGroup.target).where(*member)))
        return sorted(one for one in self._told_alone(alert_id) if one[1] not in grouped)

    def _told_alone(self, alert_id: int) -> set[tuple[str, str]]:
        mine = (OF_ALERT.query, Message.alert_id == alert_id, or_(_IS_PERSON, Message.target == ""))
        exits = select(Message.channel, Message.target).where(*mine, _GONE).distinct()
        return {(channel, target) for channel, target in self._session.execute(exits)}

    def escalate(self, alert: Alert, *, step: int, next_step_at: datetime) -> bool:
        """Move the escalation of the episode that was seen on; False if it has changed since."""
        return self._advance(alert, {"step": step, "next_step_at": next_step_at})

    def note_claim_told(self, alert: Alert, *, now: datetime) -> bool:
        """Note that the others are told who has the episode in hand; False if it has changed since it was seen."""
        return self._advance(alert, {"acknowledged_told_at": now})

    def _advance(self, alert: Alert, values: dict[str, Any]) -> bool:
        mine = update(Alert).where(Alert.id == alert.id, Alert.version == alert.version, UNENDED.query)
        statement = mine.values(**values, version=alert.version + 1)
        return self._session.execute(statement.execution_options(synchronize_session=False)).rowcount == 1


def _waiting(alert: Alert, *, now: datetime) -> Select[Any]:
    """Return the alert's due messages, also those whose sender died with them."""
    pending = and_(Message.state == MessageState.PENDING, Message.due_at <= now)
    left_behind = and_(Message.state == MessageState.SENDING, Message.lease_until < now)
    return select(Message).where(OPEN.query, Message.alert_id == alert.id, or_(pending, left_behind))
