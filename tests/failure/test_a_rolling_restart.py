"""P13: told to stop under load, web and worker finish what they have in hand; nothing is lost and nobody is refused."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.evidence import SqliteFile
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.shop import Errand, Shop, errands
from tests.harness.trial import Trial
from tests.harness.yard import wrong_answers

PART = 20
"""Orders that are traded between two looks at what has been seen."""


@dataclass
class Restarts:
    """How often each was told to stop."""

    web: int = 0
    worker: int = 0


def rolling_restart(home: Path, *, orders: int = 200, rate: float = 40.0, every: float = 4.0) -> Trial:
    """Ask web and worker by turns to stop while orders come in; the supervisor starts the next ones."""
    trial = Trial("P13", "SIGTERM of web and worker under load")
    with boat(home) as lifeboat:
        shop = Shop([lifeboat.orders_url], lifeboat.storefront_key, ClientLedger(lifeboat.home / "ledger.jsonl"))
        restarts = asyncio.run(_play(lifeboat, shop, orders=orders, rate=rate, every=every))
        lifeboat.wait_drained()
        code = lifeboat.stop()
        trial.demand(code == 0, f"told to stop, serve ended with {code}")
        store = SqliteFile(lifeboat.database)
        found = check_orders(shop.ledger.path, store, data_dir=lifeboat.data_dir, exports=lifeboat.exports)
        log = lifeboat.log()
        trial.demand("child_killed" not in log and '"code": -9' not in log, "a process had to be killed")
        begun, done = log.count('"Shutting down"'), log.count('"Application shutdown complete."')
        trial.demand(begun == done, f"web began to shut down {begun} times and came to the end {done} times")
    trial.trials = found.attempted
    trial.take(found)
    trial.violations += wrong_answers(trial, shop, lifeboat.data_dir)
    trial.demand(shop.noted.unsettled == 0, f"{shop.noted.unsettled} orders never got an answer")
    trial.demand(restarts.web and restarts.worker, f"not both were restarted: {restarts}")
    trial.worst_refusal, trial.worst_answer = shop.ledger.slowest_refusal, shop.ledger.slowest_answer
    trial.notes.append(f"{restarts.web} restarts of web, {restarts.worker} of worker, {shop.noted.retries} retries")
    return trial


async def _play(lifeboat: Boat, shop: Shop, *, orders: int, rate: float, every: float) -> Restarts:
    """Trade until all orders are sent and both have been told to stop while they were at work."""
    restarts = Restarts()

    def part(n: int) -> list[Errand]:
        return errands(PART, seed=130 + n)

    async with shop:
        restarting = asyncio.create_task(_restart(lifeboat, restarts, every))
        await shop.trade_on(
            part,
            rate=rate,
            enough=lambda: shop.noted.errands >= orders and restarts.web and restarts.worker,
        )
        restarting.cancel()
        await asyncio.gather(restarting, return_exceptions=True)
    return restarts


async def _restart(lifeboat: Boat, restarts: Restarts, every: float) -> None:
    """Tell web to stop once it serves, then worker once it works: who is still starting has nothing in hand."""
    while True:
        await asyncio.sleep(every / 2)
        if await asyncio.to_thread(lifeboat.readiness):
            restarts.web += lifeboat.signal("web", signal.SIGTERM)
        await asyncio.sleep(every / 2)
        if lifeboat.log().count('"worker_started"') > lifeboat.log().count('"worker_stopped"'):
            restarts.worker += lifeboat.signal("worker", signal.SIGTERM)


def test_a_rolling_restart_loses_nothing(tmp_path: Path):
    rolling_restart(tmp_path).prove()
