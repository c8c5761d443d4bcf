"""P1, P12: the disk refuses to flush: what was answered is there all the same, and the rest is refused."""

import asyncio
import itertools
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
from tests.harness.waiting import PATIENCE, until
from tests.harness.yard import wrong_answers

ALWAYS, EVERY_THIRD = "error=EIO", "error=EIO:when=1+3"
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
            refused = sum(len(record.refusals) for record in read_ledger(ledger.path).values())
            trial.notes.append(f"{refused} refusals, {shop.noted.retries} retries, {found.stored} orders stored")
    except NoStrace as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


async def _play(trial: Trial, web: Boat, shop: Shop, *, rounds: int, orders: int, rate: float) -> None:
    store = [web.database, Path(f"{web.database}-wal")]
    spool = [web.data_dir / "spool" / name for name in ("spool-0.db", "spool-0.db-wal")]
    log = web.home / "strace.txt"
    parts = itertools.count()

    def trade() -> "asyncio.Task[None]":
        part = errands(orders // 3, seed=next(parts), prefix="Y")
        return asyncio.create_task(shop.trade(part, rate=rate))

    async with shop:
        for _ in range(rounds):
            for what, paths in ((ALWAYS, store), (EVERY_THIRD, [*store, *spool])):
                with _attached(web, what, paths, log):
                    await trade()
                    await _one_has_failed(log)
                _flushed_anew(trial, calls_in(log))
            with _attached(web, ALWAYS, [*store, *spool], log):
                in_vain = trade()
                await _one_has_failed(log)
                await asyncio.to_thread(_refuses, trial, web)
                web.kill()
            _flushed_anew(trial, calls_in(log))
            await asyncio.to_thread(web.start)
            await in_vain  # until now


async def _one_has_failed(log: Path) -> None:
    """Wait until the disk has refused a flush; a store or a spool that is not well asks for one again and again."""
    met = lambda: any(call.injected for call in calls_in(log))  # noqa: E731 - one call, named
    await asyncio.to_thread(until, met, why="no flush was made to fail")


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
    answer = httpx.post(web.orders_url, content=errand.body, headers=headers, timeout=PATIENCE, trust_env=False)
    ledger.close()
    if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
        trial.violations.append(f"nothing can be flushed, and the door says {answer.status_code}")
        return
    trial.demand(answer.headers.get("retry-after", "").isdigit(), "a refusal without Retry-After")
    # Health remembers an answer for a second, so that probes cost nothing.
    until(lambda: web.readiness() is None, why="/readyz says 200 while nothing can be flushed")


def _flushed_anew(trial: Trial, calls: list[Call]) -> None:
    """Demand that what a flush failed for is written again before the next one counts.

    The kernel may have marked the pages clean when it failed: a second flush of them succeeds and proves nothing.
    """
    failed_at: dict[str, int] = {}
    began: dict[str, int] = {}
    for call in calls:
        if call.name == "pwrite64":
            began.setdefault(call.path, call.offset)
            if call.path in failed_at:
                first = failed_at.pop(call.path)
                trial.demand(call.offset <= first, f"after a failed flush at {first} it went on at {call.offset}")
        else:
            if call.injected and call.path in began:
                failed_at[call.path] = began[call.path]
            began.pop(call.path, None)


# ---- short forms -----------------------------------------------------------------------------------------------------


def test_what_was_answered_while_flushes_fail_is_stored(tmp_path: Path):
    trial = flushes_fail(tmp_path)
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()


def test_a_call_that_strace_cuts_in_two_is_read_whole(tmp_path: Path):
    log = tmp_path / "strace.txt"
    log.write_text(
        '7 pwrite64(5</d/lifeboat.db-wal>, "\\1\\2"..., 4120, 8272 <unfinished ...>\n'
        "9 fdatasync(6</d/spool/spool-0.db> <unfinished ...>\n"
        "7 <... pwrite64 resumed>)         = 4120\n"
        "9 <... fdatasync resumed>)        = -1 EIO (Input/output error) (INJECTED)\n"
    )
    assert calls_in(log) == [
        Call("pwrite64", "/d/lifeboat.db-wal", 8272, injected=False),
        Call("fdatasync", "/d/spool/spool-0.db", -1, injected=True),
    ]
