"""Runs blocking work in a thread, never two of a kind at once: what hangs holds up its own kind alone.

A thread cannot be ended from outside. The waiting for it can be cut off, but the next run must not take another of the
few threads there are, or a disk that hangs would stop the whole worker within the hour.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Alone:
    """One kind of work, done one after another."""

    def __init__(self) -> None:
        self._thread: asyncio.Future[Any] | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """Do ``work`` once what runs has ended; being cut off here ends the waiting and not the thread."""
        while self._thread is not None and not self._thread.done():
            await asyncio.wait([self._thread])  # its answer will not do: it began before this was asked for
        thread = self._thread = asyncio.ensure_future(asyncio.to_thread(work))
        return await asyncio.shield(thread)
