"""Attempts to deliver: written before the network is touched, completed after; each counts in its robot's budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from app.store.tables import Attempt, Message, OrderRow

STRETCH = 2_000
"""Attempts of all channels that are looked back over at most: an hour of a busy deployment's."""


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """How an attempt ended, and whose it was: of a text message the mark of its phone, else its message."""

    outcome: str
    reason: str
    party: bytes | int


class AttemptRepository:
    """Writes attempts down and counts them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, messages: Sequence[Message], *, now: datetime) -> dict[int, int]:
        """Write down that these are about to be sent; return the attempt's row id by message id."""
        attempts = [
            Attempt(message_id=m.id or 0, channel=m.channel, target=m.target, number=m.attempts, started_at=now)
            for m in messages
        ]
        self._session.add_all(attempts)
        self._session.flush()
        return {a.message_id: a.id or 0 for a in attempts}

    def sends_since(self, channel: str, target: str, since: datetime, *, slowest: timedelta) -> list[datetime]:
        """Return when messages left for a destination, earliest first: the latest moment each can have arrived.

        Where nobody recorded the outcome (its sender died), that is ``slowest`` after the start.
        """
        query = select(Attempt.started_at, Attempt.finished_at).where(
            Attempt.channel == channel, Attempt.target == target, Attempt.started_at > since - slowest
        )
        moments = (finished or started + slowest for started, finished in self._session.execute(query))
        return sorted(at for at in moments if at > since)

    def newest_after(self, channel: str, target: str, moment: datetime) -> int | None:
        """Return the row id of the newest attempt for a destination that began after ``moment``."""
        after = and_(Attempt.channel == channel, Attempt.target == target, Attempt.started_at > moment)
        return self._session.scalar(select(func.max(Attempt.id)).where(after))

    def newest(self) -> int:
        """Return the row id of the newest attempt of all; 0 if there is none."""
        return self._session.scalar(select(func.max(Attempt.id))) or 0

    def sent_counts_since(self, channel: str, since: datetime, *, targets: Sequence[str]) -> dict[str, int]:
        """Count what left by a channel for each of these targets, for the spend stop."""
        real = or_(Attempt.outcome.is_(None), Attempt.outcome != "simulated")  # a drill costs nothing
        late = and_(Attempt.channel == channel, Attempt.target.in_(targets), Attempt.started_at > since)
        sent = select(Attempt.target, func.count()).where(late, real)
        return dict(self._session.execute(sent.group_by(Attempt.target)).all())

    def failures_in_a_row(self, channel: str, target: str | None) -> list[FailedAttempt]:
        """Return the attempts of a channel, or of one target, since something was delivered there, newest first.

        Counted in rows, so that two workers and a restart agree. What is under way or was only simulated tells nothing.
        """
        told = and_(Attempt.id > self.newest() - STRETCH, Attempt.channel == channel, Attempt.outcome != "simulated")
        query = (
            select(Attempt.outcome, Attempt.reason, Attempt.message_id, OrderRow.phone_index)
            .join(Message, Message.id == Attempt.message_id)
            .outerjoin(OrderRow, and_(OrderRow.id == Message.order_id, Message.channel == "sms"))
            .where(told if target is None else and_(told, Attempt.target == target))
            .order_by(Attempt.id.desc())
        )
        failures = []
        for outcome, reason, message_id, phone_index in self._session.execute(query):
            if outcome == "delivered":
                break
            failures.append(FailedAttempt(outcome, reason or "", phone_index or message_id))
        return failures

    def end(self, attempt_id: int, *, now: datetime, outcome: str, reason: str = "", reference: str = "") -> None:
        """Write down how an attempt ended."""
        values = {
            "finished_at": now,
            "outcome": outcome,
            "reason": reason[:200] or None,
            "reference": reference[:128] or None,
        }
        self._session.execute(update(Attempt).where(Attempt.id == attempt_id).values(**values))

    def last_to(self, channel: str, target: str | None = None) -> Attempt | None:
        """Return the newest attempt for a destination, or for a channel, among those that are looked back over."""
        late = and_(Attempt.id > self.newest() - STRETCH, Attempt.channel == channel)
        query = select(Attempt).where(late if target is None else and_(late, Attempt.target == target))
        return self._session.scalars(query.order_by(Attempt.id.desc()).limit(1)).first()

    def last_of(self, message_id: int) -> Attempt | None:
        """Return the newest attempt of a message."""
        return self._session.scalars(
            select(Attempt).where(Attempt.message_id == message_id).order_by(Attempt.id.desc()).limit(1)
        ).first()

    def of_messages(self, message_ids: Sequence[int]) -> list[Attempt]:
        """Return the attempts of some messages, oldest first."""
        return list(
            self._session.scalars(select(Attempt).where(Attempt.message_id.in_(message_ids)).order_by(Attempt.id))
        )
