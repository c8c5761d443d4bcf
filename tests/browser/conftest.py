"""A console with something on every page, and somebody at it in Chromium, on a phone and at a desk."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from app.domain.states import HeldKind
from tests.deployment import Deployment
from tests.deployment.console import PASSWORD
from tests.deployment.facts import NOON
from tests.fakes.clock import ClockAt
from tests.fakes.serving import serve

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"phone": {"width": 375, "height": 812}, "pc": {"width": 1440, "height": 900}}
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def at_noon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    at_noon = Deployment(tmp_path_factory.mktemp("console"), clock=ClockAt(NOON))
    at_noon.console.add_person("mei", "ops")
    numbers = [
        at_noon.door.post(
            key=f"SHOP-{n}",
            client_order_id=f"SHOP-{n}",
            phone=f"1380013{n:04d}",
            total="899.00" if n % 2 else "99.00",
            recipient={"name": HOSTILE, "city": "杭州市", "address": "长" * 150},
            note="\u202e" + HOSTILE,
        )
        for n in range(40)
    ]
    at_noon.maker.publish(numbers[:20])
    with at_noon.boat.store.writing() as uow:
        uow.orders.hold(
            [at_noon.rows.order_id(numbers[30])], kind=HeldKind.LOOK_ALIKE, looks_like=numbers[29], reason=HOSTILE
        )
    at_noon.notices.add("m1", state="dead", attempts=5, last_reason=HOSTILE, order_id=at_noon.rows.order_id(numbers[1]))
    yield at_noon
    at_noon.close()


@pytest.fixture(scope="module")
def address(at_noon: Deployment) -> Iterator[str]:
    with serve(at_noon.web, lifespan="on") as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        yield browser
        browser.close()


@pytest.fixture(params=list(SIZES))
def page(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Page]:
    """Somebody who has just signed in, and in whose browser nothing may go wrong."""
    troubles: list[str] = []
    phone = request.param == "phone"
    context = chromium.new_context(viewport=SIZES[request.param], is_mobile=phone, has_touch=phone, base_url=address)
    page = context.new_page()
    page.set_default_timeout(15_000)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            troubles.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.heard = troubles  # type: ignore[attr-defined] - a test that breaks the wire empties it
    page.goto("/console")
    page.get_by_label("账号").fill("mei")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/console/")
    yield page
    context.close()
    assert troubles == []
