"""P1, P3, P6: web is killed at random instants while one shop writes as fast as it can; whatever it was told is there."""

import asyncio
import random
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.harness.away import Hold
from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger, read_ledger
from tests.harness.evidence import SqliteFile, spooled
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.shop import Errand, Manners, Shop, errands
from tests.harness.trial import Trial
from tests.harness.waiting import PATIENCE

WRITERS = 4

MOST_ANSWERS = 60
A_COMMIT = 0.01
"""Seconds that one takes, about: so that the kill falls anywhere within one."""


def kill_at_any_instant(home: Path, *, kills: int = 3, seed: int = 7, spooling: bool = False) -> Trial:
    """Kill web ``kills`` times, each at a random instant of its work, and look for what it had promised.

    With ``spooling`` another process holds the database meanwhile, so that all goes to the spool.
    """
    trial = Trial(
        "P6" if spooling else "P1 P3",
        f"kill -9 of web at {kills} random instants{' of spooling' if spooling else ''}",
    )
    chance = random.Random(seed)
    ledgers: list[Path] = []
    with boat(home, command="web") as web:
        key = web.storefront_key
        told = in_spool = 0
        for n in range(kills):
            ledgers.append(home / f"ledger-{n}.jsonl")
            instant = Instant(1 + chance.randrange(MOST_ANSWERS), chance.random() * A_COMMIT)
            with Hold(web.database) if spooling else nullcontext():
                asyncio.run(_write_until_killed(web, key, ledgers[-1], n=n, at=instant))
            in_spool += len(spooled(web.data_dir / "spool"))
            told += sum(record.ok for record in read_ledger(ledgers[-1]).values())
            web.start()
        store = SqliteFile(web.database)
        found = check_orders(ledgers, store, data_dir=web.data_dir, exports=web.exports)
        _settle(trial, web, key, ledgers)
        web.wait_drained()
        again = [*ledgers, *(ledger.with_suffix(".again") for ledger in ledgers)]
        trial.take(check_orders(_joined(again, home), store, data_dir=web.data_dir, exports=web.exports))
    trial.demand(in_spool or not spooling, "nothing was in the spool at any kill")
    trial.trials = found.attempted
    trial.take(found)
    trial.demand(told >= kills, f"only {told} orders were answered before {kills} kills")
    trial.notes.append(f"{told} answers before {kills} kills, {found.attempted - found.told_ok} left open by them")
    return trial


@dataclass(frozen=True)
class Instant:
    """So many answers after the start, and so many seconds after that: a busy machine gets to it later, not never."""

    answers: int
    seconds: float


async def _write_until_killed(web: Boat, key: str, ledger: Path, *, n: int, at: Instant) -> None:
    todo = iter([errand for errand in errands(20_000, seed=n, prefix="K") if errand.kind == "plain"])
    async with Shop([web.orders_url], key, ClientLedger(ledger), manners=Manners(time_out=PATIENCE)) as shop:
        writers = [asyncio.create_task(_write(shop, todo)) for _ in range(WRITERS)]
        while shop.ledger.taken < at.answers and not all(one.done() for one in writers):  # noqa: ASYNC110 - they only count
            await asyncio.sleep(0.001)
        await asyncio.sleep(at.seconds)
        web.kill()
        await asyncio.gather(*writers)


async def _write(shop: Shop, todo: "object") -> None:
    """Write one order after the other until one is not answered."""
    for errand in todo:  # type: ignore[attr-defined]
        if await shop.pursue(errand, once=True) is None:
            return


def _joined(ledgers: list[Path], home: Path) -> Path:
    """Return one ledger that says all of these; a key may be in two of them."""
    whole = home / "whole.jsonl"
    whole.write_bytes(b"".join(ledger.read_bytes() for ledger in ledgers))
    return whole


def _settle(trial: Trial, web: Boat, key: str, ledgers: list[Path]) -> None:
    """Retry what had no answer: one retry with the same key settles it, whether or not it had been stored."""
    for n, ledger in enumerate(ledgers):
        records = read_ledger(ledger)
        open_ones = [e for e in errands(20_000, seed=n, prefix="K") if e.key in records and not records[e.key].ok]
        answers = asyncio.run(_retry(web, key, ledger.with_suffix(".again"), open_ones))
        trial.demand(None not in answers, f"{answers.count(None)} retries after a kill were not settled")


async def _retry(web: Boat, key: str, ledger: Path, todo: list[Errand]) -> list[str | None]:
    async with Shop([web.orders_url], key, ClientLedger(ledger)) as shop:
        return [await shop.pursue(errand) for errand in todo]


def test_what_was_answered_from_the_spool_before_a_kill_is_stored(tmp_path: Path):
    kill_at_any_instant(tmp_path, kills=1, spooling=True).prove()


def test_what_was_answered_before_a_kill_is_stored(tmp_path: Path):
    kill_at_any_instant(tmp_path).prove()
