"""An actor: the person, program or client that changes something, as the audit records it."""

from dataclasses import dataclass
from enum import StrEnum

LONGEST_NAME = 80
"""Characters of an actor's name in the audit."""


class Way(StrEnum):
    """By which way in somebody acts."""

    CLI = "cli"
    HTTP = "http"
    CONSOLE = "console"
    LINK = "link"
    """By a link or a code that was sent to him, without signing in."""
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: ``cli:root``, ``client:tmall`` or an account's name; ``address`` may be empty."""

    name: str
    way: Way
    address: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name[:LONGEST_NAME])


SYSTEM = Actor("system", Way.SYSTEM)
"""Lifeboat itself, at its first start."""
