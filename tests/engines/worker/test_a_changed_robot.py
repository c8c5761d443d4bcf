"""A worker follows what is set without a shell: robots, addresses, layout; what waited is lost nowhere."""

import pytest

from app.bootstrap import Lifeboat, policy_of
from app.bootstrap.kept import LOOK_EVERY, KeptSettings
from app.bootstrap.set_now import change, forget
from app.notify.compose import Composer
from app.store.unit_of_work import Store
from app.telemetry.metrics import Metrics
from app.worker.main import Worker
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, TEN, minutes
from tests.deployment.orders import new_orders
from tests.deployment.rows import Rows
from tests.engines.access.test_kept_settings import Ticks
from tests.fakes.serving import serve
from tests.fakes.wecom import WecomFake

OURS = {"outbound_hosts": "qyapi.weixin.qq.com,127.0.0.1"}


class Elsewhere:
    """A worker in one process, and a console in another."""

    def __init__(self, deployment: Deployment) -> None:
        allowed = Deployment(deployment.folder, engines=deployment.engines, clock=deployment.clock, **OURS)
        self.ticks = Ticks()
        self.console, self.boat = (
            Lifeboat(allowed.settings, deployment.clock, deployment.engines, Store(deployment.engines), KEYS, Metrics())
            for _ in range(2)
        )
        kept = KeptSettings(self.boat.store, KEYS.seal, allowed.settings, monotonic=self.ticks)
        object.__setattr__(self.boat, "kept", kept)
        self.worker = Worker(self.boat)
        self.steps = self.worker.steps()

    def set(self, name: str, value: str) -> None:
        change(self.console, name, value, by=IT)
        self.ticks.at += LOOK_EVERY

    def accept(self, first: int, count: int) -> None:
        self.boat.writer().write(new_orders(first + count)[first:], [TEN] * count)


@pytest.fixture
def elsewhere(deployment: Deployment) -> Elsewhere:
    return Elsewhere(deployment)


async def test_a_new_robot_is_sent_to_without_a_restart_and_gets_what_waits_for_one_that_is_gone(
    elsewhere: Elsewhere, deployment: Deployment
):
    fake = WecomFake()
    with serve(fake.app()) as base:
        old, new = (f"{base}/cgi-bin/webhook/send?key={key}" for key in ("old", "new"))
        elsewhere.set("wecom_robots", old)
        elsewhere.accept(0, 2)
        await elsewhere.steps.compose()
        assert await elsewhere.steps.groups() == 2
        assert set(fake.calls) == {"old"}
        elsewhere.accept(2, 2)
        await elsewhere.steps.compose()  # for the old one
        elsewhere.set("wecom_robots", new)
        assert await elsewhere.steps.groups() == 0
        await elsewhere.steps.sweep()
        assert await elsewhere.steps.groups() == 2
        assert len(fake.calls["old"]) == 2
        assert len(fake.calls["new"]) == 2
        await elsewhere.worker.aclose()
    states = [message.state for message in deployment.rows.messages(kind="order_wecom")]
    assert states == ["sent"] * 4


async def test_after_the_last_robot_is_taken_out_messages_are_recorded_as_simulated_and_not_lost(
    elsewhere: Elsewhere, deployment: Deployment
):
    fake = WecomFake()
    with serve(fake.app()) as base:
        elsewhere.set("wecom_robots", f"{base}/cgi-bin/webhook/send?key=old")
        elsewhere.accept(0, 1)
        await elsewhere.steps.compose()
        forget(elsewhere.console, "wecom_robots", by=IT)
        elsewhere.ticks.at += LOOK_EVERY
        await elsewhere.steps.sweep()
        assert await elsewhere.steps.groups() == 1
        await elsewhere.worker.aclose()
    assert [message.state for message in deployment.rows.messages(kind="order_wecom")] == ["simulated"]
    assert not fake.calls


async def test_the_next_batch_has_the_layout_that_was_chosen_meanwhile(elsewhere: Elsewhere, deployment: Deployment):
    elsewhere.set("batch_columns", "jushuitan")
    elsewhere.accept(0, 1)
    deployment.clock.at += minutes(31)
    await elsewhere.steps.batch()
    with deployment.store.reading() as uow:
        (batch,) = uow.batches.page(limit=5)
    assert batch.columns == "jushuitan"
    await elsewhere.worker.aclose()


async def test_a_leader_that_has_not_looked_yet_leaves_a_new_robots_messages_alone(elsewhere: Elsewhere):
    """Another process has composed for a robot just added: they are that group's, and no other group reads them."""
    old, new = (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={key * 20}" for key in "ab")
    elsewhere.set("wecom_robots", old)
    assert elsewhere.boat.live.wecom_robots  # it has looked
    change(elsewhere.console, "wecom_robots", f"{old},{new}", by=IT)  # and not since
    elsewhere.accept(0, 1)
    composed = Composer(elsewhere.boat.store, KEYS, policy_of(elsewhere.console.live), elsewhere.boat.clock)
    composed.run_once()
    before = _targets(elsewhere)
    await elsewhere.steps.sweep()
    assert _targets(elsewhere) == before
    assert len(set(before)) == 2


def _targets(elsewhere: Elsewhere) -> list[str]:
    return sorted(one.target or "" for one in Rows(elsewhere.boat.store).messages() if one.channel == "wecom")
