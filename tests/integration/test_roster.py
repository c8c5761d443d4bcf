"""值班 and one's own phone: at the console, at the command line and over HTTP the same roster, and nobody's number."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.access import accounts
from app.bootstrap import Lifeboat
from app.domain.contact import ContactWay
from app.notify.dispatch.sms import SmsDispatcher
from app.store.contacts import reachable_at
from app.store.on_duty import on_duty
from app.store.tables import Audit, User
from app.watch import roster
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import IT, KEYS, NOON
from tests.deployment.web import Web
from tests.fakes.channels import FakeSms
from tests.fakes.clock import ClockAt
from tests.integration.conftest import Run

MINE = "13912345678"
EVENING = {"name": "mei", "since": "2026-11-22T12:00", "until": "2026-11-22T20:00", "place": "1"}


async def _said(browser: Browser, path: str, fields: dict[str, str], *, at: str = "/roster") -> str:
    answer = await browser.post(path, fields)
    assert (answer.status_code, answer.headers["location"].partition("#")[0]) == (303, f"/console{at}")
    return await browser.reads(at)


async def test_a_roster_is_made_changed_and_shown_at_the_console(at_noon: Deployment, mei: Browser):
    assert "请先设置兜底人" in await _said(mei, "/roster", EVENING)
    at_noon.console.add_person("lan", "service")
    assert "兜底人现在是 lan" in await _said(mei, "/roster/fallback", {"name": "lan"})
    assert "已排 3 个班次" in await _said(mei, "/roster", {**EVENING, "days": "3"})
    assert "这段时间已有 mei 的班" in await _said(mei, "/roster", EVENING)
    page = await _said(
        mei, "/roster/override", {**EVENING, "name": "lan", "since": "2026-11-22T13:00", "reason": "开会"}
    )
    assert "到 13:00，之后 " in page
    assert "开会" in page
    for found in ("roster_gap", "roster_unverified"):
        assert f'data-lack="{found}"' in page
    with at_noon.store.reading() as uow:
        shift, override = (
            uow.roster.shifts(since=NOON, until=NOON.replace(day=25))[0],
            uow.roster.overrides(since=NOON, until=NOON.replace(day=25))[0],
        )
    assert "班次已改" in await _said(mei, f"/roster/{shift.id}/change", {**EVENING, "until": "2026-11-22T21:00"})
    assert "已取消换班" in await _said(mei, f"/roster/override/{override.id}/remove", {})
    assert "班次已删除" in await _said(mei, f"/roster/{shift.id}/remove", {})
    assert "可能刚被删除" in await _said(mei, f"/roster/{shift.id}/remove", {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": ""},
        {"until": "gestern"},
        {"place": "7"},
        {"days": "x"},
        {"name": "<b>"},
        {"until": "0001-01-01T00:00"},
    ],
)
async def test_what_is_no_turn_is_told_and_nothing_is_kept(at_noon: Deployment, mei: Browser, wrong: dict[str, str]):
    await mei.post("/roster/fallback", {"name": "mei"})
    page = await _said(mei, "/roster", {**EVENING, **wrong})
    assert "lb-error" in page
    with at_noon.store.reading() as uow:
        assert uow.roster.shifts(since=NOON, until=NOON.replace(day=25)) == []


async def test_customer_service_sees_who_is_on_duty_and_changes_nothing(at_noon: Deployment):
    lan = await at_noon.console.signed_in("lan")
    page = await lan.reads("/roster")
    assert "现在" in page
    assert 'action="/console/roster' not in page
    assert (await lan.post("/roster", EVENING)).status_code == 403


async def test_one_enters_a_phone_and_verifies_it_with_the_code_that_came(tmp_path: Path):
    sms = {
        "sms_provider": "aliyun",
        "sms_access_key_id": "i",
        "sms_access_key_secret": "s",
        "sms_sign_name": "店",
        "sms_notice_template": "SMS_1",
        "sms_coupon": "off",
        "sms_code_template": "SMS_2",
    }
    made = Deployment(tmp_path, clock=ClockAt(NOON), **sms)
    assert made.door
    mei = await made.console.signed_in("mei")
    page = await _said(mei, "/account/contact", {"way": "phone", "value": MINE}, at="/account")
    assert "139****5678" in page
    assert "未验证" in page
    assert MINE not in page
    await _said(mei, "/account/code", {"way": "phone"}, at="/account")
    made.notices.composed()
    provider = FakeSms()
    await SmsDispatcher(made.store, KEYS, made.clock, provider, dry_run=FakeSms(), per_day=10, per_client=10).run_once()
    code = provider.sent[0].values["code"]
    wrong = await mei.post("/account/confirm", {"way": "phone", "value": "x"})
    assert (wrong.status_code, "验证码不对，还可以试 4 次" in wrong.text) == (422, True)
    assert "手机已验证" in await _said(mei, "/account/confirm", {"way": "phone", "value": code}, at="/account")
    user = made.rows.all(select(User).where(User.name == "mei"))[0]
    assert reachable_at(KEYS, user, ContactWay.PHONE) == MINE
    messages = await mei.reads("/messages")
    assert "验证码" in messages
    boss = await made.console.signed_in("boss")
    people = await boss.reads("/people")
    assert "139****5678（已验证）" in people
    for text in (messages, people, str([deed.model_dump() for deed in made.rows.all(select(Audit))])):
        assert MINE not in text
        assert code not in text
    made.close()


async def test_where_nothing_carries_a_code_none_is_promised(at_noon: Deployment, mei: Browser):
    await mei.post("/account/contact", {"way": "phone", "value": MINE})
    answer = await mei.post("/account/code", {"way": "phone"})
    assert (answer.status_code, "LIFEBOAT_SMS_CODE_TEMPLATE" in answer.text) == (422, True)
    assert (await mei.post("/account/contact", {"way": "fax", "value": MINE})).status_code == 422
    assert (await mei.post("/account/contact", {"way": "phone", "value": "12"})).status_code == 422


def test_the_command_line_keeps_the_same_roster(run: Run, boat: Lifeboat):
    with boat.store.writing() as uow:
        for name in ("mei", "lan"):
            accounts.add_user(uow, name, role="ops", by=IT, now=boat.clock.now())
    run("roster", "add", "mei", "2031-01-01T08:00", "2031-01-01T20:00", code=1)
    assert json.loads(run("roster", "fallback", "lan", "--json").stdout) == {"fallback": "lan"}
    at = datetime.fromisoformat(json.loads(run("roster", "list", "--json").stdout)["at"])
    day = (f"{at:%Y-%m-%d}T00:00", f"{at + timedelta(days=1):%Y-%m-%d} 00:00")
    ids = json.loads(run("roster", "add", "mei", *day, "--days", "2", "--json").stdout)["ids"]
    assert len(ids) == 2
    assert "已有 mei 的班" in run("roster", "add", "lan", *day, code=1).output
    made = json.loads(run("roster", "override", "lan", *day, "--reason", "病假", "--json").stdout)["id"]
    listed = json.loads(run("roster", "list", "--json").stdout)
    assert listed["now"]["first"] == "lan"
    assert listed["now"]["fallback"] is None  # he is on duty himself
    assert [listed["items"][0][key] for key in ("who", "by", "reason")] == ["lan", "override", "病假"]
    said = run("roster", "list").output
    assert "现在：第一值班 lan" in said
    assert "没有人值班" in said
    run("roster", "remove", str(made), "--override")
    assert json.loads(run("roster", "list", "--json").stdout)["now"]["first"] == "mei"
    run("roster", "remove", str(ids[0]))
    run("roster", "remove", str(ids[0]), code=1)
    assert "没有人值班" in run("doctor").output


def test_the_command_line_enters_a_phone_which_is_not_verified_by_that(run: Run):
    run("users", "add", "mei", "--role", "ops")
    item = json.loads(run("users", "set", "mei", "--phone", MINE, "--email", "mei@example.com", "--json").stdout)
    assert (item["phone"], item["phone_verified"], item["email"], item["email_verified"]) == (
        "139****5678",
        False,
        "m***@example.com",
        False,
    )
    assert "须由本人在控制台" in run("users", "set", "mei", "--phone", "13700000000").output
    assert "137****0000（未验证）" in run("users", "list").output
    assert "11 位手机号" in run("users", "set", "mei", "--role", "it", "--phone", "12", code=1).output
    assert json.loads(run("users", "list", "--json").stdout)[0]["role"] == "ops"  # all of it, or nothing
    assert json.loads(run("users", "set", "mei", "--phone", "", "--json").stdout)["phone"] is None
    run("users", "set", "mei", code=2)


async def test_the_roster_over_http_names_accounts_and_no_numbers(web: Web):
    boat = web.app.parts.boat
    now = boat.clock.now()
    with boat.store.writing() as uow:
        accounts.add_user(uow, "mei", role="ops", by=IT, now=now)
        roster.set_fallback(uow, "mei", by=IT, now=now)
    key = {"authorization": f"Bearer {await web.key('till', scope='ops')}"}
    answer = await web.get("/v1/roster?days=3", headers=key)
    assert answer.status_code == 200
    said = answer.json()
    assert said["now"] == {"first": None, "second": None, "fallback": "mei", "until": None, "next": None}
    assert [one["by"] for one in said["items"]] == ["gap"]
    assert [one["code"] for one in said["lacks"]] == ["roster_nobody", "roster_gap", "roster_unverified"]
    with boat.store.reading() as uow:
        assert [one.name for one in on_duty(uow, now).people] == ["mei"]
    for scope in ("intake", "lifecycle"):
        other = {"authorization": f"Bearer {await web.key(scope, scope=scope)}"}
        assert (await web.get("/v1/roster", headers=other)).status_code == 403
