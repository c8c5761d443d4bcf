"""The queue between the door and the disk, driven with writers that do as they are told."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from app.store import group_commit
from app.store.group_commit import MOST_IN_ONE_COMMIT, DoorBusy, GroupCommit, NowhereToWrite
from app.store.order_writer import NewOrder, Stored
from app.telemetry.metrics import Metrics
from tests.builders import TEN, new_order, new_orders, seconds
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


async def test_orders_that_wait_are_written_in_one_commit():
    async with bench() as b:
        b.store.gate = threading.Event()
        first = b.commit.submit(new_order("first"))
        await hangs(b.store)
        orders = new_orders(50)
        waiting = [b.commit.submit(order) for order in orders]
        assert b.commit.waiting == 51
        b.store.gate.set()
        await asyncio.gather(first, *waiting)
        assert [len(batch) for batch in b.store.batches] == [1, 50]
        assert b.store.batches[1] == [order.number for order in orders]
        assert b.commit.waiting == 0


async def test_orders_of_one_turn_of_the_loop_share_their_commit():
    async with bench() as b:
        await asyncio.gather(*(b.commit.submit(order) for order in new_orders(5)))
        assert [len(batch) for batch in b.store.batches] == [5]


async def test_nobody_is_answered_before_the_commit():
    """P1: the answer leaves only after the order is on disk."""
    async with bench() as b:
        b.store.gate = threading.Event()
        answer = b.commit.submit(new_order())
        await hangs(b.store)
        for _ in range(5):
            await asyncio.sleep(0)
        assert not answer.done()
        assert not b.store.kept
        b.store.gate.set()
        assert await answer == Stored(TEN, "high", replayed=False, same_body=True)
        assert b.store.kept


async def test_a_batch_has_a_bound():
    async with bench() as b:
        b.store.gate = threading.Event()
        first = b.commit.submit(new_order("first"))
        await hangs(b.store)
        same = new_order("same")
        waiting = [b.commit.submit(same._replace(number=f"N{n}")) for n in range(MOST_IN_ONE_COMMIT + 10)]
        b.store.gate.set()
        await asyncio.gather(first, *waiting)
        assert [len(batch) for batch in b.store.batches] == [1, MOST_IN_ONE_COMMIT, 10]


async def test_everyone_gets_his_own_answer():
    async with bench() as b:
        a, twin, other = new_order("A"), new_order("A"), new_order("A", total="1.00")
        answers = await asyncio.gather(*(b.commit.submit(order) for order in (a, twin, other, new_order("B"))))
        assert [(s.replayed, s.same_body) for s in answers] == [
            (False, True),
            (True, True),
            (True, False),
            (False, True),
        ]
        assert (_figure(b, "lifeboat_orders_accepted_total"), _figure(b, "lifeboat_orders_replayed_total")) == (2, 2)


async def test_a_client_that_left_changes_nothing_for_the_others():
    """P3: no answer means unknown, never "not taken"."""
    async with bench() as b:
        b.store.gate = threading.Event()
        gone, stays = b.commit.submit(new_order("gone")), b.commit.submit(new_order("stays"))
        await hangs(b.store)
        gone.cancel()
        b.store.gate.set()
        assert (await stays).replayed is False
        assert new_order("gone").number in b.store.kept


async def test_a_full_queue_is_busy_and_the_queue_recovers():
    """P12: refusal in bounded time."""
    async with bench(limit=3) as b:
        b.store.gate = threading.Event()
        first = b.commit.submit(new_order("first"))
        await hangs(b.store)
        waiting = [b.commit.submit(order) for order in new_orders(3)]
        with pytest.raises(DoorBusy):
            b.commit.submit(new_order("one too many"))
        b.store.gate.set()
        await asyncio.gather(first, *waiting)
        await b.commit.submit(new_order("one too many"))


async def test_a_store_that_refuses_sends_the_same_orders_to_the_spool():
    """P6"""
    async with bench(probe_every=60) as b:
        b.store.broken = OSError("connection refused")
        orders = new_orders(3)
        answers = await asyncio.gather(*(b.commit.submit(order) for order in orders))
        assert [s.replayed for s in answers] == [False] * 3
        assert b.store.kept == {}
        assert list(b.spool.kept) == [order.number for order in orders]
        assert (b.commit.away_because, b.commit.away_since) == ("OSError", TEN)
        assert (_figure(b, "lifeboat_store_up"), _figure(b, "lifeboat_orders_spooled_total")) == (0, 3)
        await b.commit.submit(new_order("next"))
        assert len(b.store.orders) == 1  # while the store is away it is not asked for each order


async def test_a_store_that_hangs_is_given_up_within_its_patience():
    """P6: a hang is no refusal, but it must not take longer than one."""
    async with bench(patience=PATIENCE, probe_every=60) as b:
        b.store.gate = threading.Event()
        order = new_order()
        began = asyncio.get_running_loop().time()
        answer = await b.commit.submit(order)
        took = asyncio.get_running_loop().time() - began
        assert PATIENCE <= took < 2
        assert answer.replayed is False
        assert list(b.spool.kept) == [order.number]
        assert b.commit.away_because == "Timeout"


async def test_patience_counts_from_when_the_order_was_queued():
    """P6: nobody waits through a slow commit and then through the next one's whole patience."""
    async with bench(patience=0.3, probe_every=60) as b:
        b.store.gate = threading.Event()
        loop = asyncio.get_running_loop()
        first = b.commit.submit(new_order("first"))
        await hangs(b.store)
        began = loop.time()
        second = b.commit.submit(new_order("second"))
        await asyncio.gather(first, second)
        assert loop.time() - began < 0.6
        assert len(b.spool.kept) == 2


async def test_a_hung_commit_that_succeeds_late_brings_the_store_back_and_answers_nobody_twice():
    """P2, P6: the order is then in both places under one number, and the drain finds it in place."""
    async with bench(patience=PATIENCE, probe_every=60) as b:
        b.store.gate = threading.Event()
        order = new_order()
        await b.commit.submit(order)
        gate, b.store.gate = b.store.gate, None
        gate.set()
        await until(lambda: b.commit.away_because is None)
        assert list(b.store.kept) == list(b.spool.kept) == [order.number]
        assert _figure(b, "lifeboat_orders_accepted_total") == 1
        await b.commit.submit(new_order("next"))
        assert len(b.store.kept) == 2


async def test_a_hung_commit_that_fails_late_leaves_the_store_away():
    async with bench(patience=PATIENCE, probe_every=60) as b:
        b.store.gate = threading.Event()
        await b.commit.submit(new_order())
        b.store.broken = OSError("late")
        threads = threading.active_count()
        b.store.gate.set()
        await until(lambda: threading.active_count() < threads)
        assert b.commit.away_because == "Timeout"


async def test_a_probe_finds_the_store_again():
    async with bench() as b:
        b.store.broken = OSError("refused")
        await b.commit.submit(new_order("A"))
        await until(lambda: b.store.batches.count([]) >= 2)  # it asks, and asks again
        assert b.commit.away_because == "OSError"
        b.store.broken = None
        await until(lambda: b.commit.away_because is None)
        assert b.commit.away_since is None
        await b.commit.submit(new_order("B"))
        assert list(b.store.kept) == [new_order("B").number]
        assert _figure(b, "lifeboat_store_up") == 1


async def test_probes_that_hang_are_few():
    """P12: a store that hangs for hours does not eat the process's threads."""
    async with bench(patience=0.01, probe_every=0.001) as b:
        b.store.gate = threading.Event()
        await b.commit.submit(new_order())
        await until(lambda: b.store.hanging.qsize() >= group_commit.MOST_ABANDONED)
        for _ in range(30):
            await asyncio.sleep(0.002)
        assert b.store.hanging.qsize() <= group_commit.MOST_ABANDONED
        gate, b.store.gate = b.store.gate, None
        gate.set()
        await until(lambda: b.commit.away_because is None)


async def test_a_full_spool_is_said_and_never_called_accepted():
    """P6, P12: 503, never a false ack."""
    async with bench(probe_every=60) as b:
        b.store.broken = OSError("refused")
        b.spool.broken = OSError("disk full")
        for key in ("A", "B"):
            with pytest.raises(NowhereToWrite):
                await b.commit.submit(new_order(key))
        assert b.commit.spool_trouble == "OSError: disk full"
        b.spool.broken = None
        await b.commit.submit(new_order("A"))  # recovery without a person
        assert b.commit.spool_trouble is None
        assert list(b.spool.kept) == [new_order("A").number]


async def test_a_spool_that_hangs_is_as_good_as_full(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(group_commit, "SPOOL_PATIENCE", PATIENCE)
    async with bench(probe_every=60) as b:
        b.store.broken = OSError("refused")
        b.spool.gate = threading.Event()
        with pytest.raises(NowhereToWrite):
            await b.commit.submit(new_order("A"))
        assert b.commit.spool_trouble == "Timeout"
        gate, b.spool.gate = b.spool.gate, None
        gate.set()
        await b.commit.submit(new_order("B"))
        await until(lambda: len(b.spool.kept) == 2)  # the hung one came through after all: a retry will find it


async def test_a_spool_that_hangs_for_hours_costs_few_threads_and_refuses_at_once(monkeypatch: pytest.MonkeyPatch):
    """P12"""
    monkeypatch.setattr(group_commit, "SPOOL_PATIENCE", 0.01)
    async with bench(probe_every=60) as b:
        b.store.broken = OSError("refused")
        b.spool.gate = threading.Event()
        for n in range(group_commit.MOST_ABANDONED + 5):
            with pytest.raises(NowhereToWrite):
                await b.commit.submit(new_order(f"A{n}"))
        assert len(b.spool.batches) == group_commit.MOST_ABANDONED
        gate, b.spool.gate = b.spool.gate, None
        gate.set()
        await until(lambda: len(b.spool.kept) == group_commit.MOST_ABANDONED)
        await until(lambda: b.commit._spool_hung == 0)  # noqa: SLF001 - nothing outside shows it
        await b.commit.submit(new_order("B"))
        assert new_order("B").number in b.spool.kept


async def test_closing_writes_what_waits():
    """P13: SIGTERM drains."""
    async with bench() as b:
        b.store.gate = threading.Event()
        first = b.commit.submit(new_order("first"))
        await hangs(b.store)
        waiting = [b.commit.submit(order) for order in new_orders(20)]
        closing = asyncio.create_task(b.commit.close())
        await asyncio.sleep(0)
        b.store.gate.set()
        await closing
        assert all(future.done() and not future.exception() for future in (first, *waiting))
        assert len(b.store.kept) == 21


async def test_closing_while_the_store_is_away_writes_to_the_spool_and_stops_asking():
    async with bench(probe_every=60) as b:
        b.store.broken = OSError("refused")
        answer = b.commit.submit(new_order())
        await b.commit.close()
        assert answer.done()
        assert len(b.spool.kept) == 1


async def test_closing_during_a_probe_that_hangs_leaves_no_clock_running():
    async with bench(patience=0.05, probe_every=0.001) as b:
        b.store.broken = OSError("refused")
        await b.commit.submit(new_order())
        b.store.gate = threading.Event()
        await hangs(b.store)
        await b.commit.close()
        threads = {t.ident for t in threading.enumerate() if t.name == "commit"}
        await asyncio.sleep(0.08)  # past its patience: a new hand would have come
        assert {t.ident for t in threading.enumerate() if t.name == "commit"} <= threads


async def test_the_moment_of_acceptance_is_that_of_the_commit():
    async with bench() as b:
        b.clock.at = TEN + seconds(5)
        assert (await b.commit.submit(new_order())).received_at == TEN + seconds(5)


def _figure(b: Bench, name: str) -> float | None:
    return b.metrics.registry.get_sample_value(name)
