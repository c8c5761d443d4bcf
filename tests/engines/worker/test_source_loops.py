"""Each source has a loop of its own in the worker: the leader reads, one that fails holds up none, stopping is prompt."""

import asyncio
from pathlib import Path

import pytest

from app.bootstrap import Lifeboat
from app.bootstrap.sources import OpenSources
from app.watch.sources.document import Source
from app.watch.sources.poll import Polled
from app.watch.sources.trouble import SourceTrouble
from app.worker.leader import Leadership
from app.worker.sources import source_loops, source_step
from tests.deployment import Deployment
from tests.deployment.facts import minutes
from tests.deployment.sources import JUSHUITAN, WANGDIANTONG
from tests.fakes.clock import until


@pytest.fixture
def two(on_sqlite: Deployment, tmp_path: Path) -> Lifeboat:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "wdt.toml").write_text(WANGDIANTONG, encoding="utf-8")
    (folder / "jst.toml").write_text(JUSHUITAN, encoding="utf-8")
    (folder / "odd.toml").write_text("name = 5\n", encoding="utf-8")
    return on_sqlite.opened(watch_sources_dir=folder)


class Counted(OpenSources):
    """Reads nothing: what happens to each source is told beforehand."""

    def __init__(self, boat: Lifeboat) -> None:
        super().__init__(boat)
        self.rounds: dict[str, int] = {}
        self.behaves: dict[str, Polled | Exception | None] = {}

    async def poll(self, source: Source) -> Polled:
        self.rounds[source.name] = self.rounds.get(source.name, 0) + 1
        found = self.behaves.get(source.name, Polled())
        if isinstance(found, Exception):
            raise found
        if found is None:
            await asyncio.Event().wait()
        return found or Polled()


async def test_only_the_leader_reads_and_one_that_fails_holds_up_no_other(two: Lifeboat):
    two.prepare_store()
    opened, stop = Counted(two), asyncio.Event()
    assert [one.file for one in opened.sources.wrong] == ["odd.toml"]
    opened.behaves = {"wdt": ValueError("odd answer"), "jst": Polled(catching_up=True)}
    leadership = Leadership(two.store, two.clock, holder="here")
    tasks = [asyncio.ensure_future(one) for one in source_loops(opened, leadership, stop)]
    await asyncio.sleep(0)
    assert opened.rounds == {}
    stop.set()
    await asyncio.gather(*tasks)
    leadership.is_mine, stop = True, asyncio.Event()
    tasks = [asyncio.ensure_future(one) for one in source_loops(opened, leadership, stop)]
    await until(lambda: opened.rounds.get("jst", 0) >= 5)
    stop.set()
    await asyncio.gather(*tasks)
    assert opened.rounds["wdt"] == 1
    await opened.aclose()


async def test_a_round_under_way_ends_when_the_worker_stops(two: Lifeboat):
    opened, stop = Counted(two), asyncio.Event()
    opened.behaves = {"wdt": None}
    step = asyncio.ensure_future(source_step(opened, opened.sources.known[1], stop)())
    await until(lambda: "wdt" in opened.rounds)
    stop.set()
    assert await step == 0
    await opened.aclose()


async def test_an_account_that_is_held_is_left_out_of_a_round(two: Lifeboat):
    opened, stop = Counted(two), asyncio.Event()
    source = opened.sources.known[0]
    opened.caller(source).pace.hold(minutes(5))
    assert await source_step(opened, source, stop)() == 0
    assert opened.rounds == {}
    await opened.aclose()


@pytest.mark.parametrize(
    ("polled", "more"),
    [(Polled(catching_up=True), 1), (Polled(events=5), 0), (Polled(trouble=SourceTrouble("key")), 0)],
)
async def test_what_waits_is_read_at_once_and_trouble_rests(two: Lifeboat, polled: Polled, more: int):
    opened = Counted(two)
    source = opened.sources.known[0]
    opened.behaves = {source.name: polled}
    assert await source_step(opened, source, asyncio.Event())() == more
    await opened.aclose()
