"""The group commit while the store, or the spool as well, is away."""

import asyncio
import threading

import pytest

from app.store.commit import group_commit
from app.store.commit.group_commit import NowhereToWrite
from tests.builders import TEN, new_order, new_orders
from tests.unit.commit_bench import PATIENCE, bench, figure, hangs, until


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
        assert (figure(b, "lifeboat_store_up"), figure(b, "lifeboat_orders_spooled_total")) == (0, 3)
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
        assert figure(b, "lifeboat_orders_accepted_total") == 1
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
        assert figure(b, "lifeboat_store_up") == 1


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
