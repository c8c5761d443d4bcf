"""The queue between the door and the disk, driven with writers that do as they are told."""

import asyncio
import threading

import pytest
import uvloop

from app.store.commit.group_commit import STANDARD, CommitBounds, DoorBusy, GroupCommit
from app.store.commit.order_writer import Stored
from app.telemetry.metrics import Metrics
from tests.deployment.facts import TEN, seconds
from tests.deployment.orders import new_order, new_orders
from tests.fakes.clock import ClockAt
from tests.unit.obedient_writers import PATIENCE, Writer, between_writers, hangs


async def test_orders_that_wait_are_written_in_one_commit():
    async with between_writers() as b:
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
    async with between_writers() as b:
        await asyncio.gather(*(b.commit.submit(order) for order in new_orders(5)))
        assert [len(batch) for batch in b.store.batches] == [5]


async def test_nobody_is_answered_before_the_commit():
    """P1: the answer leaves only after the order is on disk."""
    async with between_writers() as b:
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
    async with between_writers(bounds=CommitBounds(most_in_one_commit=20)) as b:
        b.store.gate = threading.Event()
        first = b.commit.submit(new_order("first"))
        await hangs(b.store)
        same = new_order("same")
        waiting = [b.commit.submit(same._replace(number=f"N{n}")) for n in range(50)]
        b.store.gate.set()
        await asyncio.gather(first, *waiting)
        assert [len(batch) for batch in b.store.batches] == [1, 20, 20, 10]


async def test_everyone_gets_his_own_answer():
    async with between_writers() as b:
        a, twin, other = new_order("A"), new_order("A"), new_order("A", total="1.00")
        answers = await asyncio.gather(*(b.commit.submit(order) for order in (a, twin, other, new_order("B"))))
        assert [(s.replayed, s.same_body) for s in answers] == [
            (False, True),
            (True, True),
            (True, False),
            (False, True),
        ]
        assert (b.figure("lifeboat_orders_accepted_total"), b.figure("lifeboat_orders_replayed_total")) == (2, 2)


async def test_a_client_that_left_changes_nothing_for_the_others():
    """P3: no answer means unknown, never "not taken"."""
    async with between_writers() as b:
        b.store.gate = threading.Event()
        gone, stays = b.commit.submit(new_order("gone")), b.commit.submit(new_order("stays"))
        await hangs(b.store)
        gone.cancel()
        b.store.gate.set()
        assert (await stays).replayed is False
        assert new_order("gone").number in b.store.kept


async def test_a_full_queue_is_busy_and_the_queue_recovers():
    """P12: refusal in bounded time."""
    async with between_writers(limit=3) as b:
        b.store.gate = threading.Event()
        first = b.commit.submit(new_order("first"))
        await hangs(b.store)
        waiting = [b.commit.submit(order) for order in new_orders(3)]
        with pytest.raises(DoorBusy):
            b.commit.submit(new_order("one too many"))
        b.store.gate.set()
        await asyncio.gather(first, *waiting)
        await b.commit.submit(new_order("one too many"))


async def test_closing_writes_what_waits():
    """P13: SIGTERM drains."""
    async with between_writers() as b:
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
    async with between_writers() as b:
        b.store.broken = OSError("refused")
        answer = b.commit.submit(new_order())
        await b.commit.close()
        assert answer.done()
        assert len(b.spool.kept) == 1


def test_closing_while_the_store_is_away_comes_to_its_end_on_the_loop_that_the_door_runs_on():
    """P13: uvloop's timers are of a class of their own, and a close that breaks leaves all behind it undone."""
    store, spool = Writer(broken=OSError("away")), Writer()

    async def away_and_closed() -> Stored:
        bounds = CommitBounds(probe_every=3600)
        commit = GroupCommit(
            store, spool, clock=ClockAt(TEN), metrics=Metrics(), limit=10, patience=PATIENCE, bounds=bounds
        )
        commit.start()
        stored = await commit.submit(new_order("A"))
        assert commit.away_because is not None
        await commit.close()
        return stored

    assert not uvloop.run(away_and_closed()).replayed
    assert list(spool.kept) == [new_order("A").number]


async def test_closing_during_a_probe_that_hangs_leaves_no_clock_running():
    async with between_writers() as b:
        b.store.broken = OSError("refused")
        await b.commit.submit(new_order())
        b.store.gate = threading.Event()
        await b.time.turn(STANDARD.probe_every)
        await hangs(b.store)
        await b.commit.close()
        threads = {t.ident for t in threading.enumerate() if t.name == "commit"}
        await b.time.turn(2 * PATIENCE)  # a new thread would have taken over from the one that hangs
        assert {t.ident for t in threading.enumerate() if t.name == "commit"} <= threads


async def test_the_moment_of_acceptance_is_that_of_the_commit():
    async with between_writers() as b:
        b.clock.at = TEN + seconds(5)
        assert (await b.commit.submit(new_order())).received_at == TEN + seconds(5)
