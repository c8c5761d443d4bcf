"""Open pages stay fresh: what a stream says, what a region answers, and how long a session lasts while nobody clicks."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from uvicorn.lifespan.off import LifespanOff

from app.access import accounts
from app.store.repositories.glance import Glance
from app.web.console import lookout as lookout_module
from app.web.console.lookout import Lookout
from app.web.console.session import IDLE
from app.web.server import Server
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import IT

REGION = {"x_region": "home"}


def _everybody(_glance: Glance) -> bool:
    return True


def _said(event: bytes) -> tuple[str, Any]:
    name, data = re.fullmatch(r"event: (\w+)\ndata: (.*)\n\n", event.decode()).groups()  # type: ignore[union-attr]
    return name, json.loads(data)


async def _next(stream: AsyncIterator[bytes]) -> tuple[str, Any]:
    return _said(await asyncio.wait_for(anext(stream), 10))


@pytest.fixture
def lookout(at_noon: Deployment) -> Lookout:
    """One that looks when it is told to, and otherwise hardly ever."""
    made = at_noon.web.parts.lookout
    made.look_every = 3600.0
    return made


async def _opened(lookout: Lookout, entitled: Any = _everybody) -> AsyncIterator[bytes]:
    stream = lookout.listen(entitled)
    assert (await _next(stream))[0] == "still"
    await lookout.look()
    return stream


async def test_a_stream_names_the_regions_that_changed_and_nothing_else(at_noon: Deployment, lookout: Lookout):
    first, second = await _opened(lookout), await _opened(lookout)
    number = at_noon.door.post(key="1", phone="13900139000")
    await lookout.look()
    for stream in (first, second):
        name, data = await _next(stream)
        assert name == "changed"
        assert {"home", "strip", "orders", "wall"} <= set(data)
        assert all(word.isalpha() for word in data)
        assert number not in str(data)
        await stream.aclose()  # type: ignore[attr-defined]


async def test_who_asks_because_of_a_change_is_not_answered_from_memory(
    at_noon: Deployment, lookout: Lookout, mei: Browser
):
    """The figures are remembered for a second, and the change has come within it."""
    assert "待命" in await mei.reads("/figures")
    stream = await _opened(lookout)
    at_noon.door.post(key="1")
    await lookout.look()
    assert (await _next(stream))[0] == "changed"
    assert 'id="accepted">1<' in await mei.reads("/figures")
    await stream.aclose()  # type: ignore[attr-defined]


async def test_what_changes_between_two_looks_is_said_once(at_noon: Deployment, lookout: Lookout):
    stream = await _opened(lookout)
    for n in range(3):
        at_noon.door.post(key=str(n))
        await lookout.look()
    assert (await _next(stream))[0] == "changed"
    lookout.still_every = 0.01
    assert (await _next(stream))[0] == "still"
    await stream.aclose()  # type: ignore[attr-defined]


async def test_however_many_look_the_store_is_asked_once(
    at_noon: Deployment, lookout: Lookout, monkeypatch: pytest.MonkeyPatch
):
    streams = [await _opened(lookout) for _ in range(20)]
    asked = 0
    reading = at_noon.boat.store.reading

    def counted() -> Any:
        nonlocal asked
        asked += 1
        return reading()

    monkeypatch.setattr(at_noon.boat.store, "reading", counted)
    await lookout.look()
    assert asked == 1
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]
    assert lookout._looking is None  # noqa: SLF001 - without a browser nobody looks


async def test_a_store_that_is_away_changes_every_page(
    at_noon: Deployment, lookout: Lookout, monkeypatch: pytest.MonkeyPatch
):
    """The page then asks, is refused, and says since when its numbers are old."""
    stream = await _opened(lookout)

    def away() -> None:
        raise OSError

    monkeypatch.setattr(at_noon.boat.store, "reading", away)
    await lookout.look()
    name, data = await _next(stream)
    assert name == "changed"
    assert {"home", "strip", "wall"} <= set(data)
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_stream_ends_with_what_entitles_to_it(at_noon: Deployment, lookout: Lookout):
    at_noon.console.add_person("mei")
    stream = await _opened(lookout, lambda glance: glance.people.get(1) == 0)
    await lookout.look()
    with at_noon.boat.store.writing() as uow:
        accounts.end_sessions(uow, "mei", by=IT, now=at_noon.clock.now())
    await lookout.look()
    assert (await _next(stream))[0] == "over"
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_every_stream_ends_at_once_when_the_process_is_to_end(lookout: Lookout):
    streams = [await _opened(lookout) for _ in range(3)]
    lookout.close()
    for stream in streams:
        assert (await _next(stream))[0] == "over"
    assert lookout.crowded


async def test_too_many_streams_are_refused_and_pages_ask_by_themselves(
    lookout: Lookout, mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lookout_module, "MOST_STREAMS", 1)
    stream = await _opened(lookout)
    refused = await mei.get("/live")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "30"
    await stream.aclose()  # type: ignore[attr-defined]


# ---- regions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/figures", "/strip", "/orders", "/batches", "/held", "/messages"])
async def test_a_region_that_has_not_changed_has_no_body(at_noon: Deployment, mei: Browser, path: str):
    at_noon.door.post(key="1")
    first = await mei.get(path, **REGION)
    assert first.status_code == 200
    again = await mei.get(path, **REGION, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-store"


async def test_a_region_that_has_changed_is_sent(at_noon: Deployment, mei: Browser):
    first = await mei.get("/figures", **REGION)
    at_noon.door.post(key="1")
    at_noon.clock.at += timedelta(seconds=2)
    again = await mei.get("/figures", **REGION, if_none_match=first.headers["etag"])
    assert again.status_code == 200
    assert 'id="accepted">1<' in again.text


async def test_a_page_that_asks_after_its_session_is_told_so_and_not_led_to_the_sign_in(at_noon: Deployment):
    for path in ("/figures", "/strip", "/live", "/orders"):
        assert (await at_noon.console.browser().get(path, **REGION)).status_code == 401


# ---- sessions ----------------------------------------------------------------------------------------------------------


async def test_while_an_incident_is_open_an_open_page_keeps_its_session(at_noon: Deployment, mei: Browser):
    at_noon.door.post(key="1")
    await mei.get("/")
    for _ in range(5):
        at_noon.clock.at += IDLE - timedelta(minutes=1)
        assert (await mei.get("/figures", **REGION)).status_code == 200


async def test_without_an_incident_asking_by_itself_is_no_use(at_noon: Deployment, mei: Browser):
    await mei.get("/")
    at_noon.clock.at += IDLE - timedelta(minutes=1)
    first = await mei.get("/figures", **REGION)
    assert first.status_code == 200
    at_noon.clock.at += timedelta(minutes=2)
    assert (await mei.get("/figures", **REGION)).status_code == 401


async def test_a_page_knows_when_its_session_ends_and_a_tap_prolongs_it(at_noon: Deployment, mei: Browser):
    page = await mei.get("/")
    began = at_noon.clock.now()
    assert f'data-ends="{(began + IDLE).isoformat()}"' in page.text
    at_noon.clock.at += timedelta(minutes=110)
    polled = await mei.get("/strip", **REGION)
    assert polled.headers["x-session-ends"] == (began + IDLE).isoformat()
    stayed = await mei.post("/stay")
    assert stayed.status_code == 204
    assert stayed.headers["x-session-ends"] == (at_noon.clock.now() + IDLE).isoformat()


async def test_who_is_signed_in_may_sign_in_again_before_the_time_is_over(at_noon: Deployment, mei: Browser):
    assert (await mei.get("/login")).status_code == 303
    assert "密码" in await mei.reads("/login?again=1")
    at_noon.clock.at += timedelta(hours=1)
    await mei.get("/login?again=1")
    at_noon.clock.at += timedelta(hours=1)
    page = await mei.reads("/login?again=1&next=/console/orders")
    assert "again=1" in page


# ---- the strip ---------------------------------------------------------------------------------------------------------


async def test_the_strip_tells_how_things_stand_on_every_page(at_noon: Deployment, mei: Browser):
    assert "待命" in await mei.reads("/orders")
    at_noon.door.post(key="1")
    at_noon.clock.at += timedelta(seconds=2)
    for path in ("/", "/orders", "/batches", "/held", "/messages", "/account"):
        page = await mei.reads(path)
        assert "应急接单中" in page
        assert 'data-part="waiting" data-count="1"' in page
        assert 'id="connection"' in page


async def test_a_worker_that_is_silent_amid_an_incident_turns_the_strip_red(at_noon: Deployment, mei: Browser):
    assert 'data-level="calm"' in await mei.reads("/strip")
    at_noon.door.post(key="1")
    at_noon.clock.at += timedelta(seconds=6)
    strip = await mei.reads("/strip")
    assert 'data-level="bad"' in strip
    assert "后台进程没有在工作" in strip


async def test_a_server_that_is_told_to_stop_lets_open_pages_go_before_it_waits_for_anybody(
    at_noon: Deployment, lookout: Lookout
):
    stream = await _opened(lookout)
    server = Server(uvicorn.Config(at_noon.web, lifespan="off", log_config=None), at_noon.web)
    server.servers = []
    server.lifespan = LifespanOff(server.config)
    await server.shutdown()
    assert (await _next(stream))[0] == "over"
