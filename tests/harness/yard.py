"""A Lifeboat with a storefront, commands that start at once, and somebody who watches every instant."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from tests.harness import evidence
from tests.harness.away import postgres
from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.evidence import Asks, PostgresServer, SqliteFile
from tests.harness.instants import Instants, at_any_instant
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.shop import Shop, errands
from tests.harness.trial import Trial
from tests.harness.waiting import until
from tests.harness.warm import Warm, warm

FEWEST_LOOKS = 10


@dataclass
class Yard:
    """A Lifeboat, its storefront's record, and what is seen of it at every instant."""

    boat: Boat
    source: Asks
    shop: Shop
    warm: Warm
    seen: Instants
    runner: asyncio.Runner

    def bring(self, orders: int, *, name: str) -> None:
        """Let the storefront send this many orders whose keys begin with ``name``, and wait for the answers."""
        self.runner.run(self.brought(orders, name=name))

    async def brought(self, orders: int, *, name: str) -> None:
        """Do the same on a loop that runs."""
        seed = crc32(name.encode())  # other totals for each, or they would be held as look-alikes
        todo = [errand for errand in errands(4 * orders, seed=seed, prefix=name) if errand.kind == "plain"]
        await asyncio.gather(*(self.shop.pursue(errand) for errand in todo[:orders]))
        await asyncio.to_thread(self.boat.wait_drained)  # a busy machine may have had some spooled


@contextmanager
def yard(home: Path, *, engine: str, command: str, **settings: str) -> Iterator[Yard]:
    """Run a Lifeboat on either engine and watch it.

    Raises:
        NoPostgres: this machine has none.
    """
    if engine == "postgresql":
        with postgres() as server:
            settings |= {"database_url": server.sqlalchemy_url}
            with boat(home, command=command, **settings) as lifeboat:
                key = lifeboat.cli_json("clients", "add", "makers")["key"]
                (lifeboat.data_dir / "secrets" / "storefront_key").write_text(key, encoding="ascii")
                with _watched(lifeboat, PostgresServer(server.uri)) as made:
                    yield made
        return
    with boat(home, command=command, **settings) as lifeboat, _watched(lifeboat, SqliteFile(lifeboat.database)) as made:
        yield made


@contextmanager
def _watched(lifeboat: Boat, source: Asks) -> Iterator[Yard]:
    shop = Shop([lifeboat.orders_url], lifeboat.storefront_key, ClientLedger(lifeboat.home / "ledger.jsonl"))
    with warm(lifeboat) as commands, at_any_instant(source, lifeboat.exports) as seen, asyncio.Runner() as runner:
        yield Yard(lifeboat, source, shop, commands, seen, runner)
        runner.run(shop.__aexit__())


def judge(trial: Trial, place: Yard) -> None:
    """Compare everything once more at the end: all orders are out or held, once, in files nobody has touched."""
    until(lambda: place.seen.looks > FEWEST_LOOKS, why="nobody looks meanwhile")
    found = check_orders(place.shop.ledger.path, place.source, data_dir=place.boat.data_dir, exports=place.boat.exports)
    trial.trials = max(trial.trials, found.attempted)
    trial.take(found)
    trial.violations += wrong_answers(trial, place.shop, place.boat.data_dir) + place.seen.compare()
    trial.demand(not found.waiting, f"{len(found.waiting)} orders are in no batch file")
    trial.demand(not found.spooled, f"{len(found.spooled)} orders are still in the spool")
    left = evidence.drafts(place.boat.exports)
    trial.demand(not left, f"drafts were left behind: {[path.name for path in left][:3]}")
    trial.notes.append(f"{found.stored} orders in {found.files} batches, {len(found.held)} held")
    trial.notes.append(f"the equation was asked {place.seen.looks} times; {len(place.seen.first_seen)} files unchanged")


def cut(place: Yard, *, later: float = 0.0) -> "str | None":
    """Make a batch of what waits; return its name, None if nothing did."""
    maker = place.warm.command("export", "--json", later=later)
    code, document = maker.wait(), maker.document()
    assert code == 0, f"export ended with {code}: {maker.text()[-1000:]}"
    busy = "正由后台生成" in maker.text()
    return str(document["batch"]) if document["batch"] or busy else None


def wrong_answers(trial: Trial, shop: Shop, *data_dirs: Path) -> list[str]:
    """Return what the door should not have said.

    While the store is away (four makers, or a slow machine, may keep it busy for longer than the door's patience), the
    spool cannot know of another body under the same key; the drain must have set that one aside. It may also have set
    aside one whose answer was lost, and which was refused when it was sent once more.
    """
    left = [record for data_dir in data_dirs for record in evidence.spooled(data_dir / "spool")]
    aside = sum(record.aside == "idempotency_conflict" for record in left)
    taken, sent = shop.noted.conflicts_taken, shop.noted.conflicts_sent
    trial.demand(taken <= aside <= sent, f"of {sent} conflicts {taken} were taken, {aside} set aside")
    return [line for line in shop.noted.wrong if "another body under the same key" not in line][:20]
