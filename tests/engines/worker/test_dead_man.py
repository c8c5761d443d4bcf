"""A switch elsewhere hears of work that is done and committed, and costs the work nothing; on both engines."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Lifeboat
from app.bootstrap.checkup import QUICK, findings
from app.domain.dependency import Probed
from app.store.tables import RuleChange
from app.watch.rule import Rule
from app.worker import main, patrol
from app.worker.dead_man import DeadMan
from app.worker.main import Worker
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours, minutes


class Switch:
    """A switch that answers as it is told, and knows what it heard."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.heard = 0

    async def __call__(self) -> str:
        self.heard += 1
        return self.answers.pop(0) if self.answers else ""


class Seconds:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def dead_man(deployment: Deployment, switch: Switch, clock: Seconds) -> DeadMan:
    return DeadMan("patrol", switch, every=minutes(5), store=deployment.store, clock=deployment.clock, monotonic=clock)


async def test_it_is_told_every_five_minutes_of_work_that_goes_on(deployment: Deployment):
    switch, clock = Switch(), Seconds()
    told = dead_man(deployment, switch, clock)
    assert await told.run_once() == 0
    heard = []
    for _ in range(31):
        told.work_is_done()
        await told.run_once()
        heard.append(switch.heard)
        clock.at += 20
    assert (heard[0], heard[14], heard[15], heard[30]) == (1, 1, 2, 3)


async def test_work_that_is_not_done_tells_nobody(deployment: Deployment):
    switch, clock = Switch(), Seconds()
    told = dead_man(deployment, switch, clock)
    told.work_is_done()
    await told.run_once()
    clock.at += 3600
    assert await told.run_once() == 0
    told.work_is_done()
    clock.at += 121  # the lease was lost, or the loop hung: that was long ago
    assert await told.run_once() == 0
    assert switch.heard == 1


async def test_a_switch_that_is_not_told_is_shown_and_tried_again_after_a_minute(deployment: Deployment):
    switch, clock = Switch(), Seconds()
    switch.answers = ["timeout", "http_503"]
    told = dead_man(deployment, switch, clock)
    reasons = []
    for _ in range(3):
        told.work_is_done()
        await told.run_once()
        with deployment.store.reading() as uow:
            row = uow.dependencies.pings()["patrol"]
        reasons.append((row.reason, row.ok_at is None))
        clock.at += 60
    assert reasons == [("timeout", True), ("http_503", True), ("", False)]


async def test_the_half_hour_is_told_on_time_although_the_net_under_it_told_lately(deployment: Deployment):
    switch, clock = Switch(), Seconds()
    told = dead_man(deployment, switch, clock)
    told.work_is_done()
    await told.run_once()
    clock.at += 30
    told.work_is_done(on_time=True)
    assert await told.run_once() == 1


# ---- in a worker


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []

    async def ping(url: str, **_: Any) -> str:
        heard.append(url.rpartition("/")[2])
        return ""

    monkeypatch.setattr(main, "ping", ping)
    return heard


def a_boat(open_boat: Callable[..., Lifeboat], **chosen: object) -> Lifeboat:
    boat = open_boat(
        watch_hosts=("hc.test",), ping_url="https://hc.test/patrol", ping_batch_url="https://hc.test/batch", **chosen
    )
    boat.prepare_store()
    return boat


async def test_a_round_of_the_patrol_and_a_look_for_a_batch_are_each_told_once(
    open_boat: Callable[..., Lifeboat], pings: list[str]
):
    worker = Worker(a_boat(open_boat))
    steps = worker.steps()
    await steps.tell_dead_men()
    assert pings == []
    await steps.watch()
    await steps.tell_dead_men()
    assert pings == ["patrol"]
    await steps.batch_on_time()
    await steps.tell_dead_men()
    assert pings == ["patrol", "batch"]
    await steps.batch_on_time()
    await steps.watch()
    await steps.tell_dead_men()
    assert pings == ["patrol", "batch", "batch"]
    await worker.aclose()


async def test_a_round_in_which_a_rule_could_not_look_is_told_to_nobody(
    open_boat: Callable[..., Lifeboat], pings: list[str], monkeypatch: pytest.MonkeyPatch
):
    def breaks(_: object) -> Any:
        raise OSError

    monkeypatch.setattr(patrol, "RULES", (Rule(name="broken", level="red", find=breaks),))
    worker = Worker(a_boat(open_boat))
    await worker.steps().watch()
    await worker.steps().tell_dead_men()
    assert pings == []
    await worker.aclose()


async def test_a_round_whose_commit_fails_is_told_to_nobody(
    open_boat: Callable[..., Lifeboat], pings: list[str], monkeypatch: pytest.MonkeyPatch
):
    """The switch must not hear that all is well while no alert can be kept."""

    def refuses(*_: object, **__: object) -> int:
        raise OSError

    monkeypatch.setattr(patrol, "keep_alerts", refuses)
    worker = Worker(a_boat(open_boat))
    steps = worker.steps()
    with pytest.raises(OSError):  # noqa: PT011 - whatever it says
        await steps.watch()
    await steps.tell_dead_men()
    assert pings == []
    await worker.aclose()


async def test_a_switch_that_hangs_delays_no_work(open_boat: Callable[..., Lifeboat], monkeypatch: pytest.MonkeyPatch):
    hangs, called = asyncio.Event(), asyncio.Event()

    async def ping(_: str, **__: object) -> str:
        called.set()
        await hangs.wait()
        return ""

    monkeypatch.setattr(main, "ping", ping)
    boat = a_boat(open_boat)
    worker = Worker(boat)
    steps = worker.steps()
    async with asyncio.timeout(20):
        await steps.watch()
        telling = asyncio.create_task(steps.tell_dead_men())
        await called.wait()
        await steps.watch()
        assert await steps.batch() == await steps.batch_on_time() == await steps.compose() == 0
        hangs.set()
        await telling
    await worker.aclose()


async def test_without_a_switch_the_check_up_is_amber_and_with_one_it_says_how_it_went(
    open_boat: Callable[..., Lifeboat], pings: list[str]
):
    def said(boat: Lifeboat) -> list[tuple[str, str]]:
        return [(one.status, one.detail) for one in findings(boat, QUICK) if one.name == "dead_man"]

    bare = open_boat()
    bare.prepare_store()
    assert [(status, "没有配置外部看门狗" in detail) for status, detail in said(bare)] == [("warn", True)]
    boat = a_boat(open_boat)
    assert [status for status, _ in said(boat)] == ["warn", "warn"]
    worker = Worker(boat)
    await worker.steps().watch()
    await worker.steps().tell_dead_men()
    with boat.store.writing() as uow:
        uow.dependencies.note_ping("batch", at=TEN, reason="http_404")
    assert [status for status, _ in said(boat)] == ["ok", "warn"]
    assert "http_404" in said(boat)[1][1]
    boat.clock.at += minutes(11)  # type: ignore[attr-defined]
    assert [status for status, _ in said(boat)] == ["warn", "warn"]
    await worker.aclose()
    assert pings == ["patrol"]


async def test_dependencies_are_probed_and_old_windows_and_changes_forgotten(
    open_boat: Callable[..., Lifeboat], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    async def probe_all(dependencies: Any, *, hosts: Any) -> list[Probed]:
        assert hosts == ("db.test",)
        return [Probed(one.name, 12) for one in dependencies]

    monkeypatch.setattr(main, "probe_all", probe_all)
    boat = open_boat(watch_hosts=("db.test",), dependencies=("db=tcp://db.test:5432",))
    boat.prepare_store()
    worker = Worker(boat)
    assert await worker.steps().probe() == 0
    old = {"who": "a", "what": "b", "told_at": TEN, "told_by": "c", "source": "s"}
    with boat.store.writing() as uow:
        uow.rule_changes.add([RuleChange(change_id="1", at=TEN - hours(24 * 401), **old)])
        uow.rule_changes.add([RuleChange(change_id="2", at=TEN, **old)])
        assert [one.probes for one in uow.dependencies.windows(TEN - hours(1), TEN)] == [1]
    boat.clock.at += hours(24 * 9)  # type: ignore[attr-defined]
    await worker.steps().forget_runs()
    with boat.store.reading() as uow:
        assert uow.dependencies.windows(TEN - hours(1), TEN) == []
        assert [one.change_id for one in uow.rule_changes.newest(limit=9)] == ["2"]
    await worker.aclose()
