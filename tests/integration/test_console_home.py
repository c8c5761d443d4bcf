"""The frame of every page, and the home page."""

from datetime import timedelta

import pytest
import structlog.testing

from app.domain.states import HeldKind
from app.store.reach import Reach
from app.watch.rule import Trouble
from app.web.console import dashboard_figures
from tests.deployment import Deployment
from tests.deployment.console import Browser


async def test_every_page_forbids_frames_inline_scripts_and_being_kept(at_noon: Deployment, mei: Browser):
    number = at_noon.door.post(key="1")
    for path in (
        "/",
        "/orders",
        f"/orders/{number}",
        "/batches",
        "/messages",
        "/held",
        "/account",
        "/nothing",
        "/figures",
    ):
        page = await mei.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        for inline in ("<script>", "<style", " style=", "onclick=", "javascript:", "https://"):
            assert inline not in page.text, (path, inline)


async def test_what_is_not_there_is_said_in_chinese(mei: Browser):
    page = await mei.get("/nothing")
    assert page.status_code == 404
    assert "没有这个页面" in page.text
    for path in ("/orders/LBNOTHING", "/batches/B-NOTHING", "/orders?batch=NOTHING", "/orders/a%00b"):
        assert (await mei.get(path)).status_code == 404


async def test_nonsense_in_an_address_does_no_harm(at_noon: Deployment, mei: Browser):
    at_noon.door.post(key="1")
    for query in (
        "?before=abc",
        "?before=99999999999999999999",
        "?before=-1",
        "?state=x&span=y&priority=z",
        "?customer=zz",
        "?customer=00",
    ):
        assert (await mei.get(f"/orders{query}")).status_code == 200
    assert (await mei.get("/messages?state=<script>")).status_code == 200


async def test_a_form_that_is_too_large_is_refused(mei: Browser):
    page = await mei.post("/orders/search", {"q": "x" * 100_000})
    assert page.status_code == 413
    assert "过大" in page.text


async def test_without_the_database_the_console_says_that_orders_are_safe(
    at_noon: Deployment, mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    def away():
        raise OSError

    monkeypatch.setattr(at_noon.boat.store, "reading", away)
    page = await mei.get("/")
    assert page.status_code == 503
    assert "接单不受影响" in page.text


@pytest.mark.usefixtures("at_noon")
async def test_a_mistake_of_ours_is_answered_in_chinese_with_the_same_headers(
    mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    def broken(_self: object):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(dashboard_figures.DashboardFigures, "figures", broken)
    with structlog.testing.capture_logs() as logged:
        page = await mei.get("/")
    assert [one["event"] for one in logged] == ["no_strip", "console_broke"]
    assert page.status_code == 500
    assert "页面出错" in page.text
    assert "secret" not in page.text
    assert page.headers["x-frame-options"] == "DENY"


async def test_an_empty_console_says_what_to_do(mei: Browser):
    page = await mei.reads("/")
    assert "还没有收到订单" in page
    assert "curl -X POST http://127.0.0.1:8000/v1/orders" in page
    assert "店铺密钥" in page


async def test_the_home_page_shows_the_figures_of_the_incident(at_noon: Deployment, mei: Browser):
    numbers = [at_noon.door.post(key=str(n), total="500.00" if n % 3 else "500.01") for n in range(9)]
    name = at_noon.maker.publish(numbers[:4], at=at_noon.clock.now() - timedelta(minutes=12))
    with at_noon.boat.store.writing() as uow:
        uow.orders.hold(
            [at_noon.rows.order_id(numbers[8])], kind=HeldKind.LOOK_ALIKE, looks_like=numbers[7], reason="疑似重复"
        )
    at_noon.notices.add("m1", state="pending")
    at_noon.notices.add("m2", state="dead")
    page = await mei.reads("/")
    for shown in (
        'id="accepted">9<',
        "本次共 3 笔高优",
        "<strong>4</strong>",
        "12 分钟前生成",
        name,
        "下一批次 12:30",
        numbers[8],
    ):
        assert shown in page


async def test_figures_stay_right_while_orders_come_in(at_noon: Deployment, mei: Browser):
    for n in range(5):
        at_noon.door.post(key=str(n), total="900.00", at=at_noon.clock.now() - timedelta(days=1))
    for n in range(5, 12):
        at_noon.door.post(key=str(n), total="900.00" if n % 2 else "10.00")
        at_noon.clock.at += timedelta(minutes=2)
        page = await mei.reads("/figures")
        assert f'id="accepted">{n + 1}<' in page
    assert "<dd>7 笔</dd>" in page  # of today
    assert "本次共 9 笔高优" in page


async def test_counting_goes_in_steps_and_says_when_it_is_not_done(at_noon: Deployment, mei: Browser):
    at_noon.boat.store.reach = Reach(chunk=3, chunks_a_look=2)
    for n in range(11):
        at_noon.door.post(key=str(n), total="900.00", at=at_noon.clock.now() - timedelta(minutes=5))
    page = await mei.reads("/")
    assert "本次共 6+ 笔高优" in page
    at_noon.clock.at += timedelta(seconds=3)
    assert "本次共 11 笔高优" in await mei.reads("/figures")


async def test_an_overdue_batch_is_said_loudly(at_noon: Deployment, mei: Browser):
    at_noon.door.post(key="1", at=at_noon.clock.now() - timedelta(minutes=50))
    assert "批次逾期" in await mei.reads("/")


async def test_degradation_is_said_on_the_home_page(at_noon: Deployment, mei: Browser):
    at_noon.web.runtime.state.spool_depth = 3
    at_noon.web.runtime.state.troubles = (Trouble("no_standby", "PostgreSQL 没有同步备库"),)
    page = await mei.reads("/")
    assert "正在降级运行" in page
    assert "等待补入数据库" in page
    assert "没有同步备库" in page


PAUSED = "通知渠道 企业微信 发不出去：连不上企业微信（wecom:connect），11-22 12:00 起，83 条消息在等。"


async def test_a_paused_channel_is_said_on_every_page(at_noon: Deployment, mei: Browser):
    at_noon.web.runtime.state.troubles = (
        Trouble("channel_paused", PAUSED, subject="wecom:r"),
        Trouble("no_standby", "PostgreSQL 没有同步备库"),
    )
    for path in ("/orders", "/batches", "/messages", "/held", "/account"):
        page = await mei.reads(path)
        assert page.count(PAUSED) == 1
        assert "没有同步备库" not in page
    assert (await mei.reads("/")).count(PAUSED) == 1
    at_noon.web.runtime.state.troubles = ()
    assert "发不出去" not in await mei.reads("/orders")
    assert PAUSED not in (await at_noon.console.browser().get("/login")).text


async def test_what_is_stuck_is_told_apart_from_what_rightly_waits(at_noon: Deployment, mei: Browser):
    """A dead robot's messages beside coupons for the morning."""
    now = at_noon.clock.now()
    for n in range(3):
        at_noon.notices.add(f"stuck {n}", due_at=now - timedelta(minutes=12))
    at_noon.notices.add("tried", due_at=now + timedelta(minutes=5), last_reason="wecom:connect")
    for n in range(2):
        at_noon.notices.add(f"fresh {n}")
    for n in range(7):
        at_noon.notices.add(f"coupon {n}", subject="coupon", channel="sms", due_at=now + timedelta(hours=20))
    page = await mei.reads("/")
    assert "<strong>13</strong><small>其中 4 条受阻；7 条等到点再发</small>" in page
    assert 'href="/console/messages?state=stuck"' in page
    listed = await mei.reads("/messages?state=stuck")
    assert listed.count("企业微信群通知") == 4
    assert "优惠券短信" not in listed
