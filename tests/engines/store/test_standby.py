"""P5: with a synchronous standby nothing is called safe that one host alone has, whoever finds it there and how."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from app.access.clients import add_client
from app.store.commit.order_writer import NewOrder, OrderWriter
from app.store.database.engine import Engines, open_engines
from app.store.database.migrate import migrate
from app.store.unit_of_work import Store
from tests.deployment.facts import IT, TEN, ZONE
from tests.deployment.orders import new_order
from tests.harness.away import NoPostgres
from tests.harness.cluster import Pair, pair
from tests.harness.waiting import until


@pytest.fixture
def servers() -> Iterator[Pair]:
    """A primary with its synchronous standby."""
    try:
        with pair() as two:
            yield two
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture
def on_primary(servers: Pair) -> Iterator[Engines]:
    """The primary's database, migrated."""
    engines = open_engines(servers.primary.sqlalchemy_url)
    migrate(engines)
    yield engines
    engines.dispose()


def test_a_replay_waits_for_the_standby_as_the_order_did(servers: Pair, on_primary: Engines):
    """The standby is away and the primary crashes while an order's commit waits: then its row is on one host alone."""
    with Store(on_primary).writing() as uow:
        client = add_client(uow, "shop", scope="intake", drill=False, by=IT, now=TEN)
    order = new_order("A")._replace(client_id=client.client_id)
    writer = OrderWriter(on_primary, zone=ZONE)
    writer.write([new_order("B")._replace(client_id=client.client_id)], [TEN])  # opens the incident
    servers.standby.kill()
    first = _write(writer, [order])
    until(servers.commits_waiting, within=20, why="the first commit does not wait")
    servers.primary.kill()
    first.join(20)
    servers.primary.start()
    assert servers.primary.ask("SELECT count(*) FROM orders") == 2
    # After a crash the first number of a sequence is written ahead, which alone would make the next commit wait.
    servers.primary.ask("SELECT nextval(pg_get_serial_sequence('orders', 'id'))")
    again = _write(writer, [order])
    until(lambda: servers.commits_waiting() or not again.is_alive(), within=20, why="the replay does not commit")
    assert again.is_alive(), "a replay was called safe, and the standby does not have the order"
    servers.primary.kill()
    again.join(20)


def _write(writer: OrderWriter, orders: Sequence[NewOrder]) -> threading.Thread:
    """Write in a thread, which ends when the write is answered or its connection is lost."""

    def write() -> None:
        try:
            writer.write(orders, [TEN] * len(orders))
        except Exception:  # noqa: BLE001 - the server is killed under it
            return

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread
