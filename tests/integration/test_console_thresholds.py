"""告警阈值: a supervisor tries lines out on the last days, saves them at once, and is told at the field what cannot be."""

import asyncio
import re
import threading

import pytest
from sqlalchemy import select

from app.domain.health_lines import DEFAULTS, texts_of
from app.domain.marks import Mark
from app.domain.problems import Busy
from app.domain.role import Role
from app.store.tables import Audit
from app.watch.stages.take_events import take_events
from app.web.console.pages import thresholds
from app.web.threads import on_a_thread
from tests.deployment import Deployment
from tests.deployment.events import reported
from tests.deployment.facts import minutes

FORM = texts_of(DEFAULTS)


def _seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found is not None
    return found[1]


async def test_lines_are_saved_at_once_and_live_and_given_back(on_sqlite: Deployment):
    browser = await on_sqlite.console.signed_in("zhang")
    page = await browser.reads("/thresholds")
    assert page.count("默认 ") >= len(FORM)
    assert "来自服务器的 .env" in page
    done = await browser.post("/thresholds", {**FORM, "slow_times": "2.0", "backlog_above": "300", "seen": ""})
    assert (done.status_code, done.headers["location"]) == (303, "/console/thresholds")
    page = await browser.reads("/thresholds")
    assert "黄灯变慢：平时的倍数 1.5 → 2；红灯积压：超过多少单 200 → 300" in page
    assert _seen(page) == "slow_times=2,backlog_above=300"
    assert re.search(r"zhang(</bdi>)? 于", page)
    assert on_sqlite.boat.kept.now(at_once=True).settings.lines.backlog.above == 300
    assert "slow_times=1.5、backlog_above=200" in await browser.reads("/audit")
    assert "机器人与通知" in (kept := await browser.reads("/kept"))
    assert "health_lines" not in kept
    await browser.post("/thresholds/forget")
    assert "已恢复" in await browser.reads("/thresholds")
    assert on_sqlite.boat.kept.now(at_once=True).settings.lines == DEFAULTS
    deeds = on_sqlite.rows.all(select(Audit).where(Audit.action.like("setting.%")))
    assert [one.action for one in deeds] == ["setting.change", "setting.forget"]


async def test_what_cannot_be_stands_at_its_field_and_nothing_is_saved(on_sqlite: Deployment):
    browser = await on_sqlite.console.signed_in("zhang")
    for path in ("/thresholds", "/thresholds/what-if"):
        page = await browser.post(path, {**FORM, "slow_times": "1.1", "feed_gaps": "很多"})
        assert page.status_code == 422
        assert 'data-wrong="2"' in page.text
        assert re.search(r'id="w-slow_clears_below">(<bdi[^>]*>)?须小于', page.text)
        assert re.search(r'id="w-feed_gaps">(<bdi[^>]*>)?须为数字', page.text)
        assert 'name="feed_gaps" value="很多"' in page.text
    assert on_sqlite.rows.all(select(Audit).where(Audit.action.like("setting.%"))) == []


async def test_what_somebody_else_has_saved_meanwhile_is_not_undone(on_sqlite: Deployment):
    browser = await on_sqlite.console.signed_in("zhang")
    await browser.post("/thresholds", {**FORM, "gate_waiting": "9", "seen": ""})
    stale = await browser.post("/thresholds", {**FORM, "slow_times": "2", "seen": ""})
    assert stale.status_code == 409
    assert "刚被别人改过" in stale.text
    assert _seen(stale.text) == "gate_waiting=9"
    assert on_sqlite.boat.kept.now(at_once=True).settings.lines.slow.times == 1.5


async def test_the_last_days_are_judged_by_what_is_typed_and_nothing_is_saved(on_sqlite: Deployment):
    now = on_sqlite.clock.now()
    events = [reported(f"SO{n}", Mark.PAID, now - minutes(90)) for n in range(5)]
    assert take_events(on_sqlite.store, events, now=now).applied == 5
    browser = await on_sqlite.console.signed_in("zhang")
    page = await browser.post(
        "/thresholds/what-if", {**FORM, "gate_waiting": "6", "gate_high_waiting": "6", "days": "3", "seen": ""}
    )
    assert page.status_code == 200
    assert re.search(r"按下面填的阈值会响 <b>0</b> 次；按现在的阈值会响 <b>1</b> 次", page.text)
    assert 'data-rule="gate_blocked"' in page.text
    assert 'name="gate_waiting" value="6"' in page.text
    assert "还没有保存" in page.text
    again = await browser.post("/thresholds/what-if", {**FORM, "days": "1"})
    assert "入仓停了：天猫已有 30 分钟没有订单进入仓库，5 单在等" in again.text
    assert on_sqlite.rows.alerts() == []


async def test_a_judgement_that_broke_is_said_and_what_was_typed_is_kept(
    on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch
):
    browser = await on_sqlite.console.signed_in("zhang")
    monkeypatch.setattr("app.bootstrap.what_if.sys.executable", "/nowhere/python")
    page = await browser.post("/thresholds/what-if", {**FORM, "slow_times": "4"})
    assert page.status_code == 503
    assert "试算没有完成" in page.text
    assert 'name="slow_times" value="4"' in page.text


async def test_there_is_one_judgement_at_a_time(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch):
    """Each reads weeks: ten people who click do not take ten processors."""
    begun, over = threading.Event(), threading.Event()

    def judge(*_: object, **__: object) -> None:
        begun.set()
        over.wait(60)
        raise Busy("ended")

    monkeypatch.setattr(thresholds, "judge_apart", judge)
    browser = await on_sqlite.console.signed_in("zhang")
    first = asyncio.create_task(browser.post("/thresholds/what-if", FORM))
    await on_a_thread("begun", lambda: begun.wait(60))
    try:
        second = await browser.post("/thresholds/what-if", FORM)
    finally:
        over.set()
    assert second.status_code == 503
    assert "另一次试算正在进行" in second.text
    assert "ended" in (await first).text


async def test_whoever_may_not_turn_them_sees_them_without_a_form(on_sqlite: Deployment):
    on_sqlite.console.add_person("kan", Role.VIEWER)
    browser = on_sqlite.console.browser()
    await browser.sign_in("kan")
    page = await browser.reads("/thresholds")
    assert "红灯积压：超过多少单" in page
    assert 'name="slow_times"' not in page
    assert (await browser.post("/thresholds", FORM)).status_code == 403
