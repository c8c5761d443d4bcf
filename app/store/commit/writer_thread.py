"""Threads that put batches on disk for an event loop, one batch at a time."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.store.commit.order_writer import NewOrder, Stored


class Writes(Protocol):
    """Something that puts orders on disk, all or none, before it returns."""

    def write(self, batch: Sequence[NewOrder], moments: Sequence[datetime]) -> list[Stored]:
        """Write ``batch``; raise if it is not on disk. An empty batch asks whether a commit would succeed."""
        ...


class Waiter(Protocol):
    """Waits for an order to be stored: a future, or an object that is told in the same way."""

    def done(self) -> bool:
        """Tell whether nobody waits any more: its client has gone, the order stays."""
        ...

    def set_result(self, result: Stored, /) -> None:
        """Hear that the order is on disk."""
        ...

    def set_exception(self, exception: Exception, /) -> None:
        """Hear that neither the store nor the spool took it."""
        ...


@dataclass(slots=True, eq=False)
class CommitGroup:
    """Orders on their way to disk together, and those who wait for them."""

    orders: list[NewOrder]
    moments: list[datetime]
    waiting: list[Waiter]
    oldest: float
    """When the first of them was queued, in the loop's time."""
    timer: asyncio.TimerHandle | None = None
    abandoned: bool = False

    @property
    def is_probe(self) -> bool:
        """Whether it only asks if the store is back."""
        return not self.orders

    def settle(self) -> None:
        """Stop its clock."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


Result = list[Stored] | Exception
Report = Callable[[CommitGroup, Result], None]


class WrongCount(Exception):
    """A writer told of more or fewer orders than it was given: what became of them is unknown."""


class WriterThread:
    """One thread that writes. Where it hangs, it is left behind with its batch, and a new one takes its place.

    Whatever it is given is reported on: also where the machine has no thread to give at that moment.
    """

    def __init__(self, name: str, target: Writes, report: Report) -> None:
        self._target = target
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._batches: queue.SimpleQueue[CommitGroup | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        with suppress(RuntimeError):  # no thread can be had now: asked for again with the first batch
            self._thread.start()

    def take(self, batch: CommitGroup) -> None:
        """Begin to write ``batch``."""
        try:
            if self._thread.ident is None:
                self._thread.start()
        except RuntimeError as error:
            self._loop.call_soon(self._report, batch, error)
        else:
            self._batches.put(batch)

    def stop(self) -> None:
        """End the thread after the batch it is writing."""
        self._batches.put(None)

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            result: Result
            try:
                result = self._target.write(batch.orders, batch.moments)
                if len(result) != len(batch.orders):
                    raise WrongCount(f"{len(result)} of {len(batch.orders)}")  # noqa: TRY301 - reported like the rest
            except Exception as error:  # noqa: BLE001 - whatever it was, these orders are not known to be on disk
                result = error
            with suppress(RuntimeError):  # the loop has been closed: nobody waits for an answer any more
                self._loop.call_soon_threadsafe(self._report, batch, result)
