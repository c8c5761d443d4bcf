"""What became of a batch that was to be made."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Published:
    """A batch came out."""

    name: str
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Emptied:
    """A batch was begun and nothing was left to write: all its orders were set aside, or closed meanwhile."""

    name: str
    held: int


@dataclass(frozen=True, slots=True)
class Underway:
    """Another maker is at this batch."""

    name: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """The batch could not be finished now, and the next tick will try again; no order is lost, none is in two.

    ``code`` is a :class:`BatchFailure` and perhaps the name of an error; ``reason`` is for people who look into it.
    """

    name: str
    code: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class NotBegun:
    """A batch is due and none can begin; no order was touched, and the next tick will look again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is due."""


MakeOutcome = Published | Emptied | Underway | Postponed | NotBegun
