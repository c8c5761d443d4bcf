"""The building blocks of every outcome table: what a provider said becomes a short stable reason and an outcome."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from app.domain.outcome import Rejected, Throttled, Unknown, Unreachable

Failure = Throttled | Unreachable | Rejected | Unknown
MakeFailure = Callable[[str], Failure]
"""Makes the outcome for a reason; ``Unreachable``, ``Rejected`` and ``Unknown`` are verdicts by themselves."""

channel_fault: MakeFailure = partial(Rejected, blame="channel")

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}")


def throttled(wait: timedelta) -> MakeFailure:
    """Return the verdict "not now: come back after ``wait``"."""
    return partial(Throttled, wait)


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
