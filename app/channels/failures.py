"""The building blocks of every outcome table: what a provider said becomes a short stable reason and an outcome."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import partial
from typing import Literal, assert_never

from app.domain.outcome import Deferred, Rejected, Throttled, Unknown, Unreachable

Failure = Throttled | Deferred | Unreachable | Rejected | Unknown
MakeFailure = Callable[[str], Failure]
"""Makes the outcome for a reason; ``Unreachable``, ``Rejected`` and ``Unknown`` are verdicts by themselves."""

UNLISTED_TRIES = 3

unlisted: MakeFailure = partial(Unreachable, tries=UNLISTED_TRIES)
"""The verdict on a code that no table lists: it may pass, so it is tried again, but not for long.

It concerns its message alone, until several different parties in a row have got it.
"""

channel_fault: MakeFailure = partial(Rejected, blame="channel")

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}")
_BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class Scope(StrEnum):
    """Whom a refusal concerns."""

    NUMBER = "number"
    """One recipient: its other messages are refused as well, everybody else's are not."""
    TEXT = "text"
    """One message: its words or values."""
    ACCOUNT = "account"
    """Everything we send: balance, caps, signature, template, rights, key, clock."""
    PROVIDER = "provider"
    """Whoever calls it now: it is busy, or out of order."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A row of a table of codes: whom a refusal concerns, what follows, and for how long.

    ``wait`` for a time, or ``until`` a time of day in Beijing, by which providers count days.
    """

    scope: Scope
    follows: Literal["wait", "refuse", "retry", "ask"]
    wait: timedelta = timedelta()
    until: time | None = None

    def outcome(self, reason: str, now: datetime) -> Failure:
        """Return what became of a message that was refused for ``reason``."""
        wait = self.wait if self.until is None else _next(self.until, now) - now
        match self.follows:
            case "ask":
                return Unknown(reason)
            case "retry":
                return Unreachable(reason)
            case "refuse" if self.scope is Scope.ACCOUNT:
                return channel_fault(reason)
            case "refuse":
                return Rejected(reason)
            case "wait":
                match self.scope:
                    case Scope.NUMBER:
                        return Deferred(wait, reason)
                    case Scope.TEXT:
                        return Deferred(wait, reason, party="message")
                    case Scope.ACCOUNT | Scope.PROVIDER:
                        return Throttled(wait, reason)
            case _:
                assert_never(self.follows)


def number_waits(wait: timedelta | time) -> Ruling:
    """Return the ruling "nothing to this number for so long", or until that time in Beijing."""
    return _waiting(Scope.NUMBER, wait)


def message_waits(wait: timedelta | time) -> Ruling:
    """Return the ruling "not this message for so long"."""
    return _waiting(Scope.TEXT, wait)


def provider_waits(wait: timedelta) -> Ruling:
    """Return the ruling "nothing at all for so long"."""
    return _waiting(Scope.PROVIDER, wait)


NUMBER_REFUSED = Ruling(Scope.NUMBER, "refuse")
TEXT_REFUSED = Ruling(Scope.TEXT, "refuse")
ACCOUNT_REFUSED = Ruling(Scope.ACCOUNT, "refuse")
"""A person must mend it: everything is kept and waits."""
PROVIDER_FAILED = Ruling(Scope.PROVIDER, "retry")
PERHAPS_SENT = Ruling(Scope.PROVIDER, "ask")


def throttled(wait: timedelta) -> MakeFailure:
    """Return the verdict "not now: come back after ``wait``"."""
    return partial(Throttled, wait)


@dataclass(frozen=True, slots=True)
class Growing:
    """The verdict "not now" with a longer wait each time in a row; after the last of ``waits`` it is ``then``."""

    waits: tuple[timedelta, ...]
    then: MakeFailure

    def after(self, times: int) -> MakeFailure:
        """Return the verdict for one that came ``times`` in a row before."""
        return throttled(self.waits[times]) if times < len(self.waits) else self.then


def reason_of(provider: str, code: object) -> str:
    """Return ``provider:code``, with only what looks like a code repeated.

    Whatever else a provider writes may echo a phone number, a coupon or a string to sign, so it goes no further.
    """
    text = str(code)
    return f"{provider}:{text if _CODE.fullmatch(text) else 'unreadable'}"


def caused_by(error: BaseException | None, kinds: tuple[type[BaseException], ...]) -> bool:
    """Tell whether ``error``, or anything it was raised from, is one of ``kinds``: SDKs wrap what really happened."""
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__ or error.__context__
    return False


def _waiting(scope: Scope, wait: timedelta | time) -> Ruling:
    return Ruling(scope, "wait", until=wait) if isinstance(wait, time) else Ruling(scope, "wait", wait)


def _next(moment: time, now: datetime) -> datetime:
    """Return when it is ``moment`` in Beijing next."""
    local = now.astimezone(_BEIJING)
    today = datetime.combine(local.date(), moment, tzinfo=_BEIJING)
    return (today if today > local else today + timedelta(days=1)).astimezone(UTC)
