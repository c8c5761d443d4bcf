"""A worker asks a main system that is really there, and keeps the switch files of its machine as the rows say."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.bootstrap.check_failover import check_failover
from app.domain.main_health import MainState
from app.domain.passed_on import HEARD
from app.reconcile.switches import switch_off, switch_on
from app.store.database.engine import StoreAway
from app.store.main_standing import main_standing
from app.store.unit_of_work import Store
from app.worker.failover import Failover
from tests.deployment import Deployment
from tests.deployment.facts import OPS, TEN, ZONE, hours, seconds
from tests.fakes.serving import serve

Make = Callable[..., Deployment]


class Main:
    """A main system whose addresses answer as they are told."""

    def __init__(self) -> None:
        self.health = self.lookup = 200
        self.url = ""

    async def answer(self, request: Request) -> Response:
        status = self.health if request.url.path == "/health" else self.lookup
        return Response(status_code=status, headers={"location": "/login"} if status == 302 else {})


@pytest.fixture
def main() -> Iterator[Main]:
    made = Main()
    with serve(Starlette(routes=[Route("/{path:path}", made.answer)])) as made.url:
        yield made


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a deployment with these settings."""
    opened: list[Deployment] = []

    def deployment(**chosen: object) -> Deployment:
        opened.append(Deployment(tmp_path, **chosen))
        return opened[-1]

    yield deployment
    for one in opened:
        one.close()


def state(deployment: Deployment) -> MainState | None:
    with deployment.store.reading() as uow:
        standing = main_standing(uow, asked=True, zone=ZONE, now=deployment.clock.now())
        return standing.state if standing else None


async def looked(deployment: Deployment, *, times: int = 5) -> MainState | None:
    worker = Failover(deployment.boat)
    for _ in range(times):
        deployment.clock.at += seconds(5)
        await worker.ask_main()
    return state(deployment)


async def test_the_main_system_is_asked_for_its_health_and_an_order(make: Make, main: Main):
    boat = make(watch_hosts="127.0.0.1", main_health_url=f"{main.url}/health", main_lookup_url=f"{main.url}/orders/1")
    assert await looked(boat) is MainState.UP
    main.lookup = 503
    assert await looked(boat) is MainState.UNKNOWN
    main.health = 500
    assert await looked(boat) is MainState.DOWN
    main.health = main.lookup = 200
    assert await looked(boat) is MainState.UP
    main.health = 302  # to a login: it has not said that it is well
    assert await looked(boat) is MainState.DOWN
    assert len(boat.rows.messages(kind="alert_wecom")) == 4


async def test_without_an_address_nobody_is_asked_and_nothing_is_told(make: Make):
    boat = make()
    assert await looked(boat) is MainState.UNKNOWN
    assert boat.rows.messages() == []


def switch(deployment: Deployment, channel: str, *, until: datetime | None = None, turn: str = "on") -> None:
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        if turn == "on":
            switch_on(uow, channel, reason="演练", until=until, by=OPS, now=now)
        else:
            switch_off(uow, channel, reason="好了", by=OPS, now=now)


async def test_files_follow_the_rows_and_are_mended_where_they_drift(make: Make, tmp_path: Path):
    boat, folder = make(switch_dir=tmp_path / "switch"), tmp_path / "switch"
    worker = Failover(boat.boat)
    switch(boat, "tmall")
    switch(boat, "jd", until=TEN + hours(1))
    await worker.keep_switches()
    assert sorted(path.name for path in folder.iterdir()) == ["jd.on", "tmall.on"]
    (folder / "tmall.on").unlink()
    (folder / "pdd.on").touch()
    await worker.keep_switches()
    assert sorted(path.name for path in folder.iterdir()) == ["jd.on", "tmall.on"]
    switch(boat, "tmall", turn="off")
    boat.clock.at = TEN + hours(1)
    await worker.keep_switches()
    assert list(folder.iterdir()) == []
    assert len(boat.rows.messages(kind="alert_wecom")) == 4  # two began, two ended


async def test_whose_time_is_over_goes_home_although_the_store_is_away(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    boat, folder = make(switch_dir=tmp_path / "switch"), tmp_path / "switch"
    worker = Failover(boat.boat)
    switch(boat, "jd", until=TEN + hours(1))
    switch(boat, "tmall")
    await worker.keep_switches()

    def away(_: Store) -> None:
        raise StoreAway("SELECT", {}, OSError())

    monkeypatch.setattr(Store, "reading", away)
    boat.clock.at = TEN + hours(1)
    with pytest.raises(StoreAway):
        await worker.keep_switches()
    assert [path.name for path in folder.iterdir()] == ["tmall.on"]


async def test_a_folder_that_cannot_be_written_keeps_nobody_from_hearing_of_the_switch(make: Make, tmp_path: Path):
    boat, folder = make(switch_dir=tmp_path / "switch"), tmp_path / "switch"
    (folder / "tmall.on").mkdir(parents=True)
    switch(boat, "tmall")
    with pytest.raises(OSError, match="tmall"):
        await Failover(boat.boat).keep_switches()
    assert len(boat.rows.messages(kind="alert_wecom")) == 1


def found(deployment: Deployment) -> dict[str, tuple[str, str]]:
    return {one.name: (one.status, one.detail) for one in check_failover(deployment.boat)}


async def test_the_check_up_says_what_would_keep_orders_from_coming_or_going_home(
    make: Make, main: Main, tmp_path: Path
):
    boat = make(
        watch_hosts="127.0.0.1",
        main_health_url=f"{main.url}/health",
        trusted_proxies="10.0.0.1",
        switch_dir=tmp_path / "switch",
    )
    switch(boat, "tmall")
    at_first = found(boat)
    assert {name: status for name, (status, _) in at_first.items()} == dict.fromkeys(
        ("main_probe", "main_lookup", "proxy", "switch"), "warn"
    )
    assert "tmall" in at_first["switch"][1]
    await looked(boat)
    await Failover(boat.boat).keep_switches()
    with boat.store.writing() as uow:
        uow.jobs.beat(HEARD, now=TEN, holder="w")
    now = found(boat)
    assert now["main_probe"][0] == now["switch"][0] == "ok"
    assert "proxy" not in now


def test_the_check_up_of_a_deployment_without_any_of_it(make: Make, tmp_path: Path):
    boat = make()
    assert [one.status for one in check_failover(boat.boat)] == ["ok"]
    switch(boat, "tmall")
    assert "lifeboat switch list --map" in found(boat)["switch"][1]
