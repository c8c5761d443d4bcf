"""Tokens that run out: who holds the current one, and gets the next when it is time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, repr=False)
class AccessToken:
    """A token, what the next one is got with, and when it runs out if that is known."""

    access: str
    refresh: str = ""
    expires_at: datetime | None = None


Getting = Callable[[AccessToken], Awaitable[AccessToken | None]]
"""Asks the vendor for the next token; None where it gives none."""


class TokenKeeper(Protocol):
    """Keeps the token of one account for every process that calls it."""

    async def current(self) -> AccessToken:
        """Return the token that holds now."""
        ...

    async def renew(self, stale: AccessToken, get: Getting) -> bool:
        """Get the next token in place of ``stale``, unless somebody has; False where there is none."""
        ...
