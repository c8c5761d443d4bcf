"""P6: the database is locked or hangs, and nobody at the door notices."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from functools import partial
from pathlib import Path

import httpx
import pytest
from pysqlite3 import dbapi2 as sqlite

from tests.harness.away import Hold, NoPostgres, postgres
from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger, read_ledger
from tests.harness.evidence import Asks, PostgresServer, SqliteFile, spooled, stored_orders
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.shop import BUSY, Errand, Shop, errands
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import PATIENCE, until
from tests.harness.yard import wrong_answers

SPOOLED = "lifeboat_orders_spooled_total"
PROMISED = 2.0
"""Seconds until an order is in the spool: held by ``tests/unit/test_group_commit_away.py`` to the door's own clock, and
by the settings to at most that; here it is a figure to read, since a busy machine may take longer for anything."""


def database_locked(home: Path, *, orders: int = 40, mode: str = "IMMEDIATE") -> Trial:
    """Let another process hold SQLite's write lock while orders come in."""
    trial = Trial("P6", f"SQLite locked ({mode.lower()}) by another process")
    with boat(home, command="web") as lifeboat:
        away = lambda: Hold(lifeboat.database, mode=mode)  # noqa: E731 - one call, named
        _outage(trial, lifeboat, SqliteFile(lifeboat.database), away, orders=orders)
    return trial


def postgres_stopped(home: Path, *, orders: int = 40) -> Trial:
    """Stop PostgreSQL in its tracks: connections stay open, nothing answers."""
    trial = Trial("P6", "PostgreSQL hung (SIGSTOP)")
    try:
        with postgres() as server, boat(home, command="web", database_url=server.sqlalchemy_url) as lifeboat:
            key = lifeboat.cli_json("clients", "add", "first-shop")["key"]
            (lifeboat.data_dir / "secrets" / "storefront_key").write_text(key, encoding="ascii")
            _outage(trial, lifeboat, PostgresServer(server.uri), server.stopped, orders=orders)
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def _outage(
    trial: Trial, lifeboat: Boat, store: Asks, away: Callable[[], AbstractContextManager[object]], *, orders: int
) -> None:
    before, meanwhile = errands(10, seed=1, prefix="B"), _plain(errands(orders, seed=2, prefix="M"))
    shop = Shop([lifeboat.orders_url], lifeboat.storefront_key, ClientLedger(lifeboat.home / "ledger.jsonl"))
    numbers = asyncio.run(_play(trial, lifeboat, shop, away, before=before, meanwhile=meanwhile))
    lifeboat.wait_drained()
    before = lifeboat.metric(SPOOLED)
    answers = _answers(lifeboat, meanwhile)
    anew = sum(answer.status_code == httpx.codes.CREATED for answer in answers)
    # Where a busy machine makes the store seem away once more, the spool does not know what it has handed on.
    trial.demand(anew <= lifeboat.metric(SPOOLED) - before, f"after recovery {anew} retries were taken as new orders")
    told = {errand.key: answer.json()["order_number"] for errand, answer in zip(meanwhile, answers, strict=True)}
    trial.demand(told == numbers, "numbers changed with the recovery")
    lifeboat.wait_drained()
    found = check_orders(shop.ledger.path, store, data_dir=lifeboat.data_dir, exports=lifeboat.exports)
    trial.trials = found.attempted
    trial.take(found)
    trial.violations += wrong_answers(trial, shop, lifeboat.data_dir)
    trial.worst_answer = shop.ledger.slowest_answer
    trial.worst_refusal = shop.ledger.slowest_refusal
    trial.demand(lifeboat.ledger()["accepted"] == found.stored, "the ledger counts otherwise")
    trial.notes.append(f"slowest answer {shop.ledger.slowest_answer:.2f} s (promised: {PROMISED:g} s)")


async def _play(
    trial: Trial,
    lifeboat: Boat,
    shop: Shop,
    away: Callable[[], AbstractContextManager[object]],
    *,
    before: list[Errand],
    meanwhile: list[Errand],
) -> dict[str, str]:
    async with shop:
        await shop.trade(before, rate=50)
        shop.ledger.slowest_answer = 0.0
        with away():
            await shop.trade(meanwhile, rate=20)  # all are answered before the database is back
            depth = len(spooled(lifeboat.data_dir / "spool"))
            trial.demand(depth >= len(meanwhile) // 2, f"only {depth} of {len(meanwhile)} orders went to the spool")
            ready = await asyncio.to_thread(lifeboat.readiness)
            trial.demand(
                ready and "store_away" in ready["degraded"], f"/readyz hides that the database is away: {ready}"
            )
            await _retry_and_contradict(trial, shop, [*before, *meanwhile])
    records = read_ledger(shop.ledger.path)
    return {errand.key: next(iter(records[errand.key].numbers), "") for errand in meanwhile}


async def _retry_and_contradict(trial: Trial, shop: Shop, known: list[Errand]) -> None:
    """Retry what was taken before and during the outage; the numbers are those it had."""
    some = [errand for errand in known if errand.kind in {"plain", "twice"}]
    for errand in [*some[:3], *some[-3:]]:
        told = read_ledger(shop.ledger.path)[errand.key].numbers
        number = await shop.pursue(errand)
        trial.demand({number} == told, f"{errand.key} had the number {told} and is now {number}")


def _answers(lifeboat: Boat, todo: list[Errand]) -> list[httpx.Response]:
    headers = {"authorization": f"Bearer {lifeboat.storefront_key}", "content-type": "application/json"}
    with httpx.Client(headers=headers, timeout=PATIENCE, trust_env=False) as http:
        return [until(partial(_answer, http, lifeboat, errand), every=0.2) for errand in todo]


def _answer(http: httpx.Client, lifeboat: Boat, errand: Errand) -> httpx.Response | None:
    """Return what is said of an order; nothing where the door is busy, as it may be on a busy machine."""
    answer = http.post(lifeboat.orders_url, content=errand.body)
    return None if answer.status_code in BUSY else answer.raise_for_status()


def _plain(todo: list[Errand]) -> list[Errand]:
    return [errand for errand in todo if errand.kind == "plain"]


# ---- killed while draining -------------------------------------------------------------------------------------------


def killed_while_draining(home: Path, *, orders: int = 300, kills: int = 1) -> Trial:
    """Kill web in the middle of bringing the spool home.

    Every second time, the first included, somebody holds the spool meanwhile: web has then committed orders to the
    database and cannot forget them in the spool, and there it is killed. The other times the kill falls where it falls.
    """
    trial = Trial("P6", f"kill -9 in the middle of draining, {kills} times")
    with boat(home, command="web") as lifeboat:
        store = SqliteFile(lifeboat.database)
        shop = Shop([lifeboat.orders_url], lifeboat.storefront_key, ClientLedger(lifeboat.home / "ledger.jsonl"))

        async def fill(n: int) -> None:
            await asyncio.gather(*(shop.pursue(one) for one in _plain(errands(orders, seed=n, prefix="D"))))

        async def play() -> int:
            halfway = 0
            async with shop:
                for n in range(kills):
                    with ExitStack() as until_killed:
                        with Hold(lifeboat.database):
                            await fill(n)
                            had = len(stored_orders(store))
                            if n % 2 == 0:
                                until_killed.enter_context(Hold(lifeboat.data_dir / "spool" / "spool-0.db"))
                        halfway += await asyncio.to_thread(_kill_halfway, lifeboat, store, had)
                    await asyncio.to_thread(lifeboat.start)
            return halfway

        halfway = asyncio.run(play())
        lifeboat.wait_drained()
        found = check_orders(shop.ledger.path, store, data_dir=lifeboat.data_dir, exports=lifeboat.exports)
        trial.trials = found.attempted
        trial.take(found)
        trial.demand(lifeboat.ledger()["accepted"] == found.stored, "the ledger counts otherwise")
        trial.demand(halfway >= (kills + 1) // 2, f"{halfway} of {kills} kills came in the middle of a drain")
        trial.notes.append(f"{halfway} of {kills} kills left a drain half done")
    return trial


def _kill_halfway(lifeboat: Boat, store: SqliteFile, had: int) -> bool:
    """Kill web as soon as the first orders have come out of the spool; tell whether some were still in it."""
    until(lambda: len(stored_orders(store)) > had, every=0.002, why="nothing is drained")
    lifeboat.kill()
    return bool(spooled(lifeboat.data_dir / "spool"))


# ---- damage ----------------------------------------------------------------------------------------------------------


def spool_damaged(home: Path, *, part: str = "record") -> Trial:
    """Flip bytes of a spool file while nobody looks; what is damaged is named and kept, the rest comes home."""
    trial = Trial("P6", f"damaged spool file ({part})")
    with boat(home, command="web") as lifeboat:
        shop = Shop([lifeboat.orders_url], lifeboat.storefront_key, ClientLedger(lifeboat.home / "ledger.jsonl"))
        todo = _plain(errands(30, seed=3))
        with Hold(lifeboat.database):

            async def play() -> None:
                async with shop:
                    await shop.trade(todo, rate=50)

            asyncio.run(play())
            lifeboat.stop()
            file = lifeboat.data_dir / "spool" / "spool-0.db"
            victim, victim_key = _flip(file, part=part)
        lifeboat.start()
        store = SqliteFile(lifeboat.database)
        if part == "record":
            until(lambda: f'"{victim}"' in lifeboat.log(), why="the damaged record is not named in the log")
            until(lambda: len(stored_orders(store)) == len(todo) - 1, why="the others do not come home")
            left = lambda: [one.number for one in spooled(file.parent) if one.aside]  # noqa: E731 - one call, named
            until(lambda: left() == [victim], why="the damaged record is not set aside")
        else:
            until(lambda: "spool_damaged" in lifeboat.log(), why="the log does not tell of the damaged file")
            aside = list(file.parent.glob("spool-0.db.damaged-*"))
            trial.demand(aside, "the damaged file was not set aside")
        until(lambda: _spool_troubles(lifeboat), why="/readyz does not tell of the damage")
        trial.demand(asyncio.run(_send_again(lifeboat, errands(1, seed=99, prefix="Z")[0])), "no order is taken")
        if part == "record":
            _settle_the_record(trial, lifeboat, next(one for one in todo if one.key == victim_key), victim)
        else:
            _salvage_the_file(trial, lifeboat, aside[0])
        until(lambda: not _spool_troubles(lifeboat), why="/readyz still tells of the damage")
        found = check_orders(shop.ledger.path, store, data_dir=lifeboat.data_dir, exports=lifeboat.exports)
        found.unexpected.remove("Z99-000000")  # the one more, which another shop's ledger has
        trial.take(found)
        trial.demand(found.stored == len(todo) + 1, f"{found.stored} orders stored of {len(todo) + 1}")
        trial.demand(lifeboat.ledger()["balanced"], "the ledger does not balance")
        trial.trials = len(todo)
    return trial


def _settle_the_record(trial: Trial, lifeboat: Boat, errand: Errand, number: str) -> None:
    """Let the shop send the order again under its key, then close the damaged record by command."""
    lifeboat.cli("spool", "retry", number, expect=1)  # a damaged record is not believed
    trial.demand(asyncio.run(_send_again(lifeboat, errand)) == number, "a retry after the damage got another number")
    lifeboat.cli("spool", "retry", "--all")


def _salvage_the_file(trial: Trial, lifeboat: Boat, file: Path) -> None:
    """Bring the orders of a damaged file home by command, beside the running server."""
    done = lifeboat.cli_json("spool", "salvage", file.name)
    trial.demand(done["complete"] and not file.exists(), f"the salvage was not complete: {done}")
    trial.notes.append(f"{done['brought']} orders salvaged, {len(done['unreadable'])} unreadable")


def _spool_troubles(lifeboat: Boat) -> list[str]:
    """Return what ``/readyz`` says of the spool."""
    ready = lifeboat.readiness() or {"degraded": []}
    return [reason for reason in ready["degraded"] if reason.startswith("spool")]


async def _send_again(lifeboat: Boat, errand: Errand) -> "str | None":
    ledger = ClientLedger(lifeboat.home / "more.jsonl")
    async with Shop([lifeboat.orders_url], lifeboat.storefront_key, ledger) as shop:
        return await shop.pursue(errand)


def _flip(file: Path, *, part: str) -> tuple[str, str]:
    """Damage one record's bytes, or the file's structure; return the number and the key of the record."""
    with closing(sqlite.connect(str(file))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(file.read_bytes())
    if part == "file":
        for at in range(100, 160):
            data[at] ^= 0xFF
        file.write_bytes(data)
        return "", ""
    victim = spooled(file.parent)[5]
    at = data.index(f'"idempotency_key":"{victim.key}"'.encode()) + 20
    data[at] ^= 0x01
    file.write_bytes(data)
    return victim.number, victim.key


# ---- short forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_locked_database_is_not_noticed_at_the_door(tmp_path: Path, mode: str):
    database_locked(tmp_path, mode=mode).prove()


def test_a_hung_postgresql_is_not_noticed_at_the_door(tmp_path: Path):
    trial = postgres_stopped(tmp_path)
    if trial.skipped:
        pytest.skip(trial.skipped)
    trial.prove()


def test_a_drain_that_is_killed_halfway_is_done_again(tmp_path: Path):
    killed_while_draining(tmp_path).prove()


@pytest.mark.parametrize("part", ["record", "file"])
def test_damage_in_the_spool_is_named_and_set_aside(tmp_path: Path, part: str):
    spool_damaged(tmp_path, part=part).prove()
