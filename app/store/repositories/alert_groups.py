"""Groups of alerts that one e-mail address hears of together, and what it has heard of each."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from app.domain.states import MessageState
from app.store.statements import insert_new
from app.store.tables import Alert, AlertGroup, AlertGroupMember, Message
from app.store.tables.alert_group import GOING_ON

Member = tuple[AlertGroupMember, Alert, bool]
"""A member's row, its alert, and whether a message that may have arrived told of it."""


class AlertGroupRepository:
    """Puts alerts into groups, and keeps what has been told of them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def join(self, alert: Alert, targets: Collection[str], *, incident_id: int | None, now: datetime) -> None:
        """Let something of an alert be told to some addresses; one that heard of it hears in the same group as then."""
        heard_in = self._groups_of(alert.id or 0)
        new = {f"{alert.level}:{incident_id or 0}:{target}": target for target in targets if target not in heard_in}
        rows = [
            {"name": name, "level": alert.level, "incident_id": incident_id, "target": target, "version": 1}
            for name, target in sorted(new.items())
        ]
        insert_new(self._session, AlertGroup, rows, unique=("name",))
        found = list(self._session.scalars(select(AlertGroup.id).where(AlertGroup.name.in_(sorted(new)))))
        members = [{"alert_id": alert.id, "group_id": group, "owed_since": now} for group in found]
        insert_new(self._session, AlertGroupMember, members, unique=("alert_id", "group_id"))
        again = [heard_in[target] for target in targets if target in heard_in]
        mine = (AlertGroupMember.alert_id == alert.id, AlertGroupMember.group_id.in_(again), GOING_ON.query)
        self._session.execute(update(AlertGroupMember).where(*mine).values(owed_since=now))

    def _groups_of(self, alert_id: int) -> dict[str, int]:
        query = select(AlertGroup.target, AlertGroup.id).join(
            AlertGroupMember, AlertGroupMember.group_id == AlertGroup.id
        )
        rows = self._session.execute(query.where(_of(alert_id)))
        return {row.target: row.id for row in rows}

    def going_on(self) -> list[tuple[AlertGroup, list[Member]]]:
        """Return the groups of which something may be to be told, oldest first, and their members likewise."""
        query = (
            select(AlertGroup, AlertGroupMember, Alert, Message.state)
            .join(AlertGroupMember, AlertGroupMember.group_id == AlertGroup.id)
            .join(Alert, Alert.id == AlertGroupMember.alert_id)
            .outerjoin(Message, Message.once == AlertGroupMember.first_told)
            .where(GOING_ON.query)
            .order_by(AlertGroup.id, AlertGroupMember.id)
            .execution_options(populate_existing=True)
        )
        found: dict[int, tuple[AlertGroup, list[Member]]] = {}
        for group, member, alert, state in self._session.execute(query):
            heard = member.first_told is not None and state != MessageState.CANCELLED
            found.setdefault(group.id, (group, []))[1].append((member, alert, heard))
        return list(found.values())

    def speak(self, group: AlertGroup, *, now: datetime) -> bool:
        """Note that the group that was seen is told of now; False if another process was faster."""
        mine = (AlertGroup.id == group.id, AlertGroup.version == group.version)
        statement = update(AlertGroup).where(*mine).values(told_at=now, version=group.version + 1)
        return self._session.execute(statement.execution_options(synchronize_session=False)).rowcount == 1

    def note_told(self, group: AlertGroup, alert_ids: Sequence[int], *, first: Sequence[int], once: str) -> None:
        """Note that these are told now, and in which message those are that nobody had ``first`` heard of."""
        self._alter(group, alert_ids, owed_since=None)
        self._alter(group, first, first_told=once)

    def told_again(self, targets: Collection[str], *, now: datetime) -> None:
        """Note that all that goes on has just been told again to these addresses, another way."""
        mine = (AlertGroup.target.in_(sorted(targets)), AlertGroup.told_at.is_not(None))
        self._session.execute(update(AlertGroup).where(*mine).values(told_at=now))

    def note_over(self, group: AlertGroup, alert_ids: Sequence[int], *, now: datetime) -> None:
        """Note that nothing more is to be told of these."""
        self._alter(group, alert_ids, over_at=now)

    def _alter(self, group: AlertGroup, alert_ids: Sequence[int], **values: datetime | str | None) -> None:
        statement = update(AlertGroupMember).where(*_members(group, alert_ids)).values(**values)
        self._session.execute(statement.execution_options(synchronize_session=False))


def _of(alert_id: int) -> ColumnElement[bool]:
    return col(AlertGroupMember.alert_id) == alert_id


def _members(group: AlertGroup, alert_ids: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    return col(AlertGroupMember.group_id) == group.id, col(AlertGroupMember.alert_id).in_(list(alert_ids))
