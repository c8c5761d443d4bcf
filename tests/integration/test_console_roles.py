"""The table of roles, walked: every role at every route, nobody where it says nobody, and no route beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from app.domain.role import Role
from app.web.console.mount import create_console, frame_of
from app.web.console.page import ConsolePage
from app.web.console.roles import ALLOWED, may
from app.web.console.routing import NotInTheTable, route, routes_of
from tests.deployment import Deployment
from tests.deployment.facts import NOON
from tests.fakes.clock import ClockAt

OPEN = {"login"}
"""For those who have not signed in."""


@pytest.fixture(scope="module")
def at_noon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder: Path = tmp_path_factory.mktemp("roles")
    deployment = Deployment(folder, clock=ClockAt(NOON))
    deployment.web.parts.lookout.close()  # a stream would last as long as somebody listens
    for role in Role:
        deployment.console.add_person(f"a-{role}", role)
    yield deployment
    deployment.close()


def _routes(deployment: Deployment) -> list[Route]:
    parts = deployment.console.web.parts
    console = create_console(parts, frame_of(parts))
    return [one for one in console.routes if isinstance(one, Route)]


def test_the_table_has_a_row_for_each_route_and_no_other(at_noon: Deployment):
    assert {one.name for one in _routes(at_noon)} == ALLOWED.keys() | OPEN


@pytest.mark.parametrize("role", Role)
async def test_every_role_gets_what_the_table_says(at_noon: Deployment, role: Role):
    browser = at_noon.console.browser()
    await browser.sign_in(f"a-{role}")
    for one in _routes(at_noon):
        if one.name in OPEN | {"logout", "account-end-sessions"}:
            continue  # they end the session that walks here; their tests stand in test_console_sign_in
        path = one.path.replace("{number:str}", "LB0").replace("{name:str}", "B0").replace("{id:int}", "1")
        page = await (browser.get(path) if "GET" in (one.methods or ()) else browser.post(path))
        assert (page.status_code == 403) is (not may(role, one.name)), (role, one.name, page.status_code)


async def test_nobody_gets_anything_without_signing_in(at_noon: Deployment):
    browser = at_noon.console.browser()
    for one in _routes(at_noon):
        if one.name not in OPEN:
            path = one.path.replace("{number:str}", "LB0").replace("{name:str}", "B0").replace("{id:int}", "1")
            page = await (browser.get(path) if "GET" in (one.methods or ()) else browser.post(path))
            assert (page.status_code, page.headers.get("location", "")[:14]) in {(303, "/console/login"), (401, "")}


def test_a_route_without_a_row_cannot_be_added(at_noon: Deployment):
    class Forgotten(ConsolePage):
        @route("/forgotten", name="forgotten")
        async def index(self, _request: object) -> None:
            """Nobody may see this."""

    frame = type("Frame", (), {"boat": at_noon.boat})()
    with pytest.raises(NotInTheTable, match="forgotten"):
        list(routes_of(Forgotten(frame), below="", gate=None, said=None))  # type: ignore[arg-type]


async def test_customer_service_sees_customers_and_no_files(at_noon: Deployment):
    number = at_noon.door.post(key="service-1")
    browser = at_noon.console.browser()
    await browser.sign_in("a-service")
    assert "13800138000" in (await browser.post(f"/orders/{number}/unmask")).text
    assert not may(Role.SERVICE, "batch-file")
    assert not may(Role.SERVICE, "order-decide")


async def test_each_page_has_another_token_and_all_fit(at_noon: Deployment):
    browser = at_noon.console.browser()
    await browser.sign_in("a-ops")
    first, second = await browser.form_token(), await browser.form_token()
    assert first != second
    other = at_noon.console.browser()
    await other.sign_in("a-ops")
    refused = await other.post("/orders/search", {"q": "x", "csrftoken": first or ""}, csrf=False)
    assert refused.status_code == 403
    assert "页面已过期" in refused.text


async def test_no_cookie_comes_with_a_static_file(at_noon: Deployment):
    browser = at_noon.console.browser()
    sheet = await browser.get("/static/console/console.css")
    assert sheet.status_code == 200
    assert "set-cookie" not in sheet.headers
    assert sheet.headers["content-encoding"] == "gzip"
