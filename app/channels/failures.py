"""The building blocks of every outcome table: what a provider said becomes a short stable reason and an outcome."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from app.domain.outcome import Rejected, Throttled, Unknown, Unreachable

Failure = Throttled | Unreachable | Rejected | Unknown
MakeFailure = Callable[[str], Failure]
"""Makes the outcome for a reason; ``Unreachable``, ``Rejected`` and ``Unknown`` are verdicts by themselves."""

unlisted: MakeFailure = partial(Unreachable, tries=3)
"""The verdict on a code that no table lists: it may pass, so it is tried again, but not for long."""

channel_fault: MakeFailure = partial(Rejected, blame="channel")

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}")


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
