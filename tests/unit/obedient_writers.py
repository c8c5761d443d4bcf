"""A group commit between two writers that do as they are told, on an event loop whose clock is turned by hand."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from app.store.commit.group_commit import STANDARD, CommitBounds, GroupCommit
from app.store.commit.order_writer import NewOrder, Stored
from app.telemetry.metrics import Metrics
from tests.deployment.facts import TEN
from tests.fakes.clock import ClockAt, LoopClock

PATIENCE = 1.5
"""Seconds by the loop's clock, in which nobody has to wait."""

AT_MOST = 60
"""Seconds to wait for a thread of ours; it needs some milliseconds, and this is there against hanging."""


HANGS_AFTER = 20
"""Seconds for a commit and its close, which need some milliseconds; likewise."""

T = TypeVar("T")


@dataclass
class Writer:
    """A disk: keeps what it is given, or fails, or hangs until it is let go."""

    kept: dict[str, tuple[NewOrder, datetime]] = field(default_factory=dict)
    batches: list[list[str]] = field(default_factory=list)
    broken: Exception | None = None
    gate: threading.Event | None = None
    hanging: "queue.Queue[int]" = field(default_factory=queue.Queue)

    def write(self, batch: Sequence[NewOrder], moments: Sequence[datetime]) -> list[Stored]:
        gate = self.gate
        self.batches.append([order.number for order in batch])
        if gate is not None:
            self.hanging.put(len(batch))
            assert gate.wait(AT_MOST)
        if self.broken is not None:
            raise self.broken
        return [self._keep(order, at) for order, at in zip(batch, moments, strict=True)]

    def _keep(self, order: NewOrder, at: datetime) -> Stored:
        first, first_at = self.kept.setdefault(order.number, (order, at))
        return Stored(
            first_at, first.priority, replayed=first is not order, same_body=first.fingerprint == order.fingerprint
        )

    def let_go(self) -> None:
        """Let whatever hangs go on, and everything after it pass."""
        gate, self.gate = self.gate, None
        if gate is not None:
            gate.set()

    @property
    def orders(self) -> list[list[str]]:
        """The batches that were no probes."""
        return [batch for batch in self.batches if batch]


@dataclass
class Between:
    """The group commit, its two disks, and its clocks: of the wall, and of the loop."""

    commit: GroupCommit
    store: Writer
    spool: Writer
    metrics: Metrics
    clock: ClockAt
    time: LoopClock

    def figure(self, name: str) -> float | None:
        """Return a figure of ``/metrics``."""
        return self.metrics.registry.get_sample_value(name)


@asynccontextmanager
async def between_writers(*, limit: int = 5000, bounds: CommitBounds = STANDARD) -> AsyncIterator[Between]:
    store, spool, metrics, clock, time = Writer(), Writer(), Metrics(), ClockAt(TEN), LoopClock()
    commit = GroupCommit(store, spool, clock=clock, metrics=metrics, limit=limit, patience=PATIENCE, bounds=bounds)
    commit.start()
    try:
        yield Between(commit, store, spool, metrics, clock, time)
    finally:
        store.let_go()
        spool.let_go()
        await ended(commit.close())


async def ended(what: Coroutine[Any, Any, T]) -> T:
    """Wait for what must end; as the loop's own clock stands still, a thread's tells if it hangs."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(what)
    watch = threading.Timer(HANGS_AFTER, lambda: loop.call_soon_threadsafe(task.cancel))
    watch.start()
    try:
        return await task
    except asyncio.CancelledError:
        raise AssertionError("it hangs") from None
    finally:
        watch.cancel()


async def hangs(writer: Writer) -> int:
    """Wait until the writer has a batch in hand; return its size."""
    return await asyncio.to_thread(writer.hanging.get, timeout=AT_MOST)
