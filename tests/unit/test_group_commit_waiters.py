"""P14: whoever waits for a commit, and whatever stands beside it, cannot keep others or the queue from going on."""

import asyncio
import threading

import pytest

from app.store.commit.group_commit import STANDARD, NowhereToWrite
from app.store.commit.order_writer import NewOrder, Stored
from tests.deployment.orders import new_order, new_orders
from tests.fakes.clock import until
from tests.unit.obedient_writers import PATIENCE, Between, Writer, between_writers, ended, hangs


class Hears:
    """Waits for an order and cannot bear to be told of it."""

    def __init__(self, breaks: str, error: BaseException) -> None:
        self._breaks = breaks
        self._error = error

    def done(self) -> bool:
        self._raise("done")
        return False

    def set_result(self, _result: Stored, /) -> None:
        self._raise("set_result")

    def set_exception(self, _exception: Exception, /) -> None:
        self._raise("set_exception")

    def _raise(self, name: str) -> None:
        if name == self._breaks:
            raise self._error


async def _all(*waiting: "asyncio.Future[Stored]") -> list[Stored | BaseException]:
    return await asyncio.gather(*waiting, return_exceptions=True)


async def _told(*waiting: "asyncio.Future[Stored]") -> list[Stored]:
    """Return what everybody is told, none of whom may be left waiting."""
    told = await ended(_all(*waiting))
    assert all(isinstance(one, Stored) for one in told), told
    return [one for one in told if isinstance(one, Stored)]


CLOSED = RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")


async def _share_a_commit(b: Between, waiter: Hears) -> "list[asyncio.Future[Stored]]":
    """Let three orders and, in their middle, the one of ``waiter`` share a commit; another is queued behind it."""
    orders = new_orders(5)
    gate = b.store.gate = threading.Event()
    first = b.commit.submit(orders[0])
    await hangs(b.store)
    b.store.gate = None
    before = b.commit.submit(orders[1])
    b.commit.queue(orders[2], waiter)
    after = b.commit.submit(orders[3])
    gate.set()
    await first
    behind = b.commit.submit(orders[4])
    return [before, after, behind]


@pytest.mark.parametrize("breaks", ["done", "set_result"])
@pytest.mark.parametrize("error", [CLOSED, asyncio.InvalidStateError(), MemoryError(), asyncio.CancelledError()])
async def test_a_waiter_that_raises_is_passed_over_and_the_others_are_told(breaks: str, error: BaseException):
    async with between_writers() as b:
        answers = await _told(*await _share_a_commit(b, Hears(breaks, error)))
        assert [answer.replayed for answer in answers] == [False] * 3
        assert b.figure("lifeboat_orders_accepted_total") == 5  # its order is on disk
        await ended(b.commit.close())


@pytest.mark.parametrize("breaks", ["done", "set_result"])
async def test_nor_does_it_matter_where_the_orders_went_to_the_spool(breaks: str):
    async with between_writers() as b:
        b.store.broken = OSError("refused")
        await _told(*await _share_a_commit(b, Hears(breaks, CLOSED)))
        assert len(b.spool.kept) == 5
        await ended(b.commit.close())


@pytest.mark.parametrize("breaks", ["done", "set_exception"])
async def test_nor_where_neither_could_take_them(breaks: str):
    async with between_writers() as b:
        b.store.broken = b.spool.broken = OSError("no space left on device")
        orders = new_orders(3)
        first = b.commit.submit(orders[0])
        b.commit.queue(orders[1], Hears(breaks, CLOSED))
        last = b.commit.submit(orders[2])
        told = await ended(_all(first, last))
        assert [type(one) for one in told] == [NowhereToWrite] * 2
        b.spool.broken = None
        assert (await b.commit.submit(new_order("next"))).replayed is False
        await ended(b.commit.close())


async def test_closing_while_such_a_queue_stands_writes_all_of_it():
    """P13: a stop in this very moment loses nothing."""
    async with between_writers() as b:
        gate = b.store.gate = threading.Event()
        b.commit.queue(new_order("first"), Hears("set_result", CLOSED))
        await hangs(b.store)
        b.store.gate = None
        waiting = [b.commit.submit(order) for order in new_orders(20)]
        closing = asyncio.create_task(b.commit.close())
        await asyncio.sleep(0)
        gate.set()
        await closing
        assert all(future.done() and not future.exception() for future in waiting)
        assert len(b.store.kept) == 21


# ---- what stands beside the orders' way --------------------------------------------------------------------------------


class Refuses:
    """A figure that takes nothing."""

    def __getattr__(self, name: str) -> object:
        raise ValueError(name)


FIGURES = ("accepted", "commit_seconds", "commit_size", "queue_depth", "replays", "spooled", "store_up")


@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("figure", FIGURES)
async def test_a_figure_that_cannot_be_kept_keeps_no_order_waiting(
    figure: str, *, away: bool, monkeypatch: pytest.MonkeyPatch
):
    async with between_writers() as b:
        monkeypatch.setattr(b.metrics, figure, Refuses())
        if away:
            b.store.broken = OSError("refused")
        answers = await _told(*(b.commit.submit(order) for order in new_orders(3)))
        again = await b.commit.submit(new_order("another"))
        assert [answer.replayed for answer in (*answers, again)] == [False] * 4
        assert (b.commit.away_because is not None) is away
        await ended(b.commit.close())


class Miscounts(Writer):
    """A disk that keeps what it is given and tells of one order too few."""

    def write(self, batch: "list[NewOrder]", moments: list) -> list[Stored]:  # type: ignore[override, type-arg]
        return super().write(batch, moments)[:-1]


async def test_a_writer_that_tells_of_too_few_orders_is_not_believed():
    """P3: which of them are on disk is unknown, so all go to the spool under the same numbers."""
    async with between_writers() as b:
        b.store.__class__ = Miscounts
        answers = await _told(*(b.commit.submit(order) for order in new_orders(3)))
        assert [answer.replayed for answer in answers] == [False] * 3
        assert b.commit.away_because == "WrongCount"
        assert list(b.spool.kept) == list(b.store.kept)


async def test_where_no_thread_can_be_had_orders_go_to_the_spool_until_one_can(monkeypatch: pytest.MonkeyPatch):
    """A thread that hangs is left behind; on a machine that has no other to give, nobody may wait for it."""
    async with between_writers() as b:
        gate = b.store.gate = threading.Event()
        answer = b.commit.submit(new_order("hangs"))
        await hangs(b.store)
        start = threading.Thread.start

        def none_left(_thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", none_left)
        await b.time.turn(PATIENCE)
        assert (await answer).replayed is False
        b.store.gate = None
        assert (await b.commit.submit(new_order("meanwhile"))).replayed is False
        await b.time.turn(STANDARD.probe_every)
        assert b.commit.away_because == "RuntimeError"
        monkeypatch.setattr(threading.Thread, "start", start)
        await b.time.turn(STANDARD.probe_every)
        await until(lambda: b.commit.away_because is None)
        gate.set()
        assert len(b.spool.kept) == 2
