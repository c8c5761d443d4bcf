"""P5: the primary's host is lost under load and the synchronous standby takes its place; nothing that was answered is gone."""

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.away import NoPostgres
from tests.harness.checker import check_orders
from tests.harness.client_ledger import read_ledger
from tests.harness.cluster import Pair, pair
from tests.harness.evidence import PostgresServer, stored_batches, stored_orders
from tests.harness.fleet import Fleet, fleet
from tests.harness.shop import Errand, Shop, consistent, errands
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import PATIENCE, until

PART = 20
"""Orders that are traded between two looks at what has become of the primary."""

TAKEN_OVER_WITHIN = 150.0
"""Seconds: a batch of the half hour whose maker lost its database holds the place until its lease runs out."""

GAPS = frozenset(
    {
        "no_synchronous_standby",
        "postgres_async_commit",
        "postgres_fsync_off",
        "postgres_local_commit",
        "replication_unseen",
        "synchronous_standby_away",
    }
)


@dataclass
class Lost:
    """What was done to the primary."""

    hosts: int = 0
    spooled: int = 0
    sent: list[Errand] = field(default_factory=list)


def host_loss(
    home: Path,
    *,
    times: int = 1,
    orders: int = 120,
    rate: float = 40.0,
    vanish: bool = False,
    workers: int = 0,
    alone: int = 0,
) -> Trial:
    """Lose the primary ``times`` times while orders come in at both doors; each time the standby takes over.

    The new primary waits for a standby as the old one did: until one has been made anew, orders go to the spools. With
    ``vanish`` the host falls silent first, as one without power does, and is fenced off only after the promotion. Last
    of all, ``alone`` times, a host is lost that alone had an order.
    """
    how = "vanishes" if vanish else "is killed"
    trial = Trial("P5 P6", f"PostgreSQL's primary {how} ×{times}, the synchronous standby takes over")
    try:
        with pair() as servers, fleet(home, servers.sqlalchemy_url, workers=workers) as doors:
            lost = asyncio.run(
                _play(trial, doors, servers, times=times, orders=orders, rate=rate, vanish=vanish, alone=alone)
            )
            _judge(trial, doors, servers, lost)
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(
    trial: Trial, doors: Fleet, servers: Pair, *, times: int, orders: int, rate: float, vanish: bool, alone: int
) -> Lost:
    lost = Lost()
    serial = itertools.count(5)
    share = orders // times
    async with doors.shop("ledger") as shop, doors.shop("alone", doors.webs[0]) as other:
        for _ in range(times):
            todo = consistent(errands(share // 4, seed=next(serial), prefix="H"))
            await shop.trade(todo, rate=rate)
            losing = asyncio.create_task(asyncio.to_thread(_lose_primary, doors, servers, lost, vanish=vanish))
            began = shop.noted.errands
            lost.sent += todo
            lost.sent += await shop.trade_on(
                lambda _: consistent(errands(PART, seed=next(serial), prefix="H")),
                rate=rate,
                enough=lambda: losing.done() and shop.noted.errands - began >= share,
            )
            await losing
        for web in doors.webs:
            await asyncio.to_thread(until, lambda web=web: _well(web.readiness()), why="no new primary found")
        await asyncio.to_thread(doors.wait_drained)
        for errand in _plain(alone):
            await _lose_what_one_host_has(trial, doors, servers, other, errand)
        trial.violations += [*shop.noted.wrong, *other.noted.wrong]
        unsettled = shop.noted.unsettled + other.noted.unsettled
        trial.demand(unsettled == 0, f"{unsettled} orders never got an answer")
        trial.worst_answer, trial.worst_refusal = shop.ledger.slowest_answer, shop.ledger.slowest_refusal
        trial.notes.append(f"{lost.hosts + alone} hosts lost, {alone} of them with an order that no other had")
    return lost


def _lose_primary(doors: Fleet, servers: Pair, lost: Lost, *, vanish: bool) -> None:
    """Take the primary away, promote the standby once orders are spooled, and make the lost host the next standby."""
    gone = servers.primary
    if vanish:
        gone.stop_in_its_tracks()
    else:
        gone.kill()
    lost.hosts += 1
    until(doors.spooled, why="no order goes to a spool although the primary is gone")
    lost.spooled += doors.spooled()
    servers.fail_over()
    gone.kill()
    servers.join()


def _judge(trial: Trial, doors: Fleet, servers: Pair, lost: Lost) -> None:
    store = PostgresServer(servers.primary.uri)
    trial.demand(lost.spooled, "no order met the time without a database")
    ledger = doors.webs[0].home / "ledger.jsonl"
    _retry_all(trial, doors, ledger, lost.sent)
    doors.wait_drained()  # a busy machine may have had some spooled once more
    with httpx.Client(headers=doors.ops_headers, timeout=PATIENCE, trust_env=False) as ops:

        def made() -> bool:
            """Ask for a batch; a worker may have made it before us."""
            asked = ops.post(f"{doors.webs[1].url}/v1/batches")
            return asked.status_code == httpx.codes.CREATED or any(
                batch.state == "published" for batch in stored_batches(store)
            )

        until(made, within=TAKEN_OVER_WITHIN + PATIENCE, every=1, why="no batch can be made after the failover")
    ledgers = [ledger, ledger.with_name("alone.jsonl")]
    found = check_orders(ledgers, store, data_dir=doors.data_dirs, exports=doors.exports)
    trial.trials = found.attempted
    trial.take(found)
    trial.demand(doors.webs[0].ledger()["accepted"] == found.stored, "the ledger counts otherwise")
    for worker in doors.workers:
        trial.demand(worker.process and worker.process.poll() is None, "a worker did not survive the failover")
    trial.notes.append(f"at least {lost.spooled} orders waited in a spool")


def _plain(count: int) -> list[Errand]:
    """Return orders that are sent once and taken."""
    return [errand for errand in errands(count * 4, seed=7, prefix="A") if errand.kind == "plain"][:count]


def _well(ready: "dict[str, object] | None") -> bool:
    """Tell whether a door writes into the database again."""
    return ready is not None and "store_away" not in ready["degraded"]  # type: ignore[operator]


def _retry_all(trial: Trial, doors: Fleet, ledger: Path, sent: list[Errand]) -> None:
    """Retry some of what was taken: the new primary knows each under the number that was told."""
    records = read_ledger(ledger)
    todo = [errand for errand in sent if errand.kind == "plain"][-20:]
    headers = {"authorization": f"Bearer {doors.key}", "content-type": "application/json"}
    with httpx.Client(headers=headers, timeout=PATIENCE, trust_env=False) as http:
        for errand in todo:
            if errand.key in records:
                answer = http.post(doors.webs[0].orders_url, content=errand.body)
                same = answer.is_success and {answer.json()["order_number"]} == records[errand.key].numbers
                trial.demand(
                    same, f"{errand.key}: a retry after the failover got {answer.status_code} {answer.text[:80]}"
                )


# ---- committed on one host alone -------------------------------------------------------------------------------------


async def _lose_what_one_host_has(trial: Trial, doors: Fleet, servers: Pair, shop: Shop, errand: Errand) -> None:
    """Have an order committed by the primary alone, let it be found there, then lose the primary.

    The standby is down, so the commit waits, and the order is answered from the spool. The primary crashes and comes back:
    now the row is there, on one host. Whoever finds it, the drain or a retry at the door, must not call it safe before
    the standby has it. It is one order, since a commit that writes others beside it waits for the standby anyway.
    """
    web, store = doors.webs[0], PostgresServer(servers.primary.uri)
    servers.standby.kill()
    number = await shop.pursue(errand)
    trial.demand(doors.spooled() == 1, f"{doors.spooled()} orders are in a spool")
    web.kill()  # it would only ask whether the store is back
    servers.primary.kill()
    servers.primary.start()
    alone = [order for order in stored_orders(store) if order.number == number]
    trial.demand(alone, "the primary has no order that the standby lacks, so this shows nothing")
    # After a crash the first number of a sequence is written ahead, which alone would make the next commit wait.
    servers.primary.ask("SELECT nextval(pg_get_serial_sequence('orders', 'id'))")
    await asyncio.to_thread(web.start)  # it has not met the hanging commit yet, so it drains at once
    until(lambda: servers.commits_waiting() or not doors.spooled(), why="nobody drains the spool")
    await shop.pursue(errand)
    servers.primary.kill()
    servers.standby.start()
    servers.fail_over()
    await asyncio.to_thread(servers.join)
    await asyncio.to_thread(doors.wait_drained)  # and nobody asks once more, which would bring a lost order back


# ---- said plainly ----------------------------------------------------------------------------------------------------


def said_plainly(home: Path) -> Trial:
    """Weaken a server step by step; ``lifeboat doctor`` and ``/readyz?verbose`` name each thing that could be lost."""
    trial = Trial("P5", "what could be lost is said by doctor and /readyz")
    try:
        with pair() as servers, fleet(home, servers.sqlalchemy_url, webs=1) as doors:
            for what, weaken, expected in _steps(servers):
                weaken()
                code = 1 if expected == {"synchronous_standby_away"} else 0
                checks = json.loads(doors.webs[0].cli("doctor", "--json", expect=code))["checks"]
                said = {check["name"] for check in checks if check["status"] == "warn"} & GAPS
                trial.demand(said == expected, f"{what}: doctor says {sorted(said)}")
                trial.trials += 1
            why = f"/readyz does not say {sorted(expected)}"
            until(lambda: _gaps_shown(doors.webs[0].readiness()) == expected, why=why)
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def _steps(servers: Pair) -> list[tuple[str, Callable[[], object], set[str]]]:
    """Return what is done to the primary, one after the other, and what must be said then."""

    def stand_alone() -> None:
        servers.primary.set("synchronous_standby_names", "")

    def lose_standby() -> None:
        servers.standby.kill()
        until(lambda: not servers.synchronous(), why="the primary does not notice that its standby is gone")

    def careless() -> None:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            servers.primary.set(name, "off")

    return [
        ("with its standby", lambda: None, set()),
        (
            "synchronous_commit=local",
            lambda: servers.primary.set("synchronous_commit", "local"),
            {"postgres_local_commit"},
        ),
        ("synchronous_commit=on again", lambda: servers.primary.set("synchronous_commit", "on"), set()),
        ("its standby killed", lose_standby, {"synchronous_standby_away"}),
        ("standing alone", stand_alone, {"no_synchronous_standby"}),
        ("nothing flushed", careless, {"no_synchronous_standby", "postgres_fsync_off", "postgres_async_commit"}),
    ]


def _gaps_shown(ready: "dict[str, Any] | None") -> set[str]:
    return GAPS & set(ready["degraded"]) if ready else set()


# ---- short forms -----------------------------------------------------------------------------------------------------


def _prove(trial: Trial) -> None:
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()


def test_a_lost_primary_costs_no_order(tmp_path: Path):
    _prove(host_loss(tmp_path))
