"""Dead letters: messages that were given up, until a person has them sent again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session

from app.domain.states import MessageState
from app.store.statements import IN_LIMIT, chunks
from app.store.tables import Message
from app.store.tables.message import DEAD


class DeadGroup(NamedTuple):
    """Dead letters of one kind that were given up for one reason, and how many they are."""

    subject: str
    channel: str
    reason: str | None
    messages: int


class DeadLetterRepository:
    """Finds dead letters, and queues them again."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def requeue(self, ids: Sequence[int], *, now: datetime) -> int:
        """Queue dead letters as if they were new; return how many of them were dead still."""
        again = {"state": MessageState.PENDING, "due_at": now, "attempts": 0, "asked": 0}
        again |= {"finished_at": None, "lease_until": None}
        return sum(
            self._session.execute(
                update(Message)
                .where(Message.id.in_(part), Message.state == MessageState.DEAD)
                .values(**again)
                .execution_options(synchronize_session=False)
            ).rowcount
            for part in chunks(ids, IN_LIMIT)
        )

    def ids(
        self, *, kinds: Collection[tuple[str, str]] | None = None, since: datetime | None = None, limit: int
    ) -> list[int]:
        """Return the dead letters of these (subject, channel) pairs that were given up since a moment, oldest first."""
        query = select(Message.id).where(DEAD.query).order_by(Message.id).limit(limit)
        if kinds is not None:
            query = query.where(tuple_(Message.subject, Message.channel).in_(kinds))
        if since is not None:
            query = query.where(Message.finished_at >= since)
        return list(self._session.scalars(query))

    def alike(self, *, limit: int) -> list[DeadGroup]:
        """Count the newest ``limit`` dead letters by what they are, where they were to go and why they did not."""
        few = select(Message.subject, Message.channel, Message.last_reason).where(DEAD.query)
        some = few.order_by(Message.id.desc()).limit(limit).subquery().c
        query = select(some.subject, some.channel, some.last_reason, func.count())
        query = query.group_by(some.subject, some.channel, some.last_reason)
        return [DeadGroup(*row) for row in self._session.execute(query)]

    def by_channel(self) -> dict[str, int]:
        """Count the dead letters of each channel that has any."""
        query = select(Message.channel, func.count()).where(DEAD.query).group_by(Message.channel)
        return dict(self._session.execute(query).all())
