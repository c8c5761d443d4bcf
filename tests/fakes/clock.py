"""Clocks that tell what they were told: of the wall, and of the event loop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass
class ClockAt:
    at: datetime

    def now(self) -> datetime:
        return self.at


class LoopClock:
    """The running event loop's own clock, turned by hand: its timers fire once a test says that it is so late.

    How long something took in truth, on a machine that may be busy, then decides nothing.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time()
        loop.time = lambda: self._now  # type: ignore[method-assign]

    async def turn(self, seconds: float) -> None:
        """Let so much time pass, and every timer that is due by then do its work."""
        self._now += seconds
        for _ in range(5):  # a timer may wake a task, which wakes another
            await asyncio.sleep(0)


async def until(true: Callable[[], object]) -> None:
    """Turn the loop until something has come about; pytest's time-out ends a test in which it never does."""
    while not true():  # noqa: ASYNC110 - what is waited for happens in a thread that knows no event
        await asyncio.sleep(0)
