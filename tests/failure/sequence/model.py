"""What the state machine moves: a web process on its way to the store, and a model that only knows what was said and done."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import uvloop

from app.intake.accept import Accepted
from app.intake.schemas import read_order
from app.store.commit.group_commit import CommitBounds, GroupCommit
from app.store.commit.order_writer import NewOrder, OrderWriter, Stored
from app.store.spool.file import Spool
from app.telemetry.metrics import Metrics
from tests.deployment.facts import SHOP
from tests.deployment.orders import intake
from tests.fakes.clock import ClockAt
from tests.harness.waiting import PATIENCE

SPOOL_BYTES = 16 * 1024 * 1024


class StoreAway(ConnectionError):
    """What the door meets while its database does not answer."""


@dataclass
class Road:
    """The door's way to the store; ``lost`` commits and then breaks, so that nobody knows."""

    writer: OrderWriter
    state: str = "up"

    def write(self, batch: Sequence[NewOrder], moments: Sequence[datetime]) -> list[Stored]:
        if self.state == "lost":
            self.state = "away"
            self.writer.write(batch, moments)
        if self.state == "away":
            raise StoreAway
        return self.writer.write(batch, moments)


class Process:
    """What one web process holds in memory: its queue to the disk and its open spool."""

    def __init__(self, road: Road, folder: Path, clock: ClockAt) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)  # as the door's is
        self._spool = Spool(folder / "spool-0.db", max_bytes=SPOOL_BYTES)
        bounds = CommitBounds(probe_every=0.005, spool_patience=PATIENCE)
        self.commit = GroupCommit(
            road, self._spool, clock=clock, metrics=Metrics(), limit=100, patience=PATIENCE, bounds=bounds
        )
        self.intake = intake(self.commit)
        self._runner.run(self._start())

    async def _start(self) -> None:
        self.commit.start()

    def accept(self, body: bytes, key: str) -> Accepted:
        return self._runner.run(self.intake.accept(read_order(body), SHOP, idempotency_key=key))

    def wait_until_back(self) -> None:
        async def back() -> None:
            async with asyncio.timeout(PATIENCE):
                while self.commit.away_because is not None:  # noqa: ASYNC110 - told by a thread that knows no event
                    await asyncio.sleep(0.002)

        self._runner.run(back())

    def end(self) -> None:
        """Drop everything in memory; nothing waits in the queue, since each order is answered before the next step."""
        self._runner.run(self.commit.close())
        self._runner.close()
        self._spool.close()


@dataclass
class Known:
    """What the model knows of one key."""

    body: bytes
    phone: str
    told: str = ""
    number: str = ""
    state: str = ""
    """Both as last seen in the database; empty while it is not there."""


@dataclass
class Model:
    """Everything said and done."""

    orders: dict[str, Known] = field(default_factory=dict)
    may: dict[str, set[str]] = field(default_factory=dict)
    """By key, the states this step may lead to; otherwise a state stays."""

    files: dict[str, str] = field(default_factory=dict)
    downloads: Counter[str] = field(default_factory=Counter)

    def at(self, pick: int) -> tuple[str, Known]:
        return list(self.orders.items())[pick % len(self.orders)]

    def allow(self, before: str, *after: str) -> None:
        """Let every order in a state go to one of others."""
        for key, known in self.orders.items():
            if known.state == before:
                self.may[key] = set(after)
