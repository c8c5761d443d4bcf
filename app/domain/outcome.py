"""What became of one attempt to deliver a message, as a closed set of values."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Blame = Literal["message", "channel"]
"""Who must change before another try can succeed: this message alone, or the channel's settings or account."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider took the message; ``reference`` is its own id for it, if it gives one."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Nothing was sent: the channel has no credentials and only recorded the text."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """The provider refused to look at it now; it says, or its rules say, how long to wait."""

    wait: timedelta
    reason: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """The provider takes nothing for this ``party`` before ``wait`` has passed: a number's limit; all others go on."""

    wait: timedelta
    reason: str
    party: Literal["number", "message"] = "number"


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Surely not delivered, and worth another try; ``tries`` bounds them where nobody knows what the refusal meant."""

    reason: str
    tries: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Surely not delivered, and the same message will be refused again."""

    reason: str
    blame: Blame = "message"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message may or may not have been delivered: no answer came, or one that does not tell."""

    reason: str


Outcome = Delivered | Simulated | Throttled | Deferred | Unreachable | Rejected | Unknown
