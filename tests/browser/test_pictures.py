"""Every page in the middle of an outage, in light at a desk and in dark on a phone: it fits, and axe finds nothing.

The browser has no complaint either, and a desk of 1920 pixels is used in its whole width.
With ``LIFEBOAT_PICTURES`` set to a folder (``make pictures``) each is also kept there, for docs/console.zh-CN.md.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.store.ack import Claimant, ack_token
from tests.browser.conftest import CHROMIUM, SIZES
from tests.browser.hand import findings
from tests.browser.outage import outage_in
from tests.deployment import Deployment
from tests.deployment.console import PASSWORD
from tests.fakes.serving import serve

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)

PAGES = {
    "home": "/console/",
    "guide": "/console/guide",
    "orders": "/console/orders",
    "urgent": "/console/orders/urgent",
    "order": "/console/orders/{order}",
    "new": "/console/orders/new",
    "import": "/console/orders/import",
    "look-alikes": "/console/held?queue=look_alike",
    "incomplete": "/console/held?queue=incomplete",
    "refused": "/console/held?queue=failed",
    "batches": "/console/batches",
    "batch": "/console/batches/{batch}",
    "results": "/console/batches/{batch}/results",
    "goods": "/console/goods",
    "incidents": "/console/incidents",
    "incident": "/console/incidents/{incident}",
    "health": "/console/health",
    "thresholds": "/console/thresholds",
    "hours": "/console/hours",
    "events": "/console/health/events",
    "stuck": "/console/stuck",
    "triage": "/console/stuck/table",
    "flow": "/console/flow",
    "promises": "/console/stuck/promises?hours=8",
    "alerts": "/console/alerts",
    "claim": "/a/{claim}",
    "systemic": "/console/systemic",
    "roster": "/console/roster",
    "messages": "/console/messages",
    "coupons": "/console/coupons",
    "settings": "/console/settings",
    "kept": "/console/kept",
    "keys": "/console/keys",
    "people": "/console/people",
    "audit": "/console/audit",
    "readiness": "/console/readiness",
    "wall": "/wall/",
    "track": "/track?number={order}&last4={last4}",
}
LOOKS = {"pc": ("light", 70), "phone": ("dark", 60)}
"""By size: the colours, and the quality of a kept picture in percent."""

OUT = os.environ.get("LIFEBOAT_PICTURES")


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    made = outage_in(tmp_path_factory.mktemp("outage"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def served(outage: Deployment) -> Iterator[str]:
    with serve(outage.web, lifespan="on") as url:
        yield url


@pytest.fixture(scope="module", params=list(LOOKS))
def boss(request: pytest.FixtureRequest, served: str, chromium: Browser) -> Iterator[Page]:
    """An administrator who has signed in, and whose browser is also a screen on the wall."""
    scheme, phone = LOOKS[request.param][0], request.param == "phone"
    context = chromium.new_context(
        viewport=SIZES[request.param], is_mobile=phone, has_touch=phone, base_url=served, color_scheme=scheme
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.size = request.param  # type: ignore[attr-defined]
    page.troubles = troubles = []  # type: ignore[attr-defined]
    page.on("console", lambda said: troubles.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto("/console")
    page.get_by_label("账号").fill("boss")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/console/")
    page.goto("/console/kiosks")
    page.locator("main input[name=name]").fill("仓库大屏")
    page.locator("main form").filter(has=page.locator("input[name=name]")).locator("button").click()
    said = page.get_by_text(re.compile(r"/wall/connect\?link=")).first.inner_text()
    link = re.search(r"/wall/connect\?link=[\w.\-]+", said)
    assert link is not None
    page.goto(link[0])
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/wall/")
    yield page
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_screen_and_its_browser_has_no_complaint(boss: Page, outage: Deployment, name: str):
    size = boss.size  # type: ignore[attr-defined]
    with outage.boat.store.reading() as uow:
        order = uow.attention.open_page().rows[0]
        batch, incident = uow.batches.page()[-1].name, uow.incidents.page()[0].name
        alert = next(one for one in uow.alerts.open() if one.rule == "stage_bottleneck")
        user = uow.access.user_named("boss")
    claim = ack_token(outage.boat.keyring, Claimant(alert.id or 0, user.id or 0 if user else 0))
    there = {"claim": claim, "order": order.number, "last4": order.phone_last4, "batch": batch, "incident": incident}
    boss.goto(PAGES[name].format(**there))
    boss.wait_for_load_state("load")
    boss.wait_for_timeout(300)  # the chart comes after the first view
    assert boss.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert boss.locator("main").inner_text().strip()
    if OUT:
        quality = LOOKS[size][1]
        boss.screenshot(path=Path(OUT) / f"{name}-{size}.jpg", type="jpeg", quality=quality)
    assert findings(boss) == []
    troubles = boss.troubles  # type: ignore[attr-defined]
    assert troubles == []


@pytest.mark.parametrize("name", ["home", "orders", "batches", "look-alikes"])
def test_a_wide_desk_is_used_in_its_whole_width(chromium: Browser, served: str, name: str):
    context = chromium.new_context(viewport={"width": 1920, "height": 1080}, base_url=served)
    page = context.new_page()
    page.goto("/console")
    page.get_by_label("账号").fill("boss")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/console/")
    page.goto(PAGES[name])
    right = page.evaluate(
        "Math.max(...[...document.querySelectorAll('main *')].map(one => one.getBoundingClientRect().right))"
    )
    left = page.evaluate("document.querySelector('main h1, main h2').getBoundingClientRect().left")
    context.close()
    assert left < 300
    assert 1920 - right < 60
