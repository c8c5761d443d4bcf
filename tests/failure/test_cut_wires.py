"""P3, P6: connections are cut, truncated and slowed on both sides of the door, also while a commit is under way.

No answer means unknown: whoever asks again under the same key learns what became of the order.
"""

import asyncio
import random
from pathlib import Path

import pytest

from tests.harness.away import NoPostgres
from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.cluster import Node, lone_server
from tests.harness.cuts import CutAnswers, CutCommits
from tests.harness.evidence import PostgresServer, spooled
from tests.harness.fleet import Fleet, fleet
from tests.harness.processes import LOOPBACK
from tests.harness.shop import Errand, Shop, consistent, errands
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import until
from tests.harness.wire import Pass, Wire, unharmed

SPOOLED = "lifeboat_orders_spooled_total"

MOST_ROUNDS = 20
"""Of a few orders more, until every kind of cut has been seen; the first round brings them all unless chance is odd."""


def cut_wires(home: Path, *, orders: int = 120, rate: float = 40.0, slow: int = 20, seed: int = 17) -> Trial:
    """Trade over wires that are cut on both sides of the door, then with a slow database."""
    trial = Trial("P2 P3 P6", "wires cut on both sides of the door, also during COMMIT; a slow database")
    try:
        with lone_server() as server, Wire(server.port) as inner:
            url = f"postgresql+psycopg://postgres@{LOOPBACK}:{inner.port}/postgres"
            with fleet(home, url, webs=1) as doors, Wire(doors.webs[0].port) as outer:
                shop = Shop(
                    [f"http://{LOOPBACK}:{outer.port}/v1/orders"], doors.key, ClientLedger(home / "ledger.jsonl")
                )
                asyncio.run(_play(trial, doors, inner, outer, shop, orders=orders, rate=rate, slow=slow, seed=seed))
                _judge(trial, doors, server, shop)
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(
    trial: Trial,
    doors: Fleet,
    inner: Wire,
    outer: Wire,
    shop: Shop,
    *,
    orders: int,
    rate: float,
    slow: int,
    seed: int,
) -> None:
    chance = random.Random(seed)
    commits, answers = CutCommits(), CutAnswers(chance)
    async with shop:
        inner.judge, outer.judge = commits, answers
        for n in range(MOST_ROUNDS):
            todo = errands(10 if n else orders, seed=seed + n, prefix="W")
            await shop.trade(consistent(todo), rate=rate)
            if commits.unheard and commits.unsaid and answers.unheard and answers.shortened:
                break
        inner.judge = outer.judge = unharmed
        trial.demand(commits.unheard, "no connection was lost between a COMMIT and its answer")
        trial.demand(answers.unheard, "no answer of the door was lost")
        trial.notes.append(f"{commits.unsaid} COMMITs cut before, {commits.unheard} after they were done")
        trial.notes.append(f"{answers.unheard} answers of the door lost, {answers.shortened} chunks cut short")
        trial.notes.append(f"{shop.noted.retries} retries")
        await asyncio.to_thread(doors.wait_drained)
        await _slowly(trial, doors, inner, shop, todo=errands(slow, seed=seed, prefix="V"), chance=chance)


async def _slowly(
    trial: Trial, doors: Fleet, inner: Wire, shop: Shop, *, todo: list[Errand], chance: random.Random
) -> None:
    """Let every answer of the database take half a second or more: a commit has several, so the door gives it up."""
    (web,) = doors.webs
    shop.ledger.slowest_answer = 0.0
    before = web.metric(SPOOLED)
    inner.judge = lambda chunk: Pass(0.0 if chunk.forth else 0.5 + 2.5 * chance.random())
    await shop.trade(consistent(todo), rate=10)
    trial.demand(web.metric(SPOOLED) > before, "no order went to the spool while the database was slow")
    trial.worst_answer = shop.ledger.slowest_answer
    inner.judge = unharmed
    await asyncio.to_thread(doors.wait_drained)


def _judge(trial: Trial, doors: Fleet, server: Node, shop: Shop) -> None:
    web = doors.webs[0]
    aside = [one.aside for one in spooled(web.data_dir / "spool")]
    trial.demand(not aside, f"{len(aside)} orders were set aside for a person: {aside[:2]}")
    until(lambda: (web.readiness() or {}).get("degraded") is not None, why="the door is not ready again")
    found = check_orders(shop.ledger.path, PostgresServer(server.uri), data_dir=doors.data_dirs, exports=doors.exports)
    trial.trials = found.attempted
    trial.take(found)
    trial.violations += shop.noted.wrong
    trial.demand(shop.noted.unsettled == 0, f"{shop.noted.unsettled} orders never got an answer")
    trial.demand(web.ledger()["accepted"] == found.stored, "the ledger counts otherwise")
    trial.worst_refusal = shop.ledger.slowest_refusal


def test_a_cut_wire_loses_and_doubles_nothing(tmp_path: Path):
    trial = cut_wires(tmp_path)
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()
