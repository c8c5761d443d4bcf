"""P6, P12: the database's disk is full, then the spool's too, then both have room again; everybody can see it meanwhile."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger, read_ledger
from tests.harness.evidence import SqliteFile, spooled
from tests.harness.lifeboat_process import Boat, boat, fresh_data
from tests.harness.providers import Providers, providers
from tests.harness.shop import Errand, Manners, Shop, errands
from tests.harness.small_disk import NoMount, small_disk
from tests.harness.trial import Trial, skipped
from tests.harness.turns import Turns
from tests.harness.waiting import PATIENCE, until

PART, MORE = 10, 1000
"""Orders more, some at a time, until the database's disk has really no room for another."""

BLOCK = b"\0" * 65536
SMALL = b"\0" * 512


def full_disks(home: Path, *, orders: int = 30) -> Trial:
    """Fill the database's disk, then the spool's; make room on both again; and look at all five places that tell of it."""
    trial = Trial("P6 P12", f"database's disk full, then the spool's, {orders} orders each")
    try:
        with ExitStack() as stack:
            disks = [stack.enter_context(small_disk(home / name)) for name in ("disk", "spool-disk")]
            fresh_data(disks[0] / "data")
            (disks[1] / "spool").mkdir(mode=0o700)
            (disks[0] / "data" / "spool").symlink_to(disks[1] / "spool")
            fakes = stack.enter_context(providers())
            group = {"wecom_robots": fakes.settings()["LIFEBOAT_WECOM_ROBOTS"]}
            lifeboat = stack.enter_context(boat(home, command="web", data_dir=str(disks[0] / "data"), **group))
            asyncio.run(_play(trial, lifeboat, disks, orders=orders))
            _judge(trial, lifeboat, fakes)
    except NoMount as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(trial: Trial, lifeboat: Boat, disks: list[Path], *, orders: int) -> None:
    todo = [one for one in errands(8 * orders, seed=61, prefix="V") if one.kind == "plain"]
    # Twice as many with both disks full: what the logs hold in reserve takes some hundred before it is full.
    first, second, third = todo[:orders], todo[orders : 3 * orders], todo[3 * orders : 4 * orders]
    ledger = ClientLedger(lifeboat.home / "ledger.jsonl")
    async with Shop([lifeboat.orders_url], lifeboat.storefront_key, ledger, manners=Manners(time_out=20.0)) as shop:
        await shop.pursue(todo[-1])
        _fill(disks[0])
        in_spool = lambda: spooled(lifeboat.data_dir / "spool")  # noqa: E731 - one call, named
        await shop.trade(first, rate=100)  # while the last free bytes go, some may still reach the database
        more = [one for one in errands(MORE, seed=62, prefix="V") if one.kind == "plain"]
        if not in_spool():
            await shop.trade_on(lambda n: more[n * PART : (n + 1) * PART], rate=100, enough=in_spool)
        await asyncio.to_thread(_look_at_five_places, trial, lifeboat)
        _fill(disks[1])
        refused = await _push(trial, lifeboat, shop, second)
        trial.demand(refused >= len(second) // 2, f"only {refused} orders were refused with both disks full")
        until(
            lambda: lifeboat.readiness() is None,
            every=0.2,
            why="/readyz says 200, and none is taken",
        )
        (disks[1] / "ballast").unlink()
        await shop.trade([*second, *third], rate=100)
        trial.demand(len(spooled(lifeboat.data_dir / "spool")) >= len(third), "the spool did not take orders again")
        (disks[0] / "ballast").unlink()
        lifeboat.wait_drained()
        trial.worst_answer, trial.worst_refusal = ledger.slowest_answer, ledger.slowest_refusal
        trial.violations += shop.noted.wrong
        trial.notes.append(f"{refused} of {len(second)} refused with both disks full, and taken at a retry")


def _fill(disk: Path) -> None:
    """Write until not a byte more fits."""
    with (disk / "ballast").open("wb", buffering=0) as file:
        for piece in (BLOCK, SMALL):
            try:
                while True:
                    file.write(piece)
            except OSError:
                continue


async def _push(trial: Trial, lifeboat: Boat, shop: Shop, todo: list[Errand]) -> int:
    """Send each order once; return how many were refused, each of them as it is published."""
    headers = {"authorization": f"Bearer {lifeboat.storefront_key}", "content-type": "application/json"}
    refused = 0
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE, trust_env=False) as http:
        for errand in todo:
            await shop.ledger.attempt(errand.key, errand.body)
            began = time.monotonic()
            answer = await http.post(lifeboat.orders_url, content=errand.body)
            took = time.monotonic() - began
            if answer.status_code in {200, 201}:
                number = answer.json()["order_number"]
                shop.ledger.ok(errand.key, errand.body, number, status=answer.status_code, took=took)
                continue
            refused += 1
            shop.ledger.refused(errand.key, status=answer.status_code, took=took)
            trial.demand(answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, f"refused with {answer.status_code}")
            trial.demand(answer.headers.get("retry-after", "").isdigit(), "a refusal without Retry-After")
    return refused


def _look_at_five_places(trial: Trial, lifeboat: Boat) -> None:
    """Demand that the spool is visible; the fifth place, the group, hears of it once the database has the orders."""
    depth = len(spooled(lifeboat.data_dir / "spool"))
    ready: dict[str, Any] = {}

    def seen() -> bool:
        ready.update(lifeboat.readiness() or {})
        told = ready.get("checks", {}).get("spool", {}).get("waiting")
        return {"store_away", "spool_waiting"} <= set(ready.get("degraded", ())) and told == depth

    until(seen, every=0.2, why="/readyz?verbose does not say what is in the spool")
    checks = ready["checks"]
    trial.demand("本地暂存" in checks["store"]["detail"], f"/readyz?verbose does not explain: {checks['store']}")
    trial.demand(lifeboat.metric("lifeboat_spool_orders") == depth, "/metrics counts otherwise")
    trial.demand(lifeboat.metric("lifeboat_store_up") == 0, "/metrics says that the store is up")
    ledger = lifeboat.ledger()
    trial.demand(ledger["spooled"] == depth, f"the ledger says {ledger['spooled']} spooled, there are {depth}")
    trial.demand(ledger["balanced"], "the ledger does not balance while orders are in the spool")


def _judge(trial: Trial, lifeboat: Boat, fakes: Providers) -> None:
    records = read_ledger(lifeboat.home / "ledger.jsonl")
    found = check_orders(
        lifeboat.home / "ledger.jsonl",
        SqliteFile(lifeboat.database),
        data_dir=lifeboat.data_dir,
        exports=lifeboat.exports,
    )
    trial.trials = found.attempted
    trial.take(found)
    trial.demand(found.stored == len(records), f"{found.stored} orders stored of {len(records)}")
    until(lambda: not _degraded(lifeboat), every=0.2, why=f"still {_degraded(lifeboat)}")
    ledger = lifeboat.ledger()
    trial.demand(ledger["balanced"] and not ledger["spooled"], f"the ledger says {ledger}")
    trial.demand(lifeboat.metric("lifeboat_spool_orders") == 0, "/metrics still counts orders in the spool")
    with Turns(lifeboat) as worker:
        worker.turn("compose")
        worker.turn("groups")
    heard = [str(message["content"]) for message in fakes.group_messages()]
    trial.demand(any("经本地暂存受理" in content for content in heard), f"the group was not told: {heard}")


def _degraded(lifeboat: Boat) -> list[str]:
    """Return what ``/readyz`` says of store and spool; the small disk and the missing worker are the trial's own."""
    ready = lifeboat.readiness() or {"degraded": ["store_away"]}
    return [reason for reason in ready["degraded"] if reason.startswith(("store", "spool", "intake"))]


def test_full_disks_are_seen_and_nothing_taken_is_lost(tmp_path: Path):
    trial = full_disks(tmp_path)
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()
