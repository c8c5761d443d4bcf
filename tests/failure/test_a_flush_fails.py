"""P1, P12: the disk refuses to flush: what was answered is there all the same, and the rest is refused."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger, read_ledger
from tests.harness.evidence import SqliteFile
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.shop import Manners, Shop, errands
from tests.harness.syscalls import FLUSHES, Call, NoStrace, calls_in, injected
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import until
from tests.harness.yard import wrong_answers

ALWAYS, EVERY_THIRD = "error=EIO", "error=EIO:when=1+3"
WITHIN = 10.0
NOT_TAKEN = "not-taken.jsonl"
MANNERS = Manners(rest=0.2, longest_rest=1.0)
"""A storefront that comes back soon, and not so often that the door, traced at each call, does nothing but refuse."""


def flushes_fail(home: Path, *, rounds: int = 1, orders: int = 30, rate: float = 30.0) -> Trial:
    """Let flushes of the database fail, then of the spool too, and kill web in the middle; then look what is there."""
    trial = Trial("P1 P12", f"fsync fails with EIO, in {rounds} rounds, and kill -9")
    try:
        with boat(home, command="web") as web:
            ledger = ClientLedger(home / "ledger.jsonl")
            shop = Shop([web.orders_url], web.storefront_key, ledger, manners=MANNERS)
            asyncio.run(_play(trial, web, shop, rounds=rounds, orders=orders, rate=rate))
            web.wait_drained()
            until(web.readiness, why="/readyz does not recover")
            # What was refused may have been read back from the log after the kill: it was asked for, so it may be there.
            both = [ledger.path, home / NOT_TAKEN]
            found = check_orders(both, SqliteFile(web.database), data_dir=web.data_dir, exports=web.exports)
            trial.trials = found.attempted
            trial.take(found)
            trial.violations += wrong_answers(trial, shop, web.data_dir)
            trial.demand(shop.noted.unsettled == 0, f"{shop.noted.unsettled} orders never got an answer")
            trial.worst_answer, trial.worst_refusal = ledger.slowest_answer, ledger.slowest_refusal
            trial.demand(ledger.slowest_refusal <= WITHIN, f"a refusal took {ledger.slowest_refusal:.1f} s")
            refused = sum(len(record.refusals) for record in read_ledger(ledger.path).values())
            trial.notes.append(f"{refused} refusals, {shop.noted.retries} retries, {found.stored} orders stored")
    except NoStrace as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(trial: Trial, web: Boat, shop: Shop, *, rounds: int, orders: int, rate: float) -> None:
    store = [web.database, Path(f"{web.database}-wal")]
    spool = [web.data_dir / "spool" / name for name in ("spool-0.db", "spool-0.db-wal")]
    log = web.home / "strace.txt"
    async with shop:
        for n in range(rounds):
            trading = asyncio.create_task(shop.trade(errands(orders, seed=n, prefix="Y"), rate=rate))
            for what, paths, kill in (
                (ALWAYS, store, False),
                (EVERY_THIRD, [*store, *spool], False),
                (ALWAYS, [*store, *spool], True),
            ):
                with _attached(web, what, paths, log):
                    await asyncio.sleep(orders / rate / 4)
                    if len(paths) > len(store) and what is ALWAYS:
                        await asyncio.to_thread(_refuses, trial, web)
                    if kill:
                        web.kill()
                _flushed_anew(trial, calls_in(log))
                if kill:
                    await asyncio.to_thread(web.start)
            await trading


@contextmanager
def _attached(web: Boat, what: str, paths: list[Path], log: Path) -> Iterator[None]:
    assert web.process is not None
    with injected(web.process.pid, what, calls=FLUSHES, paths=paths, seen="pwrite64", log=log):
        yield


def _refuses(trial: Trial, web: Boat) -> None:
    """With database and spool both refusing, the door says so, and when to come back."""
    (errand,) = [e for e in errands(20, seed=9, prefix="N") if e.kind == "plain"][:1]
    headers = {"authorization": f"Bearer {web.storefront_key}", "content-type": "application/json"}
    ledger = ClientLedger(web.home / NOT_TAKEN)
    ledger.attempt_now(errand.key, errand.body)
    answer = httpx.post(web.orders_url, content=errand.body, headers=headers, timeout=2 * WITHIN, trust_env=False)
    ledger.close()
    trial.demand(answer.status_code == 503, f"nothing can be flushed, and the door says {answer.status_code}")
    trial.demand(answer.headers.get("retry-after", "").isdigit(), "a refusal without Retry-After")
    # Health remembers an answer for a second, so that probes cost nothing.
    until(lambda: web.readiness() is None, why="/readyz says 200 while nothing can be flushed")


def _flushed_anew(trial: Trial, calls: list[Call]) -> None:
    """Demand that what a flush failed for is written again before the next one counts.

    The kernel may have marked the pages clean when it failed: a second flush of them succeeds and proves nothing.
    """
    failed_at: dict[str, int] = {}
    began: dict[str, int] = {}
    failures = 0
    for call in calls:
        if call.name == "pwrite64":
            began.setdefault(call.path, call.offset)
            if call.path in failed_at:
                first = failed_at.pop(call.path)
                trial.demand(call.offset <= first, f"after a failed flush at {first} it went on at {call.offset}")
        else:
            failures += call.injected
            if call.injected and call.path in began:
                failed_at[call.path] = began[call.path]
            began.pop(call.path, None)
    trial.demand(failures, "no flush was made to fail")


# ---- short forms -----------------------------------------------------------------------------------------------------


def test_what_was_answered_while_flushes_fail_is_stored(tmp_path: Path):
    trial = flushes_fail(tmp_path)
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()
