"""Writes down how an attempt ended, and what follows from it for the message and for its channel."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

import structlog

from app.domain.outcome import Outcome, Rejected, Throttled
from app.domain.retry import DryRun, GiveUp, NextStep, RetryAt, Sent, SettleAt
from app.domain.states import MessageState
from app.store.tables import Message
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger()

CHANNEL_REST = timedelta(minutes=5)
"""How long a channel rests that refused for a reason of its own (key revoked, account blocked): its messages wait."""

Alert = Callable[[UnitOfWork, str, str, datetime], None]
"""Writes an alert into a transaction: the cause it is told of once, and a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A message on its way, and the attempt that was written down before it left."""

    message: Message
    attempt_id: int
    started_at: datetime


def channel_name(message: Message) -> str:
    """Return the name under which a message's channel is paused: each robot by itself, text messages together."""
    return f"{message.channel}:{message.target if message.channel == 'wecom' else ''}"


def record_outcome(
    uow: UnitOfWork, sending: Sending, outcome: Outcome, step: NextStep, *, now: datetime, alert: Alert
) -> None:
    """Complete the attempt and move the message on, in the caller's transaction."""
    message = sending.message
    end_attempt(uow, sending, outcome, now=now)
    if isinstance(outcome, Rejected) and outcome.blame == "channel":
        _pause_channel(uow, message, outcome.reason, now=now, alert=alert)
        return
    if isinstance(outcome, Throttled):
        uow.leases.pause(channel_name(message), reason=outcome.reason, until=now + outcome.wait)
    move_message(uow, message, step, now=now, from_states=(MessageState.SENDING,), alert=alert)


def end_attempt(uow: UnitOfWork, sending: Sending, outcome: Outcome, *, now: datetime) -> None:
    """Write down how the attempt ended."""
    uow.messages.end_attempt(
        sending.attempt_id,
        now=now,
        outcome=type(outcome).__name__.lower(),
        reason=getattr(outcome, "reason", ""),
        reference=getattr(outcome, "reference", ""),
    )


def move_message(
    uow: UnitOfWork, message: Message, step: NextStep, *, now: datetime, from_states: tuple[str, ...], alert: Alert
) -> None:
    """Move a message to what ``step`` says."""
    values: dict[str, Any] = {"lease_until": None}
    uncount = False
    match step:
        case Sent():
            values |= {"state": MessageState.SENT, "finished_at": now, "last_reason": None}
        case DryRun():
            values |= {"state": MessageState.SIMULATED, "finished_at": now}
        case RetryAt(at, reason, counted):
            values |= {"state": MessageState.PENDING, "due_at": at, "last_reason": reason[:200]}
            uncount = not counted
        case SettleAt(at, reason):
            values |= {"state": MessageState.SETTLING, "due_at": at, "last_reason": reason[:200]}
        case GiveUp(reason):
            values |= {"state": MessageState.DEAD, "finished_at": now, "last_reason": reason[:200]}
            log.error("message_dead", message=message.id, kind=message.kind, reason=reason)
            alert(
                uow,
                f"dead:{message.channel}:{now:%Y%m%d%H}",
                f"有消息未能送达（{message.channel}，{reason}），请用 lifeboat messages list --state dead 查看。",
                now,
            )
        case _:
            assert_never(step)
    uow.messages.change(message.id or 0, from_states=from_states, uncount=uncount, **values)


def _pause_channel(uow: UnitOfWork, message: Message, reason: str, *, now: datetime, alert: Alert) -> None:
    """Let the whole channel rest and keep the message: once a person has mended the settings, it goes out."""
    until = now + CHANNEL_REST
    uow.leases.pause(channel_name(message), reason=reason, until=until)
    uow.messages.change(
        message.id or 0,
        from_states=(MessageState.SENDING,),
        uncount=True,
        state=MessageState.PENDING,
        due_at=until,
        lease_until=None,
        last_reason=reason[:200],
    )
    log.error("channel_rests", channel=message.channel, target=message.target, reason=reason)
    alert(
        uow,
        f"channel:{channel_name(message)}:{reason}:{now:%Y%m%d}",
        f"通知渠道 {message.channel} 不可用（{reason}），消息已保留，请检查配置。",
        now,
    )
