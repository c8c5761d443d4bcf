"""P12: ten times the orders that the door can take: refused in time, nothing falsely taken, and back by itself."""

import asyncio
import itertools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.away import Hold
from tests.harness.by_hand import plain, send_at_once, send_once
from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger, read_ledger
from tests.harness.evidence import SqliteFile
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.shop import Errand, Shop
from tests.harness.trial import Trial
from tests.harness.waiting import until

CROWD = 60
"""Connections that the door serves at once in the trial of too much."""

RUNS = 0.02
MEASURED_BY = 90
"""Orders by which it is found out how many the door takes a second."""

MOST_OFFERED = 4000


def ten_times_too_much(home: Path, *, lasting: float = 0.7) -> Trial:
    """Offer orders at ten times the rate that the door was seen to take, then see whether it is back by itself.

    The door gets a tenth of its time (it is stopped for the rest), so that this machine can offer so much at all. Before
    that twice as many as may be connected come at the same moment, so that some are refused on any machine.
    """
    trial = Trial("P12", f"10 times the orders it can take, for {lasting:g} s")
    with boat(home, command="web", limit_concurrency=str(CROWD), queue_limit="100") as lifeboat:
        ledger = asyncio.run(_offer(trial, lifeboat, lasting=lasting))
        lifeboat.wait_drained()
        found = check_orders(
            ledger, SqliteFile(lifeboat.database), data_dir=lifeboat.data_dir, exports=lifeboat.exports
        )
        trial.trials = found.attempted
        trial.take(found)
        trial.demand(found.stored == found.attempted, f"{found.stored} orders stored of {found.attempted}")
        until(lambda: _well(lifeboat), every=0.2, why="/readyz does not recover")
    return trial


async def _offer(trial: Trial, lifeboat: Boat, *, lasting: float) -> Path:
    path = lifeboat.home / "ledger.jsonl"
    orders = plain(2 * MOST_OFFERED, seed=125, prefix="X")
    todo = iter(orders)
    async with Shop([lifeboat.orders_url], lifeboat.storefront_key, ClientLedger(path)) as shop:
        with Hold(lifeboat.database):  # nobody is answered and gone before the last has come
            await send_at_once(trial, lifeboat, shop.ledger, list(itertools.islice(todo, 2 * CROWD)))
        await asyncio.to_thread(lifeboat.wait_drained)
        with _slowed_down(lifeboat):
            rate = await _taken_a_second(lifeboat, shop.ledger, todo)
            running = []
            began = time.monotonic()
            for n in range(int(min(10 * rate * lasting, MOST_OFFERED))):
                await asyncio.sleep(max(began + n / (10 * rate) - time.monotonic(), 0))
                running.append(asyncio.create_task(send_once(trial, lifeboat, shop.ledger, next(todo))))
            offered = len(running) / (time.monotonic() - began)
            await asyncio.gather(*running)
        trial.worst_refusal, trial.worst_answer = shop.ledger.slowest_refusal, shop.ledger.slowest_answer
        records = read_ledger(path)
        refusals = Counter(status for record in records.values() for status in record.refusals)
        unknown = sum(record.unknown for record in records.values())
        trial.demand(not unknown, f"{unknown} orders had no answer")
        trial.demand(refusals and refusals.keys() <= {429, 503}, f"refused with {dict(refusals)}")
        trial.notes.append(
            f"takes {rate:.0f}/s, was offered {offered:.0f}/s; {refusals.total()} of {len(records)} refused"
        )
        left = [errand for errand in orders if errand.key in records and not records[errand.key].ok]
        await shop.trade(left, rate=300)
        trial.demand(not shop.noted.unsettled, f"{shop.noted.unsettled} refused orders were not taken at a retry")
        trial.violations += shop.noted.wrong
    return path


@contextmanager
def _slowed_down(lifeboat: Boat) -> Iterator[None]:
    """Let web run for a tenth of the time."""
    assert lifeboat.process is not None
    pid, enough = lifeboat.process.pid, threading.Event()

    def slow_down() -> None:
        while not enough.wait(RUNS):
            os.kill(pid, signal.SIGSTOP)
            enough.wait(9 * RUNS)
            os.kill(pid, signal.SIGCONT)

    brake = threading.Thread(target=slow_down)
    brake.start()
    try:
        yield
    finally:
        enough.set()
        brake.join()


async def _taken_a_second(lifeboat: Boat, ledger: ClientLedger, todo: Iterator[Errand]) -> float:
    """Return how many orders the door takes a second from a few who wait for their answers."""
    some = itertools.islice(todo, MEASURED_BY)
    began = time.monotonic()

    async def one_after_the_other() -> None:
        for errand in some:
            await send_once(Trial("", ""), lifeboat, ledger, errand)

    await asyncio.gather(*(one_after_the_other() for _ in range(CROWD // 2)))
    return MEASURED_BY / (time.monotonic() - began)


def _well(lifeboat: Boat) -> bool:
    ready = lifeboat.readiness()
    return ready is not None and not {"store_away", "intake_unavailable", "spool_waiting"} & set(ready["degraded"])


def test_ten_times_too_much_is_refused_in_time_and_the_door_comes_back(tmp_path: Path):
    ten_times_too_much(tmp_path).prove()
