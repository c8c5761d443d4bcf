"""A group commit between two writers that do as they are told."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from app.store.commit import group_commit
from app.store.commit.group_commit import GroupCommit
from app.store.commit.order_writer import NewOrder, Stored
from app.telemetry.metrics import Metrics
from tests.builders import TEN
from tests.fakes.clock import ClockAt

PATIENCE = 0.06
"""Seconds; real ones, since what is waited for here is a thread that hangs."""


@dataclass
class Writer:
    """A disk: keeps what it is given, or fails, or hangs until it is let go."""

    kept: dict[str, tuple[NewOrder, datetime]] = field(default_factory=dict)
    batches: list[list[str]] = field(default_factory=list)
    broken: Exception | None = None
    gate: threading.Event | None = None
    hanging: "queue.Queue[int]" = field(default_factory=queue.Queue)

    def write(self, batch: Sequence[NewOrder], moments: Sequence[datetime]) -> list[Stored]:
        self.batches.append([order.number for order in batch])
        if self.gate is not None:
            self.hanging.put(len(batch))
            assert self.gate.wait(10)
        if self.broken is not None:
            raise self.broken
        return [self._keep(order, at) for order, at in zip(batch, moments, strict=True)]

    def _keep(self, order: NewOrder, at: datetime) -> Stored:
        first, first_at = self.kept.setdefault(order.number, (order, at))
        return Stored(
            first_at, first.priority, replayed=first is not order, same_body=first.fingerprint == order.fingerprint
        )

    @property
    def orders(self) -> list[list[str]]:
        """The batches that were no probes."""
        return [batch for batch in self.batches if batch]


@dataclass
class Bench:
    commit: GroupCommit
    store: Writer
    spool: Writer
    metrics: Metrics
    clock: ClockAt


@asynccontextmanager
async def bench(*, limit: int = 5000, patience: float = 5.0, probe_every: float = 0.01) -> AsyncIterator[Bench]:
    store, spool, metrics, clock = Writer(), Writer(), Metrics(), ClockAt(TEN)
    commit = GroupCommit(store, spool, clock=clock, metrics=metrics, limit=limit, patience=patience)
    before = group_commit.PROBE_EVERY
    group_commit.PROBE_EVERY = probe_every  # type: ignore[misc]
    commit.start()
    try:
        yield Bench(commit, store, spool, metrics, clock)
        for writer in (store, spool):
            if writer.gate is not None:
                writer.gate.set()
        await commit.close()
    finally:
        group_commit.PROBE_EVERY = before  # type: ignore[misc]


async def until(true: Callable[[], object]) -> None:
    """Turn the loop until something has come about; pytest's time-out ends a test in which it never does."""
    while not true():  # noqa: ASYNC110 - what is waited for happens in a thread that knows no event
        await asyncio.sleep(0.001)


async def hangs(writer: Writer) -> int:
    """Wait until the writer has a batch in hand; return its size."""
    return await asyncio.to_thread(writer.hanging.get, timeout=10)


def figure(b: Bench, name: str) -> float | None:
    return b.metrics.registry.get_sample_value(name)
