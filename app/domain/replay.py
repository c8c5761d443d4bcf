"""A replay: orders of published batches sent to the main system one by one; its states, and what it counts."""

from dataclasses import dataclass
from enum import StrEnum


class ReplayState(StrEnum):
    """How far a replay has come; the last two are final."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    ABORTED = "aborted"
    DONE = "done"


class SentState(StrEnum):
    """Where one order of a replay stands; all but the first two are final."""

    WAITING = "waiting"
    """It has not been sent."""
    SENT = "sent"
    """It has been sent, or was about to be when a process ended: nobody knows whether it is there."""
    CREATED = "created"
    EXISTS = "exists"
    REFUSED = "refused"
    PERSON = "person"
    """No machine can tell whether it is there."""
    GONE = "gone"
    """Settled by somebody else meanwhile, or taken out of its batch."""


@dataclass(frozen=True, slots=True)
class ReplayCounts:
    """What a replay has come to, in orders; together they are all of its orders."""

    created: int = 0
    exists: int = 0
    refused: int = 0
    unknown: int = 0
    """Sent and not known to be there, or for a person."""
    left: int = 0
    gone: int = 0
