"""P12: the disk is full: the door says so, tells nobody "taken" that is not, and works again once there is room."""

import asyncio
import os
import shutil
import time
from pathlib import Path

import httpx
import pytest

from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger, read_ledger
from tests.harness.evidence import SqliteFile
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.processes import NO_CERTIFICATES
from tests.harness.shop import Errand, Shop, errands
from tests.harness.small_disk import NoMount, small_disk
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import PATIENCE, until

BALLAST = 5 * 1024 * 1024
"""What a person deletes when told that the disk is full."""

MOST = 12_000
"""Orders; the disk holds 5 MiB more each time there is room, and was never fuller than half of these."""
REFUSALS = 20


def full_disk(home: Path, *, times: int = 1) -> Trial:
    """Fill the disk with orders, look how the door refuses, make room, and look whether it takes orders again."""
    trial = Trial("P12", f"disk of 8 MB full, {times} times")
    try:
        with small_disk(home / "disk") as disk:
            _ballast(disk).write_bytes(b"\0" * BALLAST)
            with boat(home, command="web", data_dir=str(disk / "data")) as lifeboat, _shop(lifeboat) as http:
                _play(trial, lifeboat, http, disk, times=times)
    except NoMount as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def _shop(lifeboat: Boat) -> httpx.Client:
    """Return a client that makes a connection for each order: one that rests might be closed just as it is used."""
    headers = {"authorization": f"Bearer {lifeboat.storefront_key}", "content-type": "application/json"}
    once = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(headers=headers, timeout=PATIENCE, trust_env=False, verify=NO_CERTIFICATES, limits=once)


def _ballast(disk: Path) -> Path:
    return disk / "ballast"


def _play(trial: Trial, lifeboat: Boat, http: httpx.Client, disk: Path, *, times: int) -> None:
    ledger = ClientLedger(lifeboat.home / "ledger.jsonl")
    key, store = lifeboat.storefront_key, SqliteFile(lifeboat.database)
    todo = [errand for errand in errands(MOST, seed=12, prefix="F") if errand.kind == "plain"]
    sent: list[Errand] = []
    for n in range(times):
        fresh = todo[len(sent) :]
        sent += _fill(trial, lifeboat, http, ledger, fresh)
        # Health remembers an answer for a second, so that probes cost nothing.
        until(lambda: lifeboat.readiness() is None, why="/readyz says 200 while no order can be taken")
        if n + 1 < times:
            _make_room(disk, n)
            until(lambda: _takes(lifeboat, http, ledger, sent[-1]), why="no recovery")
    _ballast(disk).unlink()
    began = time.monotonic()
    until(lambda: _takes(lifeboat, http, ledger, sent[-1]), every=0.2, why="no recovery")
    trial.notes.append(f"takes orders again {time.monotonic() - began:.1f} s after there was room")
    records = read_ledger(ledger.path)
    left = [errand for errand in sent if not records[errand.key].ok]
    ledger.close()
    again = lifeboat.home / "again.jsonl"
    numbers = asyncio.run(_settle(lifeboat, key, again, left))
    trial.demand(None not in numbers, f"{numbers.count(None)} of {len(numbers)} refused orders were refused again")
    lifeboat.wait_drained()
    until(lifeboat.readiness, why="/readyz does not recover")
    merged = lifeboat.home / "merged.jsonl"
    merged.write_bytes(ledger.path.read_bytes() + again.read_bytes())
    found = check_orders(merged, store, data_dir=lifeboat.data_dir, exports=lifeboat.exports)
    trial.trials = found.attempted
    trial.take(found)
    trial.demand(found.stored == len(sent), f"{found.stored} orders stored of {len(sent)}")
    trial.demand(lifeboat.ledger()["accepted"] == found.stored, "the ledger counts otherwise")
    trial.worst_answer, trial.worst_refusal = ledger.slowest_answer, ledger.slowest_refusal


def _make_room(disk: Path, n: int) -> None:
    """Give back a part of the ballast, so that the disk can be filled once more."""
    os.truncate(_ballast(disk), BALLAST // (n + 2))


def _fill(trial: Trial, lifeboat: Boat, http: httpx.Client, ledger: ClientLedger, todo: list[Errand]) -> list[Errand]:
    """Send orders until twenty in a row were refused; return those that were sent."""
    refused = 0
    for n, errand in enumerate(todo):
        answer = _send(lifeboat, http, ledger, errand)
        if answer is None:
            trial.demand(answer, f"{errand.key}: no answer")
            continue
        refused = 0 if answer.status_code in {200, 201} else refused + 1
        trial.demand(answer.status_code in {201, 503}, f"{errand.key}: {answer.status_code} {answer.text[:200]}")
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            trial.demand(answer.headers.get("retry-after", "").isdigit(), "a refusal without Retry-After")
        if refused >= REFUSALS:
            return todo[: n + 1]
    trial.violations.append(f"the disk was not full after {len(todo)} orders")
    return todo


def _send(lifeboat: Boat, http: httpx.Client, ledger: ClientLedger, errand: Errand) -> "httpx.Response | None":
    ledger.attempt_now(errand.key, errand.body)
    began = time.monotonic()
    try:
        answer = http.post(lifeboat.orders_url, content=errand.body)
    except httpx.HTTPError as error:
        ledger.unknown(errand.key, type(error).__name__)
        return None
    took = time.monotonic() - began
    if answer.status_code in {200, 201}:
        ledger.ok(errand.key, errand.body, answer.json()["order_number"], status=answer.status_code, took=took)
    else:
        ledger.refused(errand.key, status=answer.status_code, took=took)
    return answer


def _takes(lifeboat: Boat, http: httpx.Client, ledger: ClientLedger, errand: Errand) -> bool:
    answer = _send(lifeboat, http, ledger, errand)
    return answer is not None and answer.status_code in {200, 201}


async def _settle(lifeboat: Boat, key: str, ledger: Path, left: list[Errand]) -> list["str | None"]:
    async with Shop([lifeboat.orders_url], key, ClientLedger(ledger)) as shop:
        return [await shop.pursue(errand) for errand in left]


def test_a_full_disk_is_said_and_nothing_taken_is_lost(tmp_path: Path):
    trial = full_disk(tmp_path)
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()


KEPT = 4 * 1024 * 1024
"""Bytes kept for orders on the disk of 8 MB."""


def kept_for_orders(home: Path) -> Trial:
    """Leave no more room than is kept for orders; these are taken, batches and uploads wait, and go on by themselves."""
    trial = Trial("P14", "a disk of 8 MB with no more room than is kept for orders")
    try:
        with small_disk(home / "disk") as disk:
            settings = {"data_dir": str(disk / "data"), "disk_reserve_bytes": str(KEPT)}
            with boat(home, command="web", **settings) as lifeboat, lifeboat.ops() as ops:
                _ballast(disk).write_bytes(b"\0" * (shutil.disk_usage(disk).free - KEPT // 2))
                _take_and_wait(trial, lifeboat, ops)
                _ballast(disk).unlink()
                cut = ops.post("/v1/batches")
                trial.demand(cut.status_code == httpx.codes.CREATED, f"with room again, a batch is {cut.status_code}")
                trial.demand(cut.json().get("orders") == trial.trials, f"not all of them came out: {cut.text[:200]}")
    except NoMount as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def _take_and_wait(trial: Trial, lifeboat: Boat, ops: httpx.Client) -> None:
    ledger = ClientLedger(lifeboat.home / "ledger.jsonl")
    for errand in [errand for errand in errands(60, seed=14, prefix="R") if errand.kind == "plain"]:
        with _shop(lifeboat) as http:
            answer = _send(lifeboat, http, ledger, errand)
        trial.demand(answer is not None and answer.status_code == httpx.codes.CREATED, f"{errand.key} is not taken")
        trial.trials += 1
    ledger.close()
    cut = ops.post("/v1/batches")
    trial.demand(cut.status_code == httpx.codes.CONFLICT, f"a batch is answered {cut.status_code}")
    trial.demand("为订单保留" in cut.text, f"nobody is told why no batch comes out: {cut.text[:200]}")
    upload = ops.post("/v1/batches/B1/import-results", json={"results": []})
    trial.demand(upload.status_code == httpx.codes.INSUFFICIENT_STORAGE, f"an upload is answered {upload.status_code}")
    # The machine is looked at once in a while, and health remembers its answer.
    until(lambda: "disk_reserve" in (lifeboat.readiness() or {}).get("degraded", ()), why="/readyz does not say so")


def test_what_is_kept_of_a_disk_is_kept_for_orders(tmp_path: Path):
    trial = kept_for_orders(tmp_path)
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()
