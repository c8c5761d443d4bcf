"""Writes down how an attempt ended, and what follows from it for the message and for its channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from app.channels.kinds import KINDS
from app.domain.outcome import Delivered, Outcome, Rejected, Throttled
from app.domain.retry import DryRun, GiveUp, NextStep, RetryAt, Sent, SettleAt
from app.domain.states import MessageState
from app.notify.contents import Content
from app.store.tables import Message
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger()

CHANNEL_REST = timedelta(minutes=5)
"""How long a channel rests that refused for a reason of its own (key revoked, account blocked): its messages wait."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A message on its way, what it says, and the attempt that was written down before it left."""

    message: Message
    content: Content
    attempt_id: int
    started_at: datetime


def pause_name(message: Message) -> str:
    """Return the name under which a message's destination is paused: each robot by itself, text messages together."""
    return f"{message.channel}:{'' if message.channel == 'sms' else message.target}"


def record_outcome(uow: UnitOfWork, sending: Sending, outcome: Outcome, step: NextStep, *, now: datetime) -> None:
    """Complete the attempt and move the message on, in the caller's transaction."""
    message = sending.message
    end_attempt(uow, sending.attempt_id, outcome, now=now)
    match outcome:
        case Rejected(reason, "channel"):
            _pause_channel(uow, message, reason, now=now)
            return
        case Throttled(wait, reason):
            _pause(uow, message, reason, until=now + wait, now=now)
        case Delivered():
            uow.pauses.lift(pause_name(message), by_attempt=sending.attempt_id)
        case _:
            pass
    move_message(uow, message, step, now=now, from_states=(MessageState.SENDING,))


def end_attempt(uow: UnitOfWork, attempt_id: int, outcome: Outcome, *, now: datetime) -> None:
    """Write down how the attempt ended."""
    uow.attempts.end(
        attempt_id,
        now=now,
        outcome=type(outcome).__name__.lower(),
        reason=getattr(outcome, "reason", ""),
        reference=getattr(outcome, "reference", ""),
    )


def move_message(
    uow: UnitOfWork, message: Message, step: NextStep, *, now: datetime, from_states: tuple[MessageState, ...]
) -> None:
    """Move a message to what ``step`` says."""
    message_id = message.id or 0
    match step:
        case Sent():
            uow.messages.finish(message_id, MessageState.SENT, from_states=from_states, now=now)
        case DryRun():
            uow.messages.finish(message_id, MessageState.SIMULATED, from_states=from_states, now=now)
        case RetryAt(at, reason, counted):
            uow.messages.put_off(
                message_id, MessageState.PENDING, from_states=from_states, until=at, reason=reason, uncount=not counted
            )
        case SettleAt(at, reason):
            uow.messages.put_off(message_id, MessageState.SETTLING, from_states=from_states, until=at, reason=reason)
        case GiveUp(reason):
            uow.messages.finish(message_id, MessageState.DEAD, from_states=from_states, now=now, reason=reason)
            log.error("message_dead", message=message.id, kind=message.kind, reason=reason)
        case _:
            assert_never(step)


def _pause(
    uow: UnitOfWork, message: Message, reason: str, *, until: datetime, now: datetime, fault: bool = False
) -> None:
    """Leave a message's destination alone; only an attempt that begins after this one may end the pause."""
    uow.pauses.pause(
        pause_name(message),
        reason=reason,
        until=until,
        now=now,
        fault=fault,
        attempt=uow.attempts.newest(),
        longest=KINDS[message.channel].longest_pause,
    )


def _pause_channel(uow: UnitOfWork, message: Message, reason: str, *, now: datetime) -> None:
    """Let the whole channel rest and keep the message: once a person has mended the settings, it goes out."""
    until = now + CHANNEL_REST
    _pause(uow, message, reason, until=until, now=now, fault=True)
    uow.messages.put_off(
        message.id or 0,
        MessageState.PENDING,
        from_states=(MessageState.SENDING,),
        until=until,
        reason=reason,
        uncount=True,
    )
    log.error("channel_rests", channel=message.channel, target=message.target, reason=reason)
