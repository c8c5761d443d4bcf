"""P2, P4, P9: several doors and workers on one PostgreSQL, the leading worker killed again and again.

One at a time leads; every order comes out in one batch; the group hears of each high-priority order, of few of them twice.
Its parts have short tests elsewhere (leases, claims, replicas); this is for `make torture` alone.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.harness.away import NoPostgres
from tests.harness.checker import check_messages, check_orders
from tests.harness.cluster import Node, lone_server
from tests.harness.evidence import PostgresServer, message_counts, open_messages
from tests.harness.fleet import Fleet, fleet
from tests.harness.lifeboat_process import Boat
from tests.harness.providers import NOTICE, Providers, providers, where_it_is_noon
from tests.harness.shop import errands
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import PATIENCE, until
from tests.harness.yard import wrong_answers

TAKEN_OVER_WITHIN = 60.0
"""A lease lasts 20 s and is looked at every 5 s."""

SAID_WITHIN = 300.0
"""The group takes 18 messages a minute."""


@dataclass(frozen=True)
class Reign:
    """From when until when a worker led, or believed so."""

    worker: str
    begins: datetime
    ends: datetime


@dataclass
class Kills:
    """Which worker was killed when."""

    of: list[tuple[Boat, datetime]] = field(default_factory=list)


def several_of_each(
    home: Path,
    *,
    orders: int = 60,
    rate: float = 20.0,
    kills: int = 2,
    webs: int = 2,
    workers: int = 3,
) -> Trial:
    """Trade at all doors while the leader is killed ``kills`` times, and wait each time for the next one."""
    trial = Trial("P2 P4 P8 P9", f"{webs} doors and {workers} workers on PostgreSQL, the leader killed ×{kills}")
    try:
        with lone_server() as server, providers() as fakes:
            settings = {name.removeprefix("LIFEBOAT_").lower(): value for name, value in fakes.settings().items()}
            settings |= {"batch_every_minutes": "1", "timezone": where_it_is_noon(), "sms_coupon": "off"}
            with fleet(home, server.sqlalchemy_url, webs=webs, workers=workers, **settings) as all_of_it:
                killed = asyncio.run(_play(trial, all_of_it, server, orders=orders, rate=rate, kills=kills))
                _bring_everything_out(all_of_it, server)
                _judge(trial, all_of_it, server, fakes, killed)
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(trial: Trial, all_of_it: Fleet, server: Node, *, orders: int, rate: float, kills: int) -> Kills:
    killed = Kills()
    async with all_of_it.shop("ledger") as shop:
        trading = asyncio.create_task(shop.trade(errands(orders, seed=41, prefix="F"), rate=rate))
        cutting = asyncio.create_task(_cut_everywhere(all_of_it))
        for _ in range(kills):
            await asyncio.to_thread(_kill_leader, all_of_it, server, killed)
        await trading
        cutting.cancel()
        await asyncio.gather(cutting, return_exceptions=True)
        await asyncio.to_thread(all_of_it.wait_drained)
        trial.violations += wrong_answers(trial, shop, *all_of_it.data_dirs)
        trial.demand(shop.noted.unsettled == 0, f"{shop.noted.unsettled} orders never got an answer")
        trial.worst_answer, trial.worst_refusal = shop.ledger.slowest_answer, shop.ledger.slowest_refusal
        trial.notes.append(f"{shop.noted.high} of {shop.noted.errands} errands of high priority")
    return killed


async def _cut_everywhere(all_of_it: Fleet) -> None:
    """Ask every door for a batch at the same moment, again and again."""
    async with httpx.AsyncClient(headers=all_of_it.ops_headers, timeout=PATIENCE, trust_env=False) as http:
        while True:
            await asyncio.sleep(1.0)
            await asyncio.gather(*(http.post(f"{web.url}/v1/batches") for web in all_of_it.webs * 2))


def _kill_leader(all_of_it: Fleet, server: Node, killed: Kills) -> None:
    """Kill whoever holds the lease, start it again, and wait until another one leads."""
    leader = until(lambda: _leader(all_of_it, server), why="nobody leads")
    holder = server.ask("SELECT holder FROM lease WHERE name = 'leader'")
    leader.kill()
    killed.of.append((leader, datetime.now(UTC)))
    leader.start()
    other = "SELECT count(*) FROM lease WHERE name = 'leader' AND until > now() AND holder <> "
    why = "nobody takes over from a killed leader"
    until(lambda: server.ask(f"{other}'{holder}'"), why=why)


def _leader(all_of_it: Fleet, server: Node) -> Boat | None:
    holder = str(server.ask("SELECT holder FROM lease WHERE name = 'leader' AND until > now()") or "")
    pid = holder.rpartition(":")[2]
    found = [one for one in all_of_it.workers if one.process is not None and str(one.process.pid) == pid]
    return found[0] if found else None


def _bring_everything_out(all_of_it: Fleet, server: Node) -> None:
    """Wait for the workers' own batches, and until everything was said."""
    store = PostgresServer(server.uri)
    waiting = "SELECT count(*) FROM orders WHERE state = 'accepted'"
    until(lambda: server.ask(waiting) == 0, every=0.5, why="orders still wait for a batch")

    def all_said() -> bool:
        counts = message_counts(store)
        return not open_messages(store) and not any(counts.get(("sms", state)) for state in ("pending", "sending"))

    until(all_said, within=SAID_WITHIN + PATIENCE, every=0.5, why="messages still wait")
    for worker in all_of_it.workers:
        worker.stop()


def _judge(trial: Trial, all_of_it: Fleet, server: Node, fakes: Providers, killed: Kills) -> None:
    store, group = PostgresServer(server.uri), fakes.group_messages()
    ledger = all_of_it.webs[0].home / "ledger.jsonl"
    found = check_orders(ledger, store, data_dir=all_of_it.data_dirs, exports=all_of_it.exports)
    told = check_messages(store, group, fakes.texts(), notice=NOTICE, coupon="")
    trial.trials = found.attempted
    trial.take(found)
    trial.violations += told.violations(all_sent=True)
    repeats = sum(Counter(str(message.get("content")) for message in group).values()) - len(
        {str(message.get("content")) for message in group}
    )
    trial.demand(repeats <= len(killed.of), f"{repeats} group messages came twice after {len(killed.of)} kills")
    trial.demand(not found.waiting, f"{len(found.waiting)} orders are in no batch file")
    reigns = _reigns(all_of_it.workers, killed)
    trial.demand(len(reigns) > len(killed.of), f"{len(reigns)} leaders after {len(killed.of)} kills")
    trial.violations += [
        f"{one.worker} and {other.worker} led at the same time, at {other.begins:%H:%M:%S}"
        for one, other in _together(reigns)
    ]
    trial.notes.append(f"{len(reigns)} leaders one after the other, {found.files} batches, {repeats} messages repeated")


def _reigns(workers: Sequence[Boat], killed: Kills) -> list[Reign]:
    """Return who led from when until when, as the workers' logs tell it, and the kills, of which no log tells."""
    reigns = []
    for worker in workers:
        turns = [(at, "killed") for victim, at in killed.of if victim is worker]
        for line in worker.log().splitlines():
            with suppress(ValueError):
                entry = json.loads(line)
                if entry.get("event") in {"leader", "not_leader", "worker_stopped"}:
                    turns.append((datetime.fromisoformat(entry["timestamp"]), entry["event"]))
        began: datetime | None = None
        for at, event in [*sorted(turns), (datetime.now(UTC), "end")]:
            if event == "leader":
                began = began or at
            elif began is not None:
                reigns.append(Reign(worker.home.name, began, at))
                began = None
    return sorted(reigns, key=lambda reign: reign.begins)


def _together(reigns: Sequence[Reign]) -> list[tuple[Reign, Reign]]:
    return [(one, other) for n, one in enumerate(reigns) for other in reigns[n + 1 :] if other.begins < one.ends]
