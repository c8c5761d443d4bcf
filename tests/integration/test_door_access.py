"""Keys known by heart: the door opens also while the database is away, and a dead loop is no way to go."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from app.access.clients import add_client
from app.bootstrap import Lifeboat
from app.domain.problems import Unauthenticated
from app.store.unit_of_work import Store
from app.web import runtime as runtimes
from app.web.auth import Access
from app.web.runtime import Runtime
from tests.deployment.facts import IT, TEN
from tests.deployment.orders import new_order, order_body
from tests.deployment.web import Web


class _Away:
    def reading(self) -> Any:
        raise OSError("away")


@pytest.fixture
def key(boat: Lifeboat) -> str:
    with boat.store.writing() as uow:
        return add_client(uow, "tmall", scope="intake", drill=True, by=IT, now=TEN).key


async def test_keys_are_known_after_a_start_without_the_database(boat: Lifeboat, key: str, tmp_path: Path):
    """P6: the copy beside the spool is enough to let the storefronts in."""
    snapshot = tmp_path / "spool" / "clients.json"
    first = Access(boat.store, snapshot)
    await first.refresh()
    later = Access(_Away(), snapshot)  # type: ignore[arg-type]
    await later.refresh()
    caller = later.find(key)
    assert caller is not None
    assert (caller.name, caller.scope, caller.drill) == ("tmall", "intake", True)
    assert later.by_name("tmall") == later.by_name(caller.client_id) == caller
    assert later.by_name("nobody") is None


async def test_the_copy_holds_hashes_only_and_is_private(boat: Lifeboat, key: str, tmp_path: Path):
    snapshot = tmp_path / "spool" / "clients.json"
    await Access(boat.store, snapshot).refresh()
    assert key.split("_", 2)[2] not in snapshot.read_text(encoding="utf-8")
    assert snapshot.stat().st_mode & 0o777 == 0o600
    assert list(snapshot.parent.iterdir()) == [snapshot]


@pytest.mark.parametrize("content", [None, "{", "[[1]]", "{}"])
async def test_without_a_usable_copy_nobody_is_let_in(tmp_path: Path, content: str | None):
    snapshot = tmp_path / "clients.json"
    if content is not None:
        snapshot.write_text(content, encoding="utf-8")
    access = Access(_Away(), snapshot)  # type: ignore[arg-type]
    await access.refresh()
    with pytest.raises(Unauthenticated):
        await access.caller("lbk_abcdefgh_" + "x" * 43)


async def test_keys_known_by_heart_stay_good_when_the_database_goes_away(boat: Lifeboat, key: str, tmp_path: Path):
    access = Access(boat.store, tmp_path / "clients.json")
    await access.refresh()
    access._store = _Away()  # type: ignore[assignment]  # noqa: SLF001 - the database goes away
    await access.refresh()
    assert access.find(key) is not None


async def test_a_full_disk_does_not_keep_a_revoked_key_alive(boat: Lifeboat, key: str, tmp_path: Path):
    blocked = tmp_path / "a file"
    blocked.write_text("", encoding="utf-8")
    access = Access(boat.store, blocked / "clients.json")  # no folder can be made there
    await access.refresh()
    assert access.find(key) is not None
    with boat.store.writing() as uow:
        uow.access.revoke(key.split("_")[1], now=TEN)
    await access.refresh()
    assert access.find(key) is None


async def test_many_strangers_at_once_cost_one_look_up(boat: Lifeboat, tmp_path: Path):
    """Guessing keys must not become load on the database."""
    looks: list[int] = []

    class Counting(Store):
        def reading(self) -> Any:
            looks.append(1)
            return super().reading()

    access = Access(Counting(boat.engines), tmp_path / "clients.json")
    guesses = [access.caller(f"lbk_abcdefgh_{n:043d}") for n in range(50)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert all(isinstance(answer, Unauthenticated) for answer in answers)
    assert len(looks) == 1


class Lingering(Access):
    """Answers a look-up with what it saw a good while ago; ``looked`` hears of each."""

    def __init__(self, boat: Lifeboat, snapshot: Path) -> None:
        super().__init__(boat.store, snapshot)
        self.looked, self._loop = asyncio.Event(), asyncio.get_running_loop()

    def _load(self) -> Any:
        known = super()._load()
        self._loop.call_soon_threadsafe(self.looked.set)
        time.sleep(0.2)
        return known


async def test_who_waits_for_the_next_look_up_waits_for_its_answer_too(boat: Lifeboat, key: str, tmp_path: Path):
    """The first orders under a new key come all at once; a look-up that another began is no answer yet."""
    access = Lingering(boat, tmp_path / "clients.json")
    access._looked_at = time.monotonic()  # noqa: SLF001 - somebody has looked a moment ago
    access.look_again_after = 0.1
    waiting = asyncio.create_task(access.caller(key))
    await asyncio.sleep(0)
    access.look_again_after = 0.0
    at_once = asyncio.create_task(access.caller(key))
    await access.looked.wait()
    assert [caller.name for caller in await asyncio.gather(waiting, at_once)] == ["tmall", "tmall"]


async def test_a_key_made_while_a_look_up_is_on_its_way_is_looked_up_again(boat: Lifeboat, tmp_path: Path):
    access = Lingering(boat, tmp_path / "clients.json")
    looking = asyncio.create_task(access.refresh())
    await access.looked.wait()
    with boat.store.writing() as uow:
        late = add_client(uow, "tmall", scope="intake", drill=True, by=IT, now=TEN).key
    assert not looking.done()
    assert (await access.caller(late)).name == "tmall"


async def test_the_drain_goes_on_after_an_error_nobody_foresaw(web: Web):
    """P6: a locked spool file at one look must not end all looks."""
    web.app.runtime.drain_every = 0.001
    runtime, looks = web.app.runtime, asyncio.Event()
    calls: list[int] = []

    class Stumbling(Runtime):
        async def drain(self) -> Any:
            calls.append(1)
            if len(calls) == 3:
                looks.set()
            raise OSError("database is locked")

    runtime.__class__ = Stumbling
    await asyncio.wait_for(looks.wait(), 10)


async def test_what_the_spool_holds_is_brought_home_by_itself(web: Web):
    """P6: without a person."""
    web.app.runtime.drain_every = 0.001
    spool = runtimes.Spool(web.app.runtime.spool_dir / "spool-9.db", max_bytes=1 << 20)  # of a process that died
    spool.write([new_order("A")], [TEN])
    spool.close()
    while not web.boat.metrics.registry.get_sample_value("lifeboat_orders_drained_total"):  # noqa: ASYNC110 - a figure has no event
        await asyncio.sleep(0.005)
    with web.boat.store.reading() as uow:
        assert uow.orders.numbered(new_order("A").number) is not None


async def test_a_start_without_the_database_takes_orders_and_prepares_it_later(
    open_web: Any, boat: Lifeboat, key: str, monkeypatch: pytest.MonkeyPatch
):
    """P6, P13"""
    await Access(boat.store, boat.settings.data_dir / "spool" / "clients.json").refresh()
    nowhere = "postgresql+psycopg://u@/x?host=/nowhere"
    async with open_web(database_url=nowhere) as web:
        answer = await web.order(key, order_body("A"))
        assert answer.status_code == 201
        ready = await web.get("/readyz")
        assert (ready.status_code, ready.json()["degraded"][0]) == (200, "store_away")
    assert json.loads(answer.content)["order_number"]
    assert len(runtimes.Spool.peek(boat.settings.data_dir / "spool" / "spool-0.db")) == 1
