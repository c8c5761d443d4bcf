"""The way every message goes: claimed and its attempt written down, sent outside the transaction, recorded."""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from datetime import datetime

import structlog

from app.domain.clock import Clock
from app.domain.outcome import Outcome, Unknown
from app.domain.retry import Delays, GiveUp, next_step, while_worth
from app.domain.states import MessageState
from app.domain.worth import worth_until
from app.notify.contents import UnreadableContent, read_content
from app.notify.dispatch.record import Sending, move_message, record_outcome
from app.store.tables import Message
from app.store.unit_of_work import Store, UnitOfWork

log = structlog.get_logger()


def begin_sending(uow: UnitOfWork, claimed: Sequence[Message], *, now: datetime) -> list[Sending]:
    """Write down an attempt for each claimed message; one that cannot be read becomes a dead letter on the spot."""
    readable = []
    for message in claimed:
        try:
            readable.append((message, read_content(message.subject, message.content)))
        except UnreadableContent as error:
            move_message(uow, message, GiveUp(str(error)), now=now, from_states=(MessageState.SENDING,))
    attempts = uow.attempts.begin([message for message, _ in readable], now=now)
    return [Sending(message, content, attempts[message.id or 0], now) for message, content in readable]


def resume_sending(
    uow: UnitOfWork, claimed: Sequence[Message], *, now: datetime, from_state: MessageState
) -> list[Sending]:
    """Return each claimed message with the attempt that was made last; one that cannot be read is a dead letter."""
    begun = []
    for message in claimed:
        attempt = uow.attempts.last_of(message.id or 0)
        try:
            content = read_content(message.subject, message.content)
        except UnreadableContent as error:
            move_message(uow, message, GiveUp(str(error)), now=now, from_states=(from_state,))
            continue
        if attempt is not None:
            begun.append(Sending(message, content, attempt.id or 0, attempt.started_at))
    return begun


class Sender:
    """Sends what was claimed and records how it ended, by the rules of one channel."""

    def __init__(self, store: Store, clock: Clock, *, delays: Delays, settles: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._delays = delays
        self._settles = settles

    async def send(self, sending: Sending, answer: Awaitable[Outcome]) -> None:
        """Wait for a channel's answer and record it; an exception of the channel's is an unknown outcome."""
        try:
            outcome = await answer
        except Exception as error:
            log.exception("channel_broke", channel=sending.message.channel)
            outcome = Unknown(f"{sending.message.channel}:{type(error).__name__}")
        now = self._clock.now()
        step = next_step(
            outcome,
            attempts=sending.message.attempts,
            delays=self._delays,
            now=now,
            jitter=random.random(),  # noqa: S311 - spread, not secrecy
            settles=self._settles,
        )
        message = sending.message
        worth = worth_until(message.subject, created_at=message.created_at, due_at=message.due_at)
        step = while_worth(step, until=worth)

        def record() -> None:
            with self._store.writing() as uow:
                record_outcome(uow, sending, outcome, step, now=now)

        await asyncio.to_thread(record)
