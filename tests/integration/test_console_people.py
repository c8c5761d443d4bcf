"""人员: first passwords shown once, roles changed by somebody else, and always an administrator left."""

import re
from urllib.parse import quote, unquote

import pytest
from structlog.testing import capture_logs

from tests.deployment import Deployment
from tests.deployment.console import PASSWORD, Browser

FIRST = re.compile(r'id="first-password">([a-z0-9]{4}(?:-[a-z0-9]{4}){3})<')


@pytest.fixture
async def boss(at_noon: Deployment) -> Browser:
    return await at_noon.console.signed_in("boss")


async def _added(boss: Browser, name: str = "xiaolin", role: str = "ops") -> str:
    page = await boss.post("/people", {"name": name, "role": role})
    assert page.status_code == 200, page.text
    found = FIRST.search(page.text)
    assert found
    return found[1]


async def _said(boss: Browser, path: str, fields: dict[str, str] | None = None) -> str:
    answer = await boss.post(path, fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/people")
    return await boss.reads("/people")


async def test_a_first_password_is_shown_on_one_answer_and_lets_its_person_in(at_noon: Deployment, boss: Browser):
    with capture_logs() as logs:
        page = await boss.post("/people", {"name": "xiaolin", "role": "ops"})
        found = FIRST.search(page.text)
        assert found
        later = [await boss.reads("/people"), await boss.reads("/audit")]
    with at_noon.store.reading() as uow:
        kept = str([deed.model_dump() for deed in uow.audit.page(limit=50)])
    for where in (*later, str(page.headers), unquote(str(boss.cookies)), str(page.url), str(logs), kept):
        assert found[1] not in where
    assert page.headers["cache-control"] == "no-store"
    assert "待首次登录" in later[0]
    browser = at_noon.console.browser(address="203.0.113.9")
    inward = await browser.sign_in("xiaolin", found[1])
    assert (inward.status_code, inward.headers["location"]) == (303, "/console/account")


async def test_a_page_with_a_first_password_asks_for_nothing_by_itself(at_noon: Deployment, boss: Browser):
    first = await _added(boss)
    browser = at_noon.console.browser()
    await browser.sign_in("xiaolin", first)
    page = await browser.reads("/account")
    for what in ("data-stream", "live.js", "data-bell"):
        assert what not in page
    for path in ("/live", "/strip", "/alerts/bell", "/figures"):
        assert (await browser.get(path)).status_code == 401  # a stream follows no redirect to a page
    assert (await browser.get("/orders")).headers["location"] == "/console/account"


async def test_a_reset_ends_what_was_and_shows_the_new_password_once(at_noon: Deployment, boss: Browser):
    mei = await at_noon.console.signed_in("mei")
    page = await boss.post("/people/mei/reset")
    found = FIRST.search(page.text)
    assert found
    assert found[1] not in await boss.reads("/people")
    assert (await mei.get("/")).status_code == 303
    again = at_noon.console.browser()
    assert (await again.sign_in("mei", PASSWORD)).status_code != 303
    assert (await again.sign_in("mei", found[1])).headers["location"] == "/console/account"


async def test_a_role_counts_from_the_next_click(at_noon: Deployment, boss: Browser):
    guest = await at_noon.console.signed_in("guest")
    assert (await guest.get("/settings")).status_code == 403
    assert "角色已改" in await _said(boss, "/people/guest/role", {"role": "it"})
    assert "审计" in await guest.reads("/settings")
    assert "请选择角色" in await _said(boss, "/people/guest/role", {"role": "root"})


async def test_an_account_is_closed_opened_and_signed_out(at_noon: Deployment, boss: Browser):
    mei = await at_noon.console.signed_in("mei")
    assert "已停用，所有登录已退出" in await _said(boss, "/people/mei/disable")
    assert (await mei.get("/")).status_code == 303
    assert (await mei.sign_in("mei")).status_code != 303
    assert "已启用" in await _said(boss, "/people/mei/enable")
    assert (await mei.sign_in("mei")).status_code == 303
    assert "已退出" in await _said(boss, "/people/mei/end-sessions")
    assert (await mei.get("/")).status_code == 303


async def test_nobody_decides_about_himself_and_an_administrator_stays(at_noon: Deployment, boss: Browser):
    assert "不能改自己的角色" in await _said(boss, "/people/boss/role", {"role": "viewer"})
    assert "不能改自己的角色" in await _said(boss, "/people/boss/disable")
    answer = await boss.post("/people/boss/reset")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/account")
    at_noon.console.add_person("second", "admin")
    second = at_noon.console.browser()
    await second.sign_in("second")
    assert "已停用" in await _said(second, "/people/boss/disable")
    assert (await boss.get("/people")).status_code == 303
    page = await second.reads("/people")
    assert 'action="/console/people/second/' not in page  # no buttons beside one's own name
    assert 'action="/console/people/boss/enable"' in page


@pytest.mark.parametrize(
    "fields", [{}, {"name": "a b", "role": "ops"}, {"name": "boss", "role": "ops"}, {"name": "x", "role": "root"}]
)
async def test_an_account_that_cannot_be_made_is_refused_in_words(boss: Browser, fields: dict[str, str]):
    page = await boss.post("/people", fields)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert not FIRST.search(page.text)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202eevil", "x" * 300, "a/b", "没有这个人"])
async def test_a_name_of_nobody_is_inert(boss: Browser, name: str):
    page = await boss.post("/people", {"name": name, "role": "nobody"})
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    for deed in ("role", "disable", "enable", "reset", "end-sessions"):
        assert (await boss.post(f"/people/{quote(name, safe='')}/{deed}", {"role": "ops"})).status_code in {303, 404}
    assert "<script>alert" not in await boss.reads("/people")
