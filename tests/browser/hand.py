"""Somebody at the console, of whom each tap is counted; nothing may go wrong in the browser, and nothing leaves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

from tests.browser.conftest import SIZES
from tests.deployment.console import PASSWORD

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """Return what axe finds on a page."""
    page.evaluate(AXE)  # by the debugger: the page's own policy allows no inline script
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][-160:]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@dataclass
class Hand:
    """A browser of one size and the hand that uses it. A field that is typed into is typed, not tapped."""

    page: Page
    size: str
    taps: int = 0
    troubles: list[str] = field(default_factory=list)

    def tap(self, what: Locator) -> None:
        """Tap a link, a button or a field."""
        what.click()
        self.taps += 1

    def settings(self, name: str) -> None:
        """Go to a page of the settings from wherever one is."""
        if self.size == "phone":
            self.tap(self.page.get_by_text("更多", exact=True))
        self.tap(self.page.get_by_role("link", name="设置").first)
        self.tap(self.page.get_by_role("link", name=name))

    def sign_in(self, name: str) -> None:
        """Type name and password where they are asked for, and tap once."""
        self.page.get_by_label("账号").fill(name)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.tap(self.page.get_by_role("button", name="登录"))

    def is_on_the_first_screen(self, what: Locator) -> bool:
        """Tell whether something is seen without scrolling, above the bar at the bottom."""
        box, height = what.bounding_box(), (self.page.viewport_size or {"height": 0})["height"]
        bar = self.page.get_by_role("navigation", name="主导航").bounding_box() if self.size == "phone" else None
        return box is not None and box["y"] + box["height"] <= (bar["y"] if bar else height)


@contextmanager
def hand(chromium: Browser, address: str, size: str) -> Iterator[Hand]:
    """Yield a browser in which nobody has signed in; at the end its page is looked at, and what it heard."""
    phone = size == "phone"
    context = chromium.new_context(viewport=SIZES[size], is_mobile=phone, has_touch=phone, base_url=address)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(15_000)
    one = Hand(page, size)

    def on_console(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            one.troubles.append(said.text)

    def on_request(request: Request) -> None:
        if urlsplit(request.url).netloc not in {urlsplit(address).netloc, ""}:
            one.troubles.append(f"asked outside: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: one.troubles.append(str(error)))
    page.on("request", on_request)
    try:
        yield one
        assert findings(page) == []
        assert one.troubles == []
    finally:
        context.close()
