"""How the main system stands is shown to machines too, makes no door unready, and a proxy that hands over is noted."""

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.main_health import Answers, MainState
from app.domain.passed_on import HEARD
from app.reconcile.switches import switch_on
from tests.deployment.facts import OPS, TEN
from tests.deployment.web import Web
from tests.integration.fast_path_rig import body_bytes, serving

PROBED = {"watch_hosts": "main.example", "main_health_url": "http://main.example/health"}


def stands(web: Web, state: MainState) -> None:
    with web.boat.store.writing() as uow:
        row = uow.main_probe.locked()
        row.state, row.answers, row.since, row.looked_at = state, Answers.ILL, TEN, TEN
        row.health_reason = "http_503"
    web.app.runtime._look_out()  # noqa: SLF001 - as its loop does


@pytest.mark.parametrize(
    ("state", "check"), [(MainState.DOWN, "warn"), (MainState.UNKNOWN, "warn"), (MainState.UP, "pass")]
)
async def test_readyz_tells_and_stays_ready(open_web: Callable[..., Any], state: MainState, check: str):
    async with open_web(**PROBED) as web:
        stands(web, state)
        answer = await web.get("/readyz?verbose")
        document = answer.json()
        assert (answer.status_code, document["degraded"]) == (200, ["worker_silent"])  # there is none here
        told = document["checks"]["main_system"]
        assert (told["status"], "http_503" in told["detail"]) == (check, True)


async def test_metrics_tell_its_state_and_how_many_are_switched(open_web: Callable[..., Any]):
    async with open_web(**PROBED) as web:
        stands(web, MainState.DOWN)
        with web.boat.store.writing() as uow:
            switch_on(uow, "tmall", reason="x", until=None, by=OPS, now=TEN)
        page = (await web.get("/metrics")).text
        assert 'lifeboat_main_system{state="down"} 1.0' in page
        assert 'lifeboat_main_system{state="up"} 0.0' in page
        assert "lifeboat_switched 1.0" in page


async def test_without_a_probe_nothing_is_told_of_it(web: Web):
    assert "main_system" not in (await web.get("/readyz?verbose")).json()["checks"]
    page = (await web.get("/metrics")).text
    assert "lifeboat_main_system{" not in page


async def test_that_a_proxy_hands_over_is_noted_once_it_does(open_web: Callable[..., Any]):
    async with open_web(trusted_proxies=("127.0.0.1",)) as web, serving(web) as served:
        await served.ask(served.request(body_bytes()))
        web.app.runtime._look_out()  # noqa: SLF001 - as its loop does
        with web.boat.store.reading() as uow:
            assert uow.jobs.heartbeat(HEARD) is None
        await served.ask(served.request(body_bytes(client_order_id="O"), "X-Lifeboat-Sent: 0"))
        web.app.runtime._look_out()  # noqa: SLF001 - as its loop does
        with web.boat.store.reading() as uow:
            assert uow.jobs.heartbeat(HEARD) is not None
