"""机器人与通知: IT changes who is told without a shell, sees where each value comes from, and tries it at once."""

from sqlalchemy import select

from app.bootstrap import Lifeboat
from app.store.tables import Audit
from tests.deployment import Deployment
from tests.deployment.rows import Rows
from tests.fakes.serving import serve
from tests.fakes.wecom import WecomFake

KEY = "s3cr3t-of-the-robot-ab12"
ROBOT = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"


def _deeds(boat: Lifeboat) -> list[Audit]:
    return Rows(boat.store).all(select(Audit).where(Audit.action.like("setting.%")).order_by(Audit.id))


async def test_a_robot_is_added_seen_by_host_and_last_four_and_taken_out_again(on_sqlite: Deployment):
    browser = await on_sqlite.console.signed_in("zhang")
    page = await browser.reads("/kept")
    assert "还没有机器人" in page
    assert page.count('<p class="lb-soft">来自服务器的 .env') == 9
    done = await browser.post("/kept/change", {"name": "wecom_robots", "how": "add", "value": ROBOT})
    assert (done.status_code, done.headers["location"]) == (303, "/console/kept")
    page = await browser.reads("/kept")
    assert "企业微信机器人已改为：qyapi.weixin.qq.com …ab12" in page
    assert page.count('<p class="lb-soft">来自控制台：') == 1
    assert KEY not in page
    assert KEY not in await browser.reads("/audit")
    assert KEY not in await browser.reads("/settings/values")
    assert "恢复为 .env 的值" in page
    await browser.post("/kept/forget", {"name": "wecom_robots"})
    page = await browser.reads("/kept")
    assert "已恢复为 .env 的值" in page
    assert page.count('<p class="lb-soft">来自服务器的 .env') == 9
    assert [deed.action for deed in _deeds(on_sqlite.boat)] == ["setting.change", "setting.forget"]


async def test_a_wrong_value_is_said_and_changes_nothing(on_sqlite: Deployment):
    browser = await on_sqlite.console.signed_in("zhang")
    await browser.post("/kept/change", {"name": "wecom_robots", "how": "add", "value": "http://169.254.169.254/?key=x"})
    assert "企业微信机器人没有改动" in await browser.reads("/kept")
    await browser.post("/kept/change", {"name": "secret_key", "value": "x" * 40})
    assert "不能在这里设置" in await browser.reads("/kept")
    await browser.post("/kept/forget", {"name": "wecom_robots"})
    assert "现在用的就是 .env 的值" in await browser.reads("/kept")
    await browser.post("/kept/test", {"target": "wecom:000000000000"})
    assert "没有这个机器人或邮箱" in await browser.reads("/kept")
    assert _deeds(on_sqlite.boat) == []


async def test_a_test_message_leaves_now_and_the_answer_is_said_and_recorded(on_sqlite: Deployment):
    fake = WecomFake(keys={"good"})
    with serve(fake.app()) as base:
        good, gone = (f"{base}/cgi-bin/webhook/send?key={key}" for key in ("good", "gone"))
        boat = on_sqlite.opened(wecom_robots=f"{good},{gone}")
        boat.prepare_store()
        there = Deployment(on_sqlite.folder, clock=on_sqlite.clock, wecom_robots=f"{good},{gone}")
        there.__dict__["boat"] = boat
        browser = await there.console.signed_in("zhang")
        first, second = _targets(await browser.reads("/kept"))
        await browser.post("/kept/test", {"target": first})
        assert "对方已收下" in await browser.reads("/kept")
        assert len(fake.calls["good"]) == 1
        await browser.post("/kept/test", {"target": first})
        assert "刚刚测试过" in await browser.reads("/kept")
        assert len(fake.calls["good"]) == 1
        await browser.post("/kept/test", {"target": second})
        assert "没有发出：" in await browser.reads("/kept")
    assert [deed.action for deed in _deeds(boat)] == ["setting.test", "setting.test_answer"] * 2


async def test_an_address_of_an_alert_is_tried_by_the_mail_server(on_sqlite: Deployment):
    browser = await on_sqlite.console.signed_in("zhang")
    await browser.post("/kept/change", {"name": "alert_emails", "value": "li@example.com"})
    page = await browser.reads("/kept")
    (target,) = _targets(page)
    assert "l…@example.com" in page
    await browser.post("/kept/test", {"target": target})
    assert "未接通" in await browser.reads("/kept")  # there is no mail server
    assert "li@example.com" not in str([deed.detail for deed in _deeds(on_sqlite.boat)])


async def test_only_it_and_administrators_get_there(on_sqlite: Deployment):
    for name, status in (("mei", 403), ("boss", 200)):
        assert (await (await on_sqlite.console.signed_in(name)).get("/kept")).status_code == status


def _targets(page: str) -> list[str]:
    tests = page.split('action="/console/kept/test"')[1:]
    return [one.split('name="target" value="')[1].split('"')[0] for one in tests]
