"""P13: the next version migrates while the old one takes orders, then takes its place process by process; nothing is lost.

Its parts have short tests elsewhere (a rolling restart, the migrations); this is for `make torture` alone.
"""

import asyncio
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.away import NoPostgres
from tests.harness.checker import check_orders
from tests.harness.client_ledger import ClientLedger
from tests.harness.cluster import lone_server
from tests.harness.evidence import Asks, PostgresServer, SqliteFile, on_their_way
from tests.harness.fleet import fleet
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.next_program import REVISION, next_program
from tests.harness.shop import Shop, consistent, errands
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import until

MOST_SECONDS = 120
"""Of load; an upgrade that takes longer than that is not one."""


@dataclass
class Upgrade:
    """The processes that are upgraded one after the other, and what was seen of it."""

    boats: list[Boat]
    settings: dict[str, str]
    codes: list[int] = field(default_factory=list)

    def migrate(self) -> None:
        """Have a process of the next version migrate, as ``lifeboat migrate`` does before an upgrade."""
        one = self.boats[0]
        Boat(one.home, {**one.settings, **self.settings}, port=one.port).cli("migrate")

    def restart(self, one: Boat) -> None:
        """Tell a process to stop, and start it again as the version it is set to."""
        self.codes.append(one.stop())
        one.start()

    def go(self, *, old_too: bool) -> None:
        """Migrate; restart one as the old version, if ``old_too``, which may happen meanwhile; then each as the next."""
        self.migrate()
        if old_too:
            self.restart(self.boats[0])
        for one in self.boats:
            one.settings.update(self.settings)
            self.restart(one)


def migration_on_sqlite(home: Path, *, rate: float = 40.0, old_too: bool = False) -> Trial:
    """Upgrade ``lifeboat serve`` under load."""
    trial = Trial("P13", "a migration and an upgrade under load, SQLite")
    with boat(home / "boat") as lifeboat:
        upgrade = Upgrade([lifeboat], next_program(home / "next"))
        shop = Shop([lifeboat.orders_url], lifeboat.storefront_key, ClientLedger(home / "ledger.jsonl"))
        _upgrade(trial, upgrade, shop, SqliteFile(lifeboat.database), rate=rate, old_too=old_too)
    return trial


def migration_on_postgresql(home: Path, *, rate: float = 60.0) -> Trial:
    """Upgrade two doors and their workers under load."""
    trial = Trial("P13", "a migration and an upgrade under load, PostgreSQL")
    try:
        with lone_server() as server, fleet(home, server.sqlalchemy_url, workers=2) as doors:
            upgrade = Upgrade([*doors.webs, *doors.workers], next_program(home / "next"))
            _upgrade(trial, upgrade, doors.shop("ledger"), PostgresServer(server.uri), rate=rate, old_too=True)
    except NoPostgres as error:
        return skipped(trial.promise, trial.scenario, str(error))
    return trial


def _upgrade(trial: Trial, upgrade: Upgrade, shop: Shop, store: Asks, *, rate: float, old_too: bool) -> None:
    asyncio.run(_play(upgrade, shop, rate=rate, old_too=old_too))
    folders = [one.data_dir for one in upgrade.boats]
    until(lambda: not on_their_way(*(folder / "spool" for folder in folders)), why="the spools do not drain")
    for one in upgrade.boats:
        upgrade.codes.append(one.stop())
    clean = {0, -signal.SIGTERM}  # a door without a supervisor ends, all done, by the signal it was told with
    trial.demand(set(upgrade.codes) <= clean, f"told to stop, processes ended with {upgrade.codes}")
    log = "".join(one.log() for one in upgrade.boats)
    begun, done = log.count('"Shutting down"'), log.count('"Application shutdown complete."')
    trial.demand(begun == done, f"web began to shut down {begun} times and came to the end {done} times")
    failed = re.findall(r'"event": "(store_not_prepared|loop_failed|spool_record_\w+)"', log)
    trial.demand(not failed, f"the old version and the new shape do not go together: {failed[:5]}")
    trial.demand(store.rows("SELECT version_num FROM alembic_version") == [(REVISION,)], "the migration is not there")
    found = check_orders(shop.ledger.path, store, data_dir=folders, exports=upgrade.boats[0].exports)
    trial.trials = found.attempted
    trial.take(found)
    trial.violations += shop.noted.wrong
    trial.demand(shop.noted.unsettled == 0, f"{shop.noted.unsettled} orders never got an answer")
    trial.worst_answer, trial.worst_refusal = shop.ledger.slowest_answer, shop.ledger.slowest_refusal
    trial.notes.append(f"{len(upgrade.codes)} processes told to stop, {shop.noted.retries} retries")


async def _play(upgrade: Upgrade, shop: Shop, *, rate: float, old_too: bool) -> None:
    """Trade until the upgrade is done, and a moment longer."""
    async with shop:
        upgrading = asyncio.create_task(asyncio.to_thread(upgrade.go, old_too=old_too))
        for n in range(MOST_SECONDS):
            part = errands(int(rate), seed=n, prefix="U")
            await shop.trade(consistent(part), rate=rate)
            if upgrading.done() and n > 2:
                break
        await upgrading
