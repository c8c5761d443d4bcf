"""The console in a real browser, on a phone and on a PC."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from app.domain.states import HeldKind
from app.store.tables import OrderRow
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
SIZES = {"phone": {"width": 390, "height": 844}, "pc": {"width": 1440, "height": 900}}
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)


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


def test_no_page_is_wider_than_the_screen_or_breaks_the_policy(page: Page, at_noon: Deployment):
    with at_noon.boat.store.reading() as uow:
        batch = uow.batches.page()[0].name
        number = uow.orders.held()[0].number
    for path in (
        "/",
        "/orders",
        f"/orders/{number}",
        "/batches",
        f"/batches/{batch}",
        "/messages",
        "/held",
        "/account",
    ):
        page.goto(f"/console{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth"), path
        navigation = page.get_by_role("navigation", name="主导航")
        expect(navigation).to_be_in_viewport()


def test_the_figures_change_by_themselves_without_loading_the_page_anew(page: Page, at_noon: Deployment):
    page.evaluate("window.stillTheSamePage = true")
    at_noon.door.post(key=f"new-{page.viewport_size}")
    expect(page.locator("#accepted")).to_have_text(str(at_noon.rows.count(OrderRow)))
    assert page.evaluate("window.stillTheSamePage") is True


def test_an_order_is_found_by_phone_and_its_customer_shown_on_request(page: Page):
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="订单").click()
    page.get_by_label("查找订单").fill("138 0013 0007")
    page.get_by_label("查找订单").press("Enter")
    page.wait_for_url("**/orders?customer=*")
    assert "0013" not in page.url
    page.locator(".lb-orders a.lb-list-main").click()
    expect(page.get_by_text("138****0007")).to_be_visible()
    page.get_by_role("button", name="显示完整信息").click()
    expect(page.get_by_text("13800130007")).to_be_visible()
    expect(page.get_by_text("本次查看已记录")).to_be_visible()
    assert page.locator("#recipient img, #recipient script").count() == 0


def test_a_held_order_is_completed_on_its_page(page: Page, at_noon: Deployment):
    number = at_noon.door.post(key=f"held-{page.viewport_size}", phone="13800139999", recipient={"name": "张*"})
    with at_noon.boat.store.writing() as uow:
        uow.orders.hold(
            [at_noon.rows.order_id(number)], kind=HeldKind.INCOMPLETE, looks_like=None, reason="收件人姓名疑似被打码"
        )
    page.goto("/console/held")
    card = page.locator("section", has_text=number)
    expect(card.get_by_text("收件人姓名疑似被打码")).to_be_visible()
    assert card.get_by_role("button", name="是重复单").count() == 0
    card.get_by_role("link", name="补全资料").click()
    expect(page.get_by_label("收件人姓名")).to_be_in_viewport()
    page.get_by_label("收件人姓名").fill("张三丰")
    page.get_by_label("原因").fill("电话核实")
    page.get_by_role("button", name="保存并重新检查").click()
    expect(page.get_by_text(f"{number} 已补全，将进入下一批次。")).to_be_visible()


def test_a_batch_is_downloaded_and_the_page_says_so_afterwards(page: Page, at_noon: Deployment, tmp_path: Path):
    already = len(_downloads(at_noon))
    at_noon.clock.at += timedelta(seconds=5)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="仍要下载 CSV" if already else "下载 CSV").click()
    saved = tmp_path / "file.csv"
    downloading.value.save_as(saved)
    assert saved.read_bytes() == b"a,b\r\n1,2\r\n"
    assert downloading.value.suggested_filename.startswith("B2026")
    expect(page.get_by_role("link", name="仍要下载 CSV")).to_be_visible()
    expect(page.get_by_text("下载过").first).to_be_visible()
    assert len(_downloads(at_noon)) == already + 1


def test_filters_apply_as_soon_as_they_are_chosen(page: Page):
    page.goto("/console/orders")
    page.get_by_label("优先级").select_option("high")
    page.wait_for_url("**priority=high*")
    rows = page.locator(".lb-orders > li")
    assert rows.count() == page.locator(".lb-orders > li.lb-high").count() > 0


def test_signing_out_closes_the_console(page: Page):
    page.locator("details.lb-me summary").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/login")
    page.goto("/console/orders")
    expect(page.get_by_role("button", name="登录")).to_be_visible()


def _downloads(at_noon: Deployment) -> list[object]:
    with at_noon.boat.store.reading() as uow:
        return list(uow.audit.of(uow.batches.page()[0].name or "", "batch.download"))


# ---- live ------------------------------------------------------------------------------------------------------------


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
    later = ("/figures", "/strip", "uplot.min.js")  # come when the first view is there
    first = [one for one in seen if not any(name in one[0] for name in later)]
    assert len(first) <= 8, first
    assert all(name.startswith(address) for name, _, _ in seen)
    assert sum(one[1] for one in first) <= 150_000, first
    assert sum(one[2] for one in first) <= 60_000, first
    context.close()
