"""The console in a real browser, on a phone and on a PC."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.domain.states import HeldKind, OrderState
from app.store.tables import OrderRow
from tests.browser.conftest import CHROMIUM, HOSTILE
from tests.deployment import Deployment
from tests.deployment.facts import NOON

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)


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
        "/messages?state=dead",
        "/messages/1",
        "/alerts",
        "/incidents",
        "/guide",
        "/coupons",
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


def test_the_whole_row_leads_to_its_order_and_keys_walk_the_rows(page: Page):
    page.goto("/console/orders")
    rows = page.locator(".lb-orders tbody tr")
    for n in range(2):
        box = rows.nth(n).bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('a')?.href",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] - 6],
        )
    page.keyboard.press("/")
    expect(page.get_by_label("查找订单")).to_be_focused()
    page.get_by_label("查找订单").blur()
    for key, row in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(row).locator("a.lb-list-main")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/orders/LB\w+$"))


def test_new_orders_are_announced_and_the_rows_stay(page: Page, at_noon: Deployment):
    page.goto("/console/orders")
    first = page.locator(".lb-orders tbody a.lb-list-main").first
    before = first.get_attribute("href")
    at_noon.door.post(key=f"fresh-{page.viewport_size}")
    pill = page.get_by_role("link", name="新到 1 笔")
    expect(pill).to_be_visible(timeout=15_000)
    assert first.get_attribute("href") == before
    pill.click()
    expect(first).not_to_have_attribute("href", before or "")


def test_a_held_order_is_completed_on_its_page(page: Page, at_noon: Deployment):
    number = at_noon.door.post(key=f"held-{page.viewport_size}", phone="13800139999", recipient={"name": "张*"})
    with at_noon.boat.store.writing() as uow:
        uow.orders.hold(
            [at_noon.rows.order_id(number)], kind=HeldKind.INCOMPLETE, looks_like=None, reason="收件人姓名疑似被打码"
        )
    page.goto("/console/held?queue=incomplete")
    card = page.locator("section", has_text=number)
    expect(card.get_by_label("收件人姓名")).to_be_visible()  # what is missing is an input in the queue itself
    expect(card.get_by_text("收件人姓名疑似被打码")).to_be_visible()
    assert card.get_by_role("button", name="是重复单").count() == 0
    card.get_by_role("link", name="补全资料").click()
    expect(page.get_by_label("收件人姓名")).to_be_in_viewport()
    page.get_by_label("收件人姓名").fill("张三丰")
    page.locator("#complete").get_by_label("原因").fill("电话核实")
    page.get_by_role("button", name="保存并重新检查").click()
    expect(page.get_by_text(f"{number} 已补全，将进入下一批次。")).to_be_visible()


def test_a_queue_is_walked_by_two_keys_and_stays_where_it_was_while_a_decision_can_be_undone(
    page: Page, at_noon: Deployment
):
    size = page.viewport_size
    like = at_noon.door.post(key=f"like-{size}", phone="13800138888")
    numbers = [at_noon.door.post(key=f"twin-{n}-{size}", phone="13800138888") for n in range(4)]
    with at_noon.boat.store.writing() as uow:
        ids = [at_noon.rows.order_id(number) for number in numbers]
        uow.orders.hold(ids, kind=HeldKind.LOOK_ALIKE, looks_like=like, reason="疑似重复单")
    page.goto("/console/held?queue=look_alike")
    cards = page.locator("[data-item]")
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(cards.nth(at)).to_be_focused()
    expect(cards.nth(1)).to_be_in_viewport()
    page.locator(f"#o-{numbers[1]}").get_by_role("button", name="是重复单").click()
    expect(page.locator(f"#o-{numbers[2]}")).to_be_focused()  # the next one, not the top
    expect(page.locator(f"#o-{numbers[1]}")).to_have_count(0)
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(f"#o-{numbers[1]}")).to_be_focused()
    with at_noon.boat.store.writing() as uow:
        uow.orders.move(ids, OrderState.CANCELLED)


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
    rows = page.locator(".lb-orders tbody tr")
    assert rows.count() == page.locator(".lb-orders tr.lb-high").count() > 0


def test_an_alert_rings_in_the_title_and_the_frame_until_it_is_claimed(page: Page, at_noon: Deployment):
    """With every robot dead, whoever has any page of the console open sees it."""
    rule = f"trouble-{(page.viewport_size or {})['width']}"
    with at_noon.boat.store.writing() as uow:
        uow.alerts.fire(rule, level="red", text=HOSTILE, now=NOON)
    try:
        page.goto("/console/orders")
        expect(page).to_have_title(re.compile(r"^\(\d+\) 订单"))
        expect(page.locator("html.lb-red-frame")).to_be_attached()
        page.locator("#lb-alarm a").click()
        page.wait_for_url("**/alerts")
        assert page.locator("[data-alert] img, [data-alert] script").count() == 0
        page.get_by_role("button", name="打开声音").click()
        expect(page.get_by_role("button", name="关闭声音")).to_be_visible()
        page.get_by_role("button", name="认领").first.click()
        expect(page.get_by_text("已认领，一段时间内不再提醒")).to_be_visible()
        expect(page.locator("html.lb-red-frame")).not_to_be_attached()
        expect(page).to_have_title(re.compile("^告警"))
    finally:
        with at_noon.boat.store.writing() as uow:
            uow.alerts.resolve(rule, now=NOON)


def test_signing_out_closes_the_console(page: Page):
    page.locator("details.lb-me summary").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/login")
    page.goto("/console/orders")
    expect(page.get_by_role("button", name="登录")).to_be_visible()


def _downloads(at_noon: Deployment) -> list[object]:
    with at_noon.boat.store.reading() as uow:
        return list(uow.audit.of(uow.batches.page()[0].name or "", "batch.download"))
