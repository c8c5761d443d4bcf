"""设置 in a browser: legible and large enough for everybody, and a first password without a fault."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import CHROMIUM
from tests.browser.hand import findings
from tests.deployment import Deployment
from tests.deployment.console import PASSWORD

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)

PAGES = ("settings", "settings/values", "keys", "people", "kiosks", "audit?person=mei", "readiness", "spool", "jobs")

SMALL = """[...document.querySelectorAll('main a, main button, main summary, main select, main input:not([type=hidden])')]
  .filter(one => one.type != 'checkbox' && one.getBoundingClientRect().width)
  .filter(one => one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def boss(at_noon: Deployment) -> str:
    at_noon.console.add_person("boss", "admin")
    at_noon.console.add_person("other", "it")  # one with buttons beside it
    return "boss"


def _sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/console/login?again=1")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "login" not in url)


def test_every_page_of_the_settings_is_for_everybody(page: Page, boss: str):
    """In the colours in which test_pictures does not look at this size."""
    _sign_in(page, boss)
    page.emulate_media(color_scheme="light" if (page.viewport_size or {})["width"] < 900 else "dark")
    for path in PAGES:
        page.goto(f"/console/{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
        assert findings(page) == [], path
        assert page.evaluate(SMALL) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_page_of_a_first_password_has_no_fault_to_tell(page: Page, at_noon: Deployment):
    """A stream that is sent to a page instead says so on the browser's console, and the page that the session is over."""
    name = f"neu{(page.viewport_size or {})['width']}"
    _sign_in(page, name, at_noon.console.add_person(name, "ops", None))
    page.wait_for_url("**/account")
    page.wait_for_load_state("networkidle")
    assert page.get_by_text("登录已过期").count() == 0
