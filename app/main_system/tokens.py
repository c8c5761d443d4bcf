"""Tokens that run out: who holds the current one, and gets the next when it is time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

EARLY = timedelta(hours=24)
"""Before a token runs out it is renewed, as 聚水潭's own programs do."""


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


class TokenUse:
    """The token of one call: renewed before it runs out, and once where it is refused.

    What is renewed is the token that the call was made with, and never one that came meanwhile: that would lock out
    whoever has just got it.
    """

    def __init__(self, keeper: TokenKeeper, get: Getting, now: Callable[[], datetime]) -> None:
        self._keeper = keeper
        self._get = get
        self._now = now
        self._used: AccessToken | None = None

    async def take(self) -> AccessToken:
        """Return the token to call with."""
        token = await self._keeper.current()
        if token.expires_at is not None and self._now() >= token.expires_at - EARLY:
            await self._keeper.renew(token, self._get)
            token = await self._keeper.current()
        self._used = token
        return token

    async def renew(self) -> bool:
        """Renew the token that was refused; False where there is no other."""
        return self._used is not None and await self._keeper.renew(self._used, self._get)
