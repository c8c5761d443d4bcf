"""Several web and worker processes with a folder each, as on several machines; one PostgreSQL and one export folder."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.access.clients import add_client
from app.store.database.engine import open_engines
from app.store.database.migrate import migrate
from app.store.unit_of_work import Store
from tests.deployment.facts import IT, SECRETS
from tests.harness.client_ledger import ClientLedger
from tests.harness.evidence import on_their_way
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.shop import Manners, Shop
from tests.harness.waiting import until


@dataclass
class Fleet:
    """The processes and what opens their doors."""

    webs: list[Boat]
    workers: list[Boat]
    key: str
    ops_key: str

    @property
    def ops_headers(self) -> dict[str, str]:
        """What lets in whoever takes batches and reads the ledger."""
        return {"authorization": f"Bearer {self.ops_key}"}

    @property
    def data_dirs(self) -> list[Path]:
        """Where their spools are."""
        return [web.data_dir for web in self.webs]

    @property
    def exports(self) -> Path:
        """Where all of them put batch files."""
        return self.webs[0].exports

    def shop(self, name: str, *webs: Boat, manners: Manners | None = None) -> Shop:
        """Return a shop that knows these doors, or all of them."""
        urls = [web.orders_url for web in webs or self.webs]
        return Shop(urls, self.key, ClientLedger(self.webs[0].home / f"{name}.jsonl"), manners=manners)

    def spooled(self) -> int:
        """Return how many orders wait in the spools."""
        return on_their_way(*(folder / "spool" for folder in self.data_dirs))

    def wait_drained(self) -> None:
        """Wait until the spools are empty."""
        until(lambda: not self.spooled(), why="the spools do not drain")

    def log(self) -> str:
        """Return what all of them logged."""
        return "".join(one.log() for one in [*self.webs, *self.workers])


@contextmanager
def fleet(home: Path, url: str, *, webs: int = 2, workers: int = 0, **settings: str) -> Iterator[Fleet]:
    """Run the processes on the database at ``url``, as Lifeboat's settings take it."""
    shared = {**SECRETS, "database_url": url, "export_dir": str(home / "exports"), **settings}
    with ExitStack() as stack:
        key, ops_key = _keys(url)
        doors = [stack.enter_context(boat(home / f"web-{n}", command="web", **shared)) for n in range(webs)]
        hands = [stack.enter_context(boat(home / f"worker-{n}", command="worker", **shared)) for n in range(workers)]
        for one in [*doors, *hands]:
            (one.data_dir / "secrets").mkdir(parents=True, exist_ok=True)
            (one.data_dir / "secrets" / "ops_key").write_text(ops_key, encoding="ascii")
        yield Fleet(doors, hands, key, ops_key)


def _keys(url: str) -> tuple[str, str]:
    """Prepare the database and return a key of scope ``intake`` and one of scope ``ops``: two commands' time is saved."""
    engines = open_engines(url)
    try:
        migrate(engines)
        with Store(engines).writing() as uow:
            now = datetime.now(UTC)
            return (
                add_client(uow, "shop", scope="intake", drill=False, by=IT, now=now).key,
                add_client(uow, "ops", scope="ops", drill=False, by=IT, now=now).key,
            )
    finally:
        engines.dispose()
