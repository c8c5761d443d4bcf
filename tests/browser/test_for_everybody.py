"""The console for people who see, hear or point otherwise: axe finds nothing, and what is tapped is large enough."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import CHROMIUM
from tests.browser.hand import findings
from tests.deployment import Deployment

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)

PAGES = (
    *("/", "/orders", "/orders?state=held", "/orders/urgent", "/batches", "/messages?state=dead"),
    *("/incidents", "/guide", "/held", "/goods", "/alerts", "/coupons", "/account", "/nothing"),
)


def test_axe_finds_nothing(page: Page, at_noon: Deployment):
    """In the colours in which test_pictures does not look at this size, and with texts that mean no good."""
    phone = (page.viewport_size or {})["width"] < 900
    page.emulate_media(color_scheme="light" if phone else "dark")
    with at_noon.boat.store.reading() as uow:
        number, batch = uow.orders.held()[0].number, uow.batches.page()[0].name
    for path in (*PAGES, f"/orders/{number}", f"/batches/{batch}", f"/batches/{batch}/results"):
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
