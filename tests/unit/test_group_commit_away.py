"""The group commit while the store, or the spool as well, is away."""

import asyncio
import threading

import pytest

from app.store.commit.group_commit import STANDARD, NowhereToWrite
from app.store.commit.order_writer import NewOrder, Stored
from tests.deployment.facts import TEN
from tests.deployment.orders import new_order, new_orders
from tests.fakes.clock import until
from tests.unit.obedient_writers import PATIENCE, Between, between_writers, hangs


async def test_a_store_that_refuses_sends_the_same_orders_to_the_spool():
    """P6"""
    async with between_writers() as b:
        b.store.broken = OSError("connection refused")
        orders = new_orders(3)
        answers = await asyncio.gather(*(b.commit.submit(order) for order in orders))
        assert [s.replayed for s in answers] == [False] * 3
        assert b.store.kept == {}
        assert list(b.spool.kept) == [order.number for order in orders]
        assert (b.commit.away_because, b.commit.away_since) == ("OSError", TEN)
        assert (b.figure("lifeboat_store_up"), b.figure("lifeboat_orders_spooled_total")) == (0, 3)
        await b.commit.submit(new_order("next"))
        assert len(b.store.orders) == 1  # while the store is away it is not asked for each order


async def test_a_store_that_hangs_is_given_up_within_its_patience():
    """P6: a hang is no refusal, but it must not take longer than one."""
    async with between_writers() as b:
        order = new_order()
        answer = await _hung(b, order)
        await b.time.turn(0.99 * PATIENCE)
        assert not answer.done()
        assert not b.spool.batches
        await b.time.turn(0.01 * PATIENCE)
        assert b.commit.away_because == "Timeout"
        assert (await answer).replayed is False
        assert list(b.spool.kept) == [order.number]


async def _hung(b: Between, order: NewOrder) -> "asyncio.Future[Stored]":
    """Submit an order and let the store hang with it."""
    b.store.gate = threading.Event()
    answer = b.commit.submit(order)
    await hangs(b.store)
    return answer


async def test_patience_counts_from_when_the_order_was_queued():
    """P6: nobody waits through a slow commit and then through the next one's whole patience."""
    async with between_writers() as b:
        first = await _hung(b, new_order("first"))
        second = b.commit.submit(new_order("second"))
        await b.time.turn(0.9 * PATIENCE)
        slow, b.store.gate = b.store.gate, threading.Event()
        assert slow is not None
        slow.set()
        await first
        await hangs(b.store)
        await b.time.turn(0.1 * PATIENCE)
        assert b.commit.away_because == "Timeout"
        await second
        assert list(b.spool.kept) == [new_order("second").number]


async def test_a_hung_commit_that_succeeds_late_brings_the_store_back_and_answers_nobody_twice():
    """P2, P6: the order is then in both places under one number, and the drain finds it in place."""
    async with between_writers() as b:
        order = new_order()
        answer = await _hung(b, order)
        await b.time.turn(PATIENCE)
        await answer
        b.store.let_go()
        await until(lambda: b.commit.away_because is None)
        assert list(b.store.kept) == list(b.spool.kept) == [order.number]
        assert b.figure("lifeboat_orders_accepted_total") == 1
        await b.commit.submit(new_order("next"))
        assert len(b.store.kept) == 2


async def test_a_hung_commit_that_fails_late_leaves_the_store_away():
    async with between_writers() as b:
        answer = await _hung(b, new_order())
        await b.time.turn(PATIENCE)
        await answer
        b.store.broken = OSError("late")
        threads = threading.active_count()
        b.store.let_go()
        await until(lambda: threading.active_count() < threads)
        assert b.commit.away_because == "Timeout"


async def test_a_probe_finds_the_store_again():
    async with between_writers() as b:
        b.store.broken = OSError("refused")
        await b.commit.submit(new_order("A"))
        for asked in (1, 2):  # it asks, and asks again
            await b.time.turn(STANDARD.probe_every)
            await until(lambda: b.store.batches.count([]) == asked)
            await until(lambda: isinstance(b.commit._probe, asyncio.TimerHandle))  # noqa: SLF001 - it has heard the answer
        assert b.commit.away_because == "OSError"
        b.store.broken = None
        await b.time.turn(STANDARD.probe_every)
        await until(lambda: b.commit.away_because is None)
        assert b.commit.away_since is None
        await b.commit.submit(new_order("B"))
        assert list(b.store.kept) == [new_order("B").number]
        assert b.figure("lifeboat_store_up") == 1


async def test_probes_that_hang_are_few():
    """P12: a store that hangs for hours does not eat the process's threads."""
    async with between_writers() as b:
        answer = await _hung(b, new_order())
        await b.time.turn(PATIENCE)
        await answer
        for _ in range(STANDARD.most_abandoned - 1):
            await b.time.turn(STANDARD.probe_every)
            await hangs(b.store)
            await b.time.turn(PATIENCE)
        for _ in range(30):
            await b.time.turn(STANDARD.probe_every + PATIENCE)
        assert len(b.store.batches) == STANDARD.most_abandoned
        b.store.let_go()
        await until(lambda: b.commit.away_because is None)


async def test_a_full_spool_is_said_and_never_called_accepted():
    """P6, P12: 503, never a false ack."""
    async with between_writers() as b:
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


async def test_a_spool_that_hangs_is_as_good_as_full():
    async with between_writers() as b:
        b.store.broken = OSError("refused")
        refused = await _hung_at_the_spool(b, "A")
        await b.time.turn(STANDARD.spool_patience)
        with pytest.raises(NowhereToWrite):
            await refused
        assert b.commit.spool_trouble == "Timeout"
        b.spool.let_go()
        await b.commit.submit(new_order("B"))
        await until(lambda: len(b.spool.kept) == 2)  # the hung one came through after all: a retry will find it


async def _hung_at_the_spool(b: Between, key: str) -> "asyncio.Future[Stored]":
    """Submit an order and let the spool hang with it."""
    b.spool.gate = b.spool.gate or threading.Event()
    answer = b.commit.submit(new_order(key))
    await hangs(b.spool)
    return answer


async def test_a_spool_that_hangs_for_hours_costs_few_threads_and_refuses_at_once():
    """P12"""
    async with between_writers() as b:
        b.store.broken = OSError("refused")
        for n in range(STANDARD.most_abandoned):
            refused = await _hung_at_the_spool(b, f"A{n}")
            await b.time.turn(STANDARD.spool_patience)
            with pytest.raises(NowhereToWrite):
                await refused
        for n in range(5):  # the clock stands still: nobody waits any more
            with pytest.raises(NowhereToWrite):
                await b.commit.submit(new_order(f"B{n}"))
        assert len(b.spool.batches) == STANDARD.most_abandoned
        b.spool.let_go()
        await until(lambda: len(b.spool.kept) == STANDARD.most_abandoned)
        await until(lambda: b.commit._spool_hung == 0)  # noqa: SLF001 - nothing outside shows it
        await b.commit.submit(new_order("B"))
        assert new_order("B").number in b.spool.kept
