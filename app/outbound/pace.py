"""Keeps the calls of one key apart, so that the watch takes no more than its half of what a vendor allows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta


class CallPace:
    """The next free moment for a call of one key."""

    def __init__(
        self,
        per_minute: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._apart = 60 / per_minute
        self._now = now
        self._sleep = sleep
        self._free_at = now()

    async def turn(self) -> None:
        """Wait until a call may be made."""
        at = max(self._now(), self._free_at)
        self._free_at = at + self._apart
        if (wait := at - self._now()) > 0:
            await self._sleep(wait)

    def hold(self, wait: timedelta) -> None:
        """Leave the key alone for a while: its vendor said that it was asked too often."""
        self._free_at = max(self._free_at, self._now() + wait.total_seconds())

    @property
    def held_for(self) -> float:
        """How many seconds from now the next call may be made."""
        return max(0.0, self._free_at - self._now())
