"""Pages that keep themselves fresh, in a real browser."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.store.tables import OrderRow
from tests.browser.conftest import CHROMIUM
from tests.deployment import Deployment

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)


def test_a_number_moves_by_itself_while_a_link_has_the_focus_and_text_is_marked(page: Page, at_noon: Deployment):
    page.locator("a.lb-batch-name").focus()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.lb-newest .lb-num'))")
    marked = page.evaluate("String(getSelection())")
    at_noon.door.post(key=f"focused-{page.viewport_size}")
    at_noon.clock.at += timedelta(seconds=5)
    expect(page.locator("#accepted")).to_have_text(str(at_noon.rows.count(OrderRow)))
    assert "lb-batch-name" in page.evaluate("document.activeElement.className")
    assert len(page.evaluate("String(getSelection())")) == len(marked) > 0
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")


def test_a_cut_wire_is_said_with_the_time_of_the_last_good_number(page: Page, at_noon: Deployment):
    connection = page.locator("#connection")
    page.route("**/console/figures", lambda route: route.fulfill(status=503))
    page.route("**/console/strip", lambda route: route.fulfill(status=503))
    at_noon.door.post(key=f"unseen-{page.viewport_size}")
    at_noon.clock.at += timedelta(seconds=5)
    expect(connection).to_have_attribute("data-state", "lost")
    expect(connection).to_contain_text("起的数字没有更新")
    page.unroute("**/console/figures")
    page.unroute("**/console/strip")
    expect(connection).to_have_attribute("data-state", "live")
    expect(page.locator("#accepted")).to_have_text(str(at_noon.rows.count(OrderRow)))
    page.heard.clear()


def test_without_a_stream_the_page_asks_by_itself(page: Page, at_noon: Deployment):
    page.add_init_script("window.EventSource = undefined")
    page.reload()
    at_noon.door.post(key=f"polled-{page.viewport_size}")
    at_noon.clock.at += timedelta(seconds=5)
    expect(page.locator("#accepted")).to_have_text(str(at_noon.rows.count(OrderRow)), timeout=15_000)


def test_what_a_person_has_unfolded_stays_so(page: Page, at_noon: Deployment):
    page.get_by_text("看数字").click()
    at_noon.door.post(key=f"unfolded-{page.viewport_size}")
    at_noon.clock.at += timedelta(seconds=5)
    expect(page.locator("#accepted")).to_have_text(str(at_noon.rows.count(OrderRow)))
    expect(page.locator("#inflow-table")).to_be_visible()


def test_the_first_view_is_light(page: Page, address: str):
    """At most 150 KB, of which 60 KB cross the wire, in eight requests and a stream; nothing from elsewhere."""
    context = page.context.browser.new_context(storage_state=page.context.storage_state())  # with nothing kept
    fresh = context.new_page()
    fresh.add_init_script("window.EventSource = undefined")  # the stream lasts, and has no size
    with fresh.expect_event("load"):
        fresh.goto(f"{address}/console/")
    seen = fresh.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(one => [one.name, one.decodedBodySize, one.transferSize])"
    )
    later = ("/figures", "/strip", "uplot.min.js", "alarm.js", "/alerts/bell")  # come when the first view is there
    first = [one for one in seen if not any(name in one[0] for name in later)]
    assert len(first) <= 8, first
    assert all(name.startswith(address) for name, _, _ in seen)
    assert sum(one[1] for one in first) <= 150_000, first
    assert sum(one[2] for one in first) <= 60_000, first
    context.close()


def test_a_region_of_any_page_is_found_in_that_page_again(page: Page, at_noon: Deployment):
    page.goto("/console/batches")
    page.evaluate("window.stillTheSamePage = true")
    name = at_noon.maker.publish([at_noon.door.post(key=f"batched-{page.viewport_size}")])
    expect(page.locator("#batch-list").get_by_role("link", name=name, exact=True)).to_be_visible()
    assert page.evaluate("window.stillTheSamePage") is True
