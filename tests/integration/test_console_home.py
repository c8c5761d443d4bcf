"""The frame of every page, and the home page."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog.testing

from app.watch.rule import Trouble
from app.web.console import dashboard_figures
from tests.integration.console_rig import Browser, Rig, at


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.boat.close()


@pytest.fixture
async def mei(rig: Rig) -> Browser:
    return await at(rig, "mei")


async def test_every_page_forbids_frames_inline_scripts_and_being_kept(rig: Rig, mei: Browser):
    number = rig.order(key="1")
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


async def test_nonsense_in_an_address_does_no_harm(rig: Rig, mei: Browser):
    rig.order(key="1")
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
    rig: Rig, mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    def away():
        raise OSError

    monkeypatch.setattr(rig.boat.store, "reading", away)
    page = await mei.get("/")
    assert page.status_code == 503
    assert "接单不受影响" in page.text


@pytest.mark.usefixtures("rig")
async def test_a_mistake_of_ours_is_answered_in_chinese_with_the_same_headers(
    mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    def broken(_self: object):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(dashboard_figures.DashboardFigures, "figures", broken)
    with structlog.testing.capture_logs() as logged:
        page = await mei.get("/")
    assert logged[0]["event"] == "console_broke"
    assert page.status_code == 500
    assert "页面出错" in page.text
    assert "secret" not in page.text
    assert page.headers["x-frame-options"] == "DENY"


async def test_an_empty_console_says_what_to_do(mei: Browser):
    page = await mei.reads("/")
    assert "还没有收到订单" in page
    assert "curl -X POST http://127.0.0.1:8000/v1/orders" in page
    assert "lifeboat clients add" in page


async def test_the_home_page_shows_the_figures_of_the_incident(rig: Rig, mei: Browser):
    numbers = [rig.order(key=str(n), total="500.00" if n % 3 else "500.01") for n in range(9)]
    name = rig.batch(numbers[:4], at=rig.clock.now() - timedelta(minutes=12))
    with rig.boat.store.writing() as uow:
        uow.orders.hold([rig.order_id(numbers[8])], looks_like=numbers[7], reason="疑似重复")
    rig.message("m1", state="pending")
    rig.message("m2", state="dead")
    page = await mei.reads("/")
    for shown in (
        'id="accepted">9<',
        "<strong>3</strong>",
        "<strong>4</strong>",
        "12 分钟前生成",
        name,
        "下一批次 12:30",
        numbers[8],
    ):
        assert shown in page


async def test_figures_stay_right_while_orders_come_in(rig: Rig, mei: Browser):
    for n in range(5):
        rig.order(key=str(n), total="900.00", at=rig.clock.now() - timedelta(days=1))
    for n in range(5, 12):
        rig.order(key=str(n), total="900.00" if n % 2 else "10.00")
        rig.clock.at += timedelta(minutes=2)
        page = await mei.reads("/figures")
        assert f'id="accepted">{n + 1}<' in page
    assert "<strong>7</strong>" in page  # of today
    assert "<strong>9</strong>" in page  # of high priority


async def test_counting_goes_in_steps_and_says_when_it_is_not_done(
    rig: Rig, mei: Browser, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dashboard_figures, "CHUNK", 3)
    monkeypatch.setattr(dashboard_figures, "CHUNKS_A_LOOK", 2)
    for n in range(11):
        rig.order(key=str(n), total="900.00", at=rig.clock.now() - timedelta(minutes=5))
    page = await mei.reads("/")
    assert "<strong>6+</strong>" in page
    rig.clock.at += timedelta(seconds=3)
    assert "<strong>11</strong>" in await mei.reads("/figures")


async def test_an_overdue_batch_is_said_loudly(rig: Rig, mei: Browser):
    rig.order(key="1", at=rig.clock.now() - timedelta(minutes=50))
    assert "批次逾期" in await mei.reads("/")


async def test_degradation_is_said_on_the_home_page(rig: Rig, mei: Browser):
    rig.web.runtime.state.spool_depth = 3
    rig.web.runtime.state.troubles = (Trouble("no_standby", "PostgreSQL 没有同步备库"),)
    page = await mei.reads("/")
    assert "正在降级运行" in page
    assert "等待补入数据库" in page
    assert "没有同步备库" in page
