"""Writes down how an attempt ended, and what follows from it for the message and for its channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from app.channels.kinds import COUPONS, KINDS, SMS, STAFF
from app.domain.outcome import Deferred, Delivered, Outcome, Rejected, Throttled, Unknown, Unreachable
from app.domain.person_target import is_for_person
from app.domain.retry import DryRun, GiveUp, NextStep, RetryAt, Sent, SettleAt, while_worth
from app.domain.states import MessageState
from app.domain.subject import Subject
from app.domain.worth import worth_until
from app.notify.contents import Content
from app.notify.new_message import UNDRAWN
from app.store.repositories.pauses import number_name
from app.store.tables import Message
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger()

CHANNEL_REST = timedelta(minutes=5)
"""How long a channel rests that refused for a reason of its own (key revoked, account blocked): its messages wait."""

ALIKE = 5
"""Different parties refused alike, with no success in between, before the channel itself is taken to be at fault.

Fewer happen by chance where made-up phones or words come in one after the other; more would cost too many messages.
"""

UNANSWERED = 5
"""Attempts in a row that nobody answered before a channel is called silent; a minute, by the delays between them."""

UNTOLD = frozenset({"unreachable", "unknown"})
"""Outcomes of attempts to which nobody gave an answer that tells."""

NEVER_ARRIVED = frozenset({"rejected", "deferred", "throttled", "unreachable"})
"""Outcomes of attempts that surely reached nobody."""

OUR_OWN = "sms:"
"""Before the reasons for which we refuse a text message ourselves, which tell nothing of the provider."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A message on its way, what it says, and the attempt that was written down before it left."""

    message: Message
    content: Content
    attempt_id: int
    started_at: datetime


def pause_name(message: Message) -> str:
    """Return the name under which a message's destination is paused: each robot by itself, text messages together.

    Those to people of ours have a name of their own, and their e-mails that of all e-mails: it is one mail server.
    """
    if is_for_person(message.target):
        return STAFF if message.channel == SMS.name else f"{message.channel}:"
    return f"{message.channel}:{'' if message.channel == 'sms' else message.target}"


def fault_name(message: Message) -> str:
    """Return the name under which a fault is kept that a message met.

    Coupons have a template of their own, and marketing needs rights of its own: what is wrong with those silences no
    order notice. A fault of the whole account is met by the next notice as well.
    """
    return COUPONS if message.subject == Subject.COUPON else pause_name(message)


def lift_pauses(uow: UnitOfWork, sending: "Sending") -> None:
    """Let a destination go on that has taken a message."""
    for name in {pause_name(sending.message), fault_name(sending.message)}:
        uow.pauses.lift(name, by_attempt=sending.attempt_id)


def record_outcome(uow: UnitOfWork, sending: Sending, outcome: Outcome, step: NextStep, *, now: datetime) -> None:
    """Complete the attempt and move the message on, in the caller's transaction."""
    message = sending.message
    end_attempt(uow, sending.attempt_id, outcome, now=now)
    match outcome:
        case Rejected(reason, "channel"):
            _pause_channel(uow, message, reason, now=now)
            return
        case Throttled(wait, reason):
            _pause(uow, message, pause_name(message), reason=reason, until=now + wait, now=now)
        case Deferred(wait, reason, "number") if message.order_id is not None:
            mark = uow.orders.get(message.order_id).phone_index
            uow.pauses.pause(number_name(mark), reason=reason, until=now + wait, now=now)
        case Delivered():
            lift_pauses(uow, sending)
        case _:
            pass
    move_message(uow, message, step, now=now, from_states=(MessageState.SENDING,))
    _look_for_a_row(uow, message, outcome, now=now)


def _look_for_a_row(uow: UnitOfWork, message: Message, outcome: Outcome, *, now: datetime) -> None:
    """Blame the channel where several parties in a row were refused alike, or nobody has answered for a while.

    It rests after refusals; a silent one is only named, since the delays between tries are its rest. Any success ends
    both, also of a message that was under way already: it shows that the channel works. One person's address is no
    evidence against a channel.
    """
    if is_for_person(message.target):
        return
    match outcome:
        case Rejected(reason, "message") | Deferred(_, reason) | Unreachable(reason, int()):
            refused, until = True, now + CHANNEL_REST
        case Unreachable(reason) | Unknown(reason):
            refused, until = False, now
        case _:
            return
    if refused and reason.startswith(OUR_OWN):
        return
    uow.leases.serialise(pause_name(message))  # of five recorded at the same moment, one must see the others
    row = uow.attempts.failures_in_a_row(message.channel, None if message.channel == SMS.name else message.target)
    alike = {failed.party for failed in row if failed.reason == reason}
    unanswered = [failed for failed in row if failed.outcome in UNTOLD]
    if len(alike) >= ALIKE if refused else len(unanswered) >= UNANSWERED:
        name = fault_name(message)
        _pause(uow, message, name, reason=reason, until=until, now=now, fault=True, only_later=False)
        log.error("channel_fails_in_a_row", channel=message.channel, target=message.target, reason=reason)


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
            if uow.messages.finish(message_id, MessageState.DEAD, from_states=from_states, now=now, reason=reason):
                _take_back_coupon(uow, message)
            log.error("message_dead", message=message.id, kind=message.kind, reason=reason)
        case _:
            assert_never(step)


def _take_back_coupon(uow: UnitOfWork, message: Message) -> None:
    """Put the code of a text message that was given up back into the pool, where no attempt can have brought it."""
    content = message.content
    if message.channel != SMS.name or not isinstance(content, dict) or not content.get("coupon"):
        return
    if all(attempt.outcome in NEVER_ARRIVED for attempt in uow.attempts.of_messages([message.id or 0])):
        uow.coupons.take_back(str(content["coupon"]))
        lane = UNDRAWN if message.subject == Subject.COUPON else message.lane
        uow.messages.keep_without_code(message, {**content, "coupon": "", "worth": ""}, lane=lane)


def _pause(
    uow: UnitOfWork,
    message: Message,
    name: str,
    *,
    reason: str,
    until: datetime,
    now: datetime,
    fault: bool = False,
    only_later: bool = True,
) -> None:
    """Leave a message's destination alone; with ``only_later`` only an attempt that begins after this one ends it."""
    uow.pauses.pause(
        name,
        reason=reason,
        until=until,
        now=now,
        fault=fault,
        attempt=uow.attempts.newest() if only_later else None,
        longest=KINDS[message.channel].longest_pause,
    )


def _pause_channel(uow: UnitOfWork, message: Message, reason: str, *, now: datetime) -> None:
    """Let the whole channel rest and keep the message: once a person has mended the settings, it goes out."""
    until = now + CHANNEL_REST
    _pause(uow, message, fault_name(message), reason=reason, until=until, now=now, fault=True)
    worth = worth_until(message.subject, created_at=message.created_at, due_at=message.due_at)
    step = while_worth(RetryAt(until, reason, counted=False), until=worth)
    move_message(uow, message, step, now=now, from_states=(MessageState.SENDING,))
    log.error("channel_rests", channel=message.channel, target=message.target, reason=reason)
