"""The console for people who see, hear or point otherwise: axe finds nothing, and what is tapped is large enough."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import CHROMIUM
from tests.deployment import Deployment

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)


AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PAGES = (
    *("/", "/orders", "/orders?state=held", "/orders/urgent", "/batches", "/messages?state=dead"),
    *("/incidents", "/guide", "/held", "/goods", "/account", "/nothing"),
)


def findings(page: Page) -> list[str]:
    """Return what axe finds on a page."""
    page.evaluate(AXE)  # by the debugger: the page's own policy allows no inline script
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][-160:]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, at_noon: Deployment, scheme: str):
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    with at_noon.boat.store.reading() as uow:
        number, batch = uow.orders.held()[0].number, uow.batches.page()[0].name
    for path in (*PAGES, f"/orders/{number}", f"/batches/{batch}"):
        page.goto(f"/console{path}")
        assert findings(page) == [], path
    page.heard.clear()  # type: ignore[attr-defined] - that there is no such page is said on the browser's console too


def test_what_is_tapped_on_the_home_page_is_large_enough(page: Page):
    small = page.evaluate(
        """[...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
        .map(one => [one, one.getBoundingClientRect()])
        .filter(([one, box]) => box.width && !one.closest('.lb-skip') && !one.matches('.lb-skip') && box.height < 43.5)
        .map(([one, box]) => `${one.outerHTML.slice(0, 90)} ${box.height}`)"""
    )
    assert small == []
