"""Messages: written once, claimed under a lease, finished by what the provider said.

Questions about what is open name its partial index by the literal condition: from ``state = 'pending'`` SQLite does not
conclude that a row is among the open ones, and would walk the whole outbox.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from app.domain.states import MessageState
from app.store.statements import IN_LIMIT, chunks, insert_new
from app.store.tables import Message, OrderRow
from app.store.tables.message import DEAD, MERGED, OF_ALERT, OPEN, SETTLING

MOST_COUNTED = 100_000
"""Whoever reads the figure learns nothing from a greater one, and looks at it every ten seconds."""

STUCK_AFTER = timedelta(minutes=2)
"""Messages of a busy minute wait for their place in a robot's budget, and are merged within seconds."""


def stuck(now: datetime) -> ColumnElement[bool]:
    """Return which open messages are stuck: tried or put off without success, or due for minutes and not yet tried."""
    waits_on = or_(col(Message.last_reason).is_not(None), col(Message.due_at) < now - STUCK_AFTER)
    return and_(Message.state == MessageState.PENDING, waits_on)


class MessageRepository:
    """The outbox."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # ---- writing ---------------------------------------------------------------------------------------------------

    def add_new(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        """Add messages whose fact has none yet; return the ``once`` of those that were new."""
        return set(insert_new(self._session, Message, rows, unique=("once",)))

    def add(self, message: Message) -> Message:
        """Add one message and learn its row id."""
        self._session.add(message)
        self._session.flush()
        return message

    # ---- what waits ------------------------------------------------------------------------------------------------

    def anything_due(self, channel: str, *, now: datetime, target: str | None = None, lane: int | None = None) -> bool:
        """Tell whether there is anything to send; asked often, so it takes no lock."""
        due = self._due(channel, now=now, target=target, lane=lane)
        return self._session.scalars(due.limit(1)).first() is not None

    def held_back_count(
        self, channel: str, *, now: datetime, target: str | None = None, subject: str | None = None
    ) -> int:
        """Count what is due for a channel, one target or subject, or was put off, up to :data:`MOST_COUNTED`."""
        mine = and_(OPEN.query, Message.channel == channel, Message.state == MessageState.PENDING)
        held_back = select(Message.id).where(mine, or_(Message.due_at <= now, Message.last_reason.is_not(None)))
        if target is not None:
            held_back = held_back.where(Message.target == target)
        if subject is not None:
            held_back = held_back.where(Message.subject == subject)
        return self._session.scalar(select(func.count()).select_from(held_back.limit(MOST_COUNTED).subquery())) or 0

    def waiting(
        self, channel: str, target: str, lane: int, *, subject: str, now: datetime
    ) -> tuple[int, datetime | None]:
        """Return how many messages of a subject are due in a lane, and when the oldest of them was written."""
        due = self._due(channel, now=now, target=target, lane=lane).where(Message.subject == subject)
        counted = due.with_only_columns(func.count(), func.min(Message.created_at))
        count, oldest = self._session.execute(counted).one()
        return count, oldest

    def claim(
        self,
        channel: str,
        *,
        now: datetime,
        lease_until: datetime,
        limit: int,
        target: str | None = None,
        lane: int | None = None,
        but_not: str = "",
    ) -> list[Message]:
        """Take due messages for sending, oldest first, except those about ``but_not``."""
        query = (
            self._due(channel, now=now, target=target, lane=lane)
            .where(Message.subject != but_not)
            .order_by(Message.lane, Message.id)
            .limit(limit)
        )
        messages = list(self._session.scalars(query.with_for_update(skip_locked=True)))
        for message in messages:
            message.state, message.lease_until = MessageState.SENDING, lease_until
            message.attempts += 1
        self._session.add_all(messages)
        return messages

    def claim_for_digest(
        self, channel: str, target: str, lane: int, *, subject: str, now: datetime, limit: int
    ) -> list[Message]:
        """Lock due messages about one subject that are to be merged, oldest first."""
        query = (
            self._due(channel, now=now, target=target, lane=lane)
            .where(Message.subject == subject)
            .order_by(Message.id)
            .limit(limit)
        )
        return list(self._session.scalars(query.with_for_update(skip_locked=True)))

    def merge(self, messages: Sequence[Message], *, into: Message, now: datetime) -> None:
        """Let ``into`` speak for ``messages``, also for those that another one has spoken for."""
        unsent = (MessageState.PENDING, MessageState.MERGED)
        for part in chunks([m.id for m in messages], IN_LIMIT):
            statement = update(Message).where(Message.id.in_(part), Message.state.in_(unsent))
            self._session.execute(
                statement.values(state=MessageState.MERGED, merged_into=into.id, finished_at=now).execution_options(
                    synchronize_session=False
                )
            )

    def keep_without_code(self, message: Message, content: dict[str, Any], *, lane: int) -> None:
        """Take the code out of a message that never left."""
        values = {"content": content, "lane": lane}
        self._session.execute(update(Message).where(Message.id == message.id).values(**values))

    def claim_to_settle(self, *, now: datetime, lease_until: datetime, limit: int) -> list[Message]:
        """Take messages with an unknown outcome about which the provider is to be asked, longest due first."""
        query = (
            select(Message)
            .where(SETTLING.query, Message.due_at <= now)
            .order_by(Message.due_at, Message.id)
            .limit(limit)
        )
        messages = list(self._session.scalars(query.with_for_update(skip_locked=True)))
        for message in messages:
            message.due_at = lease_until  # nobody else asks before then
            message.asked += 1
        self._session.add_all(messages)
        return messages

    def recover_stalled(self, channel: str, *, now: datetime, longest: datetime, state: str, reason: str) -> int:
        """Give back messages whose sender died between claim and record; return how many.

        A lease beyond ``longest`` was written before the clock was set back.
        """
        stalled = and_(
            OPEN.query,
            Message.channel == channel,
            Message.state == MessageState.SENDING,
            or_(Message.lease_until < now, Message.lease_until > longest),
        )
        statement = update(Message).where(stalled).values(state=state, due_at=now, lease_until=None, last_reason=reason)
        return self._session.execute(statement.execution_options(synchronize_session=False)).rowcount

    def pull_forward(self, *, now: datetime, furthest: datetime, longest_retry: datetime) -> int:
        """Make due what the clock, set back meanwhile, has left ahead of it.

        Three marks of a schedule that was written before: it is beyond ``furthest``, which no schedule of ours reaches;
        it is beyond ``longest_retry`` where nothing else puts a message off (a text may also wait for a provider's
        tomorrow, a coupon for the morning); or the message was due when it was written, and that is still to come.
        """
        due_when_written = and_(Message.created_at > now, Message.due_at <= Message.created_at)
        only_retried = or_(Message.channel != "sms", Message.state == MessageState.SETTLING)
        ahead = or_(Message.due_at > furthest, and_(only_retried, Message.due_at > longest_retry), due_when_written)
        statement = (
            update(Message)
            .where(OPEN.query, Message.state.in_((MessageState.PENDING, MessageState.SETTLING)), ahead)
            .values(due_at=now)
        )
        return self._session.execute(statement.execution_options(synchronize_session=False)).rowcount

    def retarget(self, channel: str, *, known: Sequence[tuple[str, str]], to: tuple[str, str]) -> int:
        """Hand messages for a destination that is not among the known (channel, target) pairs to ``to``, which is."""
        here = [target for one, target in known if one == channel]
        lost = and_(OPEN.query, Message.channel == channel, Message.state == MessageState.PENDING)
        statement = update(Message).where(lost, Message.target.not_in(here)).values(channel=to[0], target=to[1])
        return self._session.execute(statement.execution_options(synchronize_session=False)).rowcount

    def targets_due(self, channel: str, *, now: datetime, lane: int | None = None) -> list[str]:
        """Return the targets for which something of a channel is due."""
        due = self._due(channel, now=now, lane=lane)
        return list(self._session.scalars(due.with_only_columns(Message.target).distinct()))

    def phone_marks(self, messages: Sequence[Message]) -> dict[int, bytes]:
        """Return the marks of the phones that messages go to, by the message's row id."""
        query = select(Message.id, OrderRow.phone_index).join(OrderRow, OrderRow.id == Message.order_id)
        return dict(self._session.execute(query.where(Message.id.in_([m.id for m in messages]))).all())

    # ---- moving on --------------------------------------------------------------------------------------------------

    def finish(
        self,
        message_id: int,
        state: MessageState,
        *,
        from_states: Sequence[MessageState],
        now: datetime,
        reason: str | None = None,
    ) -> bool:
        """End a message that is still in one of ``from_states``; of one that was simulated the last reason stays."""
        values: dict[str, Any] = {"state": state, "lease_until": None, "finished_at": now}
        if state is not MessageState.SIMULATED:
            values["last_reason"] = reason[:200] if reason else None
        return self._change(message_id, from_states, values)

    def put_off(
        self,
        message_id: int,
        state: MessageState,
        *,
        from_states: Sequence[MessageState],
        until: datetime,
        reason: str,
        uncount: bool = False,
    ) -> bool:
        """Make a message due again at ``until``; ``uncount`` takes back the attempt."""
        values: dict[str, Any] = {"state": state, "lease_until": None, "due_at": until, "last_reason": reason[:200]}
        if uncount:
            values["attempts"] = case((Message.attempts > 0, Message.attempts - 1), else_=0)
        return self._change(message_id, from_states, values)

    def _change(self, message_id: int, from_states: Sequence[MessageState], values: Mapping[str, Any]) -> bool:
        statement = update(Message).where(Message.id == message_id, Message.state.in_(from_states)).values(values)
        return self._session.execute(statement.execution_options(synchronize_session=False)).rowcount == 1

    # ---- looking up ------------------------------------------------------------------------------------------------

    def get(self, message_id: int) -> Message | None:
        """Return one message."""
        return self._session.get(Message, message_id)

    def template_of(self, once: str) -> str | None:
        """Return which template the text message about a fact uses; None if there is no message yet."""
        content = self._session.scalars(select(Message.content).where(Message.once == once)).first()
        return None if content is None else str(dict(content).get("template", ""))

    def of_alert(self, alert_id: int) -> list[Message]:
        """Return the messages that tell of an alert, oldest first."""
        mine = (OF_ALERT.query, Message.alert_id == alert_id)
        return list(self._session.scalars(select(Message).where(*mine).order_by(Message.id).limit(200)))

    def of_order(self, order_id: int) -> list[Message]:
        """Return an order's messages, oldest first."""
        return list(self._session.scalars(select(Message).where(Message.order_id == order_id).order_by(Message.id)))

    def members_about(self, digest: Message, numbers: Sequence[str]) -> list[Message]:
        """Return those of a digest's messages that tell of these orders; no content is read for it."""
        members = select(Message).join(OrderRow, OrderRow.id == Message.order_id)
        members = members.where(MERGED.query, Message.merged_into == digest.id)
        return [
            member
            for part in chunks(numbers, IN_LIMIT)
            for member in self._session.scalars(members.where(OrderRow.number.in_(part)))
        ]

    def in_state(self, state: str, *, limit: int = 500) -> list[Message]:
        """Return messages in a state, newest first."""
        query = select(Message).where(Message.state == state).order_by(Message.id.desc()).limit(limit)
        return list(self._session.scalars(query))

    def count_unfinished(self) -> dict[tuple[str, str], int]:
        """Count by channel and state the messages that are open or dead; what was delivered is not counted."""
        query = select(Message.channel, Message.state, func.count()).group_by(Message.channel, Message.state)
        return {
            (channel, state): count
            for condition in (OPEN, DEAD)
            for channel, state, count in self._session.execute(query.where(condition.query))
        }

    def _due(
        self, channel: str, *, now: datetime, target: str | None = None, lane: int | None = None
    ) -> Select[Message]:
        due = and_(OPEN.query, Message.channel == channel, Message.state == MessageState.PENDING, Message.due_at <= now)
        query = select(Message).where(due)
        if target is not None:
            query = query.where(Message.target == target)
        if lane is not None:
            query = query.where(Message.lane == lane)
        return query
