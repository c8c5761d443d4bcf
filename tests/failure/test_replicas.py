"""P2, P4, P7: two replicas on PostgreSQL are asked the same at the same moment; there is one order, one number, one batch."""

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.harness.away import NoPostgres, Postgres, postgres
from tests.harness.checker import check_orders
from tests.harness.client_ledger import read_ledger
from tests.harness.evidence import PostgresServer
from tests.harness.fleet import Fleet, fleet
from tests.harness.shop import Errand, Shop, errands
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import PATIENCE


def same_keys_at_once(home: Path, *, orders: int = 150, cut_off: int = 20) -> Trial:
    """Send every order to both replicas at once; then again with the database hung, so that neither sees the other."""
    trial = Trial("P2 P4 P7", "two replicas on PostgreSQL, the same keys at once")
    try:
        with postgres() as server, fleet(home, server.sqlalchemy_url) as two:
            asyncio.run(_play(trial, two, server, orders=orders, cut_off=cut_off))
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(trial: Trial, two: Fleet, server: Postgres, *, orders: int, cut_off: int) -> None:
    connected = [e for e in errands(orders, seed=21, prefix="R") if e.kind == "plain"]
    apart = [e for e in errands(cut_off, seed=22, prefix="C") if e.kind == "plain"]
    async with two.shop("one", two.webs[0]) as one, two.shop("two", two.webs[1]) as other:
        watching = asyncio.create_task(_watch(two))
        await _both(trial, one, other, connected)
        watching.cancel()
        unbalanced, asked = await watching
        with server.stopped():
            await _both(trial, one, other, apart)
        two.wait_drained()
        await _both(trial, one, other, [*connected[:5], *apart])
        ledgers = [one.ledger.path, other.ledger.path]
        worst = max(one.ledger.slowest_answer, other.ledger.slowest_answer)
    cuts = await _cut_at_both(two)
    trial.demand(sum(cuts) == 1, f"{sum(cuts)} of {len(cuts)} makers cut a batch of the same orders")
    trial.demand(not unbalanced, f"{unbalanced} of {asked} ledgers asked under load did not balance")
    created = sum(record.created for path in ledgers for record in read_ledger(path).values())
    merged = two.webs[0].home / "merged.jsonl"
    merged.write_bytes(b"".join(path.read_bytes() for path in ledgers))
    found = check_orders(merged, PostgresServer(server.uri), data_dir=two.data_dirs, exports=two.exports)
    trial.trials = 2 * (len(connected) + len(apart))
    trial.take(found)
    trial.demand(
        found.stored == len(connected) + len(apart), f"{found.stored} orders for {len(connected) + len(apart)} keys"
    )
    extra = created - found.stored
    # Cut off they cannot know of each other; neither can they while a busy machine makes the store seem away.
    spooled = int(sum(web.metric("lifeboat_orders_spooled_total") for web in two.webs))
    trial.demand(0 <= extra <= spooled, f"{created} answers of 201 for {found.stored} orders, {spooled} spooled")
    trial.worst_answer = worst
    trial.notes.append(f"{extra} keys were taken by both replicas while cut off, and became one order each")
    trial.notes.append(f"{asked} ledgers asked under load")


async def _both(trial: Trial, one: Shop, other: Shop, todo: list[Errand]) -> None:
    """Send each errand to both at once; both must tell the same number."""
    for errand in todo:
        numbers = await asyncio.gather(one.pursue(errand), other.pursue(errand))
        trial.demand(None not in numbers and len(set(numbers)) == 1, f"{errand.key}: the replicas say {numbers}")


async def _watch(two: Fleet) -> tuple[int, int]:
    """Ask for the ledger all the time; return how often it did not balance, and how often it was asked."""
    unbalanced = asked = 0
    async with httpx.AsyncClient(
        base_url=two.webs[0].url, headers=two.ops_headers, timeout=PATIENCE, trust_env=False
    ) as http:
        try:
            while True:
                unbalanced += not (await http.get("/v1/ledger")).json()["balanced"]
                asked += 1
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            return unbalanced, asked


async def _cut_at_both(two: Fleet) -> list[bool]:
    """Ask both for a batch at the same moment; return who published one."""
    async with httpx.AsyncClient(headers=two.ops_headers, timeout=PATIENCE, trust_env=False) as http:
        answers = await asyncio.gather(*(http.post(f"{web.url}/v1/batches") for web in two.webs * 2))
    return [answer.status_code == httpx.codes.CREATED for answer in answers]


def test_two_replicas_give_one_order_one_number_and_one_batch(tmp_path: Path):
    trial = same_keys_at_once(tmp_path)
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()
