"""What follows an attempt to deliver, decided as a value and tested as a table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from app.domain.outcome import Deferred, Delivered, Outcome, Rejected, Simulated, Throttled, Unknown, Unreachable

Delays = tuple[timedelta, ...]

GROUP_DELAYS: Delays = tuple(timedelta(seconds=s) for s in (1, 3, 9, 30, 60, 120, 300, 600, 1800))
"""A group message stays useful for about an hour; the provider's own advice is 1, 3 and 9 seconds to begin with."""

SMS_DELAYS: Delays = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800))
"""Slower: every try may cost money, and a calming message an hour late still calms."""

SETTLE_DELAYS: Delays = tuple(timedelta(seconds=s) for s in (5, 15, 60, 180, 600))
"""Providers' records lag behind a send by seconds to minutes, so the question is put more than once."""


@dataclass(frozen=True, slots=True)
class Sent:
    """It is with the provider; nothing more to do."""

    reference: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """It was recorded and not sent."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at ``at``; ``counted`` is false where the provider never looked at it."""

    at: datetime
    reason: str
    counted: bool = True


@dataclass(frozen=True, slots=True)
class SettleAt:
    """Ask the provider at ``at`` what became of it, and send nothing before that."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """To the dead letters, for a person."""

    reason: str


NextStep = Sent | DryRun | RetryAt | SettleAt | GiveUp


def next_step(
    outcome: Outcome, *, attempts: int, delays: Delays, now: datetime, jitter: float = 0.0, settles: bool = False
) -> NextStep:
    """Decide what follows the outcome of attempt number ``attempts``.

    ``jitter`` between 0 and 1 stretches a delay by up to a half, so that a fleet does not return in step.
    ``settles`` tells whether an unknown outcome can be asked about and must be before another try (SMS); where it
    cannot, the message is sent again and may be seen twice (a group message names its order).
    """
    match outcome:
        case Delivered(reference):
            return Sent(reference)
        case Simulated():
            return DryRun()
        case Rejected(reason):
            return GiveUp(reason)
        case Throttled(wait, reason):
            return RetryAt(now + wait, reason, counted=False)
        case Unknown(reason) if settles:
            return SettleAt(now + SETTLE_DELAYS[0], reason)
        case Unreachable(reason, int() as tries) if attempts >= tries:
            return GiveUp(f"{reason} ({attempts} attempts)")
        case Unknown(reason) | Unreachable(reason) | Deferred(_, reason):
            if attempts > len(delays):
                return GiveUp(f"{reason} ({attempts} attempts)")
            return RetryAt(now + _delay(outcome, delays[attempts - 1], jitter=jitter), reason)
        case _:
            assert_never(outcome)


def _delay(outcome: Outcome, usual: timedelta, *, jitter: float) -> timedelta:
    return outcome.wait if isinstance(outcome, Deferred) else usual * (1 + jitter / 2)


def after_settling(outcome: Outcome, *, asked: int, now: datetime, reason: str) -> NextStep:
    """Decide what follows the answer number ``asked`` of a provider about a send with an unknown outcome.

    Money and a customer's patience are at stake: while it cannot be told, it is not sent again, and in the end a
    person decides.
    """
    match outcome:
        case Delivered(reference):
            return Sent(reference)
        case Unreachable(why) if asked > len(SETTLE_DELAYS):
            return GiveUp(f"{why} (asked {asked} times)")
        case Unreachable(why):
            return RetryAt(now, why)
        case Rejected(why):
            return GiveUp(why)
        case Simulated():
            return DryRun()
        case Unknown() | Throttled() | Deferred():
            if asked >= len(SETTLE_DELAYS):
                return GiveUp(f"{reason}: outcome unknown, provider asked {asked} times")
            return SettleAt(now + SETTLE_DELAYS[asked], reason)
        case _:
            assert_never(outcome)


def while_worth(step: NextStep, *, until: datetime | None) -> NextStep:
    """Give up where the next try would come after ``until``, when the message is worth nothing any more."""
    match step:
        case RetryAt(at, reason) if until is not None and at > until:
            return GiveUp(f"{reason}：要等到内容已经过时才能再发，不再发送")
        case _:
            return step
