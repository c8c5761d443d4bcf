"""店铺密钥: shown once and nowhere else, replaced while both hold, revoked; only by an administrator."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from structlog.testing import capture_logs

from app.access import clients
from app.web.auth import Access
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import minutes
from tests.deployment.web import running

KEY = re.compile(r"lbk_([0-9a-z]{10})_[\w\-]{40,}")
PLANTED = '"><script>alert(1)</script>'


@pytest.fixture
async def boss(at_noon: Deployment) -> Browser:
    return await at_noon.console.signed_in("boss")


async def _added(boss: Browser, name: str = "天猫旗舰店", **more: str) -> re.Match[str]:
    page = await boss.post("/keys", {"name": name, "scope": "intake", **more})
    assert page.status_code == 200, page.text
    found = KEY.search(page.text)
    assert found
    return found


async def test_a_key_opens_the_door_and_is_shown_on_one_answer_alone(at_noon: Deployment, boss: Browser):
    with capture_logs() as logs:
        page = await boss.post("/keys", {"name": "天猫旗舰店", "scope": "intake"})
        found = KEY.search(page.text)
        assert found
        secret = found[0].rpartition(found[1])[2][1:]
        later = [await boss.reads("/keys"), await boss.reads("/audit"), await boss.reads("/settings/values")]
    assert page.headers["cache-control"] == "no-store"
    assert "<svg" in page.text
    assert f"Authorization: Bearer {found[0]}" in page.text.replace("&#39;", "'")
    cookies = unquote(str(boss.cookies))
    with at_noon.store.reading() as uow:
        kept = str([deed.model_dump() for deed in uow.audit.page(limit=50)])
    for where in (*later, str(page.headers), str(page.url), cookies, str(logs), kept):
        assert secret not in where
    assert "还没有用过" in later[0]
    async with running(at_noon.opened()) as web:
        answer = await web.get("/v1/orders/LB0", headers={"authorization": f"Bearer {found[0]}"})
        assert answer.status_code == 404  # not 401


async def test_the_command_that_is_shown_orders_nothing_as_it_stands(at_noon: Deployment, boss: Browser):
    """Pasted by somebody curious, an order would open an incident and text a stranger."""
    page = (await boss.post("/keys", {"name": "x", "scope": "intake"})).text.replace("&#39;", "'").replace("&#34;", '"')
    found = KEY.search(page)
    body = re.search(r"-d '(\{.*\})'", page)
    assert found
    assert body
    async with running(at_noon.opened()) as web:
        answer = await web.post(
            "/v1/orders",
            content=body[1],
            headers={"authorization": f"Bearer {found[0]}", "content-type": "application/json"},
        )
    assert answer.status_code == 422
    assert "/phone" in answer.text


async def test_a_rotated_key_holds_beside_the_old_one_and_the_page_says_which_is_in_use(
    at_noon: Deployment, boss: Browser
):
    old = (await _added(boss))[1]
    client = re.search(
        r'data-client="(\w+)"[^>]*>\s*<div class="lb-between"><b><bdi class="lb-said">天猫', await boss.reads("/keys")
    )
    assert client
    at_noon.clock.at += minutes(1)  # of two keys made in one moment neither is the old one
    page = await boss.post(f"/keys/{client[1]}/rotate")
    new = KEY.search(page.text)
    assert new
    assert new[1] != old
    assert "新旧两把都有效" in page.text
    assert "新密钥还没有用过" in page.text
    _use(at_noon, old)
    at_noon.clock.at += minutes(3)
    assert "旧密钥 3 分钟前还在用" in await boss.reads("/keys")
    at_noon.clock.at += minutes(60)
    _use(at_noon, new[1])
    assert "旧密钥已 1 小时 3 分钟没有用过，新密钥在用：可以吊销旧密钥" in await boss.reads("/keys")
    assert "已有两把有效密钥" in await _said(boss, f"/keys/{client[1]}/rotate")
    assert "已吊销" in await _said(boss, f"/keys/{old}/revoke")
    assert f"lbk_{old}_" not in await boss.reads("/keys")
    assert "没有有效的密钥" in await _said(boss, f"/keys/{old}/revoke")


def _use(deployment: Deployment, key_id: str) -> None:
    with deployment.store.writing() as uow:
        clients.note_uses(uow, [key_id], now=deployment.clock.now())


async def _said(browser: Browser, path: str) -> str:
    assert (await browser.post(path)).status_code == 303
    return await browser.reads("/keys")


async def test_what_opens_the_door_is_noted_and_a_wrong_secret_is_not(at_noon: Deployment, boss: Browser):
    used, idle = await _added(boss, "甲"), await _added(boss, "乙")
    access = Access(at_noon.store, at_noon.folder / "clients.json", clock=at_noon.clock)
    await access.caller(used[0])
    access.find(idle[0][:-4] + "xxxx")
    await access.note_uses()
    with at_noon.store.reading() as uow:
        assert uow.access.uses([used[1], idle[1]]) == {used[1]: at_noon.clock.now()}


async def test_a_note_that_fails_is_made_the_next_time(at_noon: Deployment, boss: Browser):
    used = await _added(boss)
    access = Access(at_noon.store, at_noon.folder / "clients.json", clock=at_noon.clock)
    await access.caller(used[0])
    broken = type("Broken", (), {"writing": lambda _self: 1 / 0})()
    whole, access._store = access._store, broken  # type: ignore[assignment]  # noqa: SLF001 - it goes away
    await access.note_uses()
    access._store = whole  # noqa: SLF001
    await access.note_uses()
    with at_noon.store.reading() as uow:
        assert set(uow.access.uses([used[1]])) == {used[1]}


@pytest.mark.parametrize(
    "fields",
    [{}, {"name": "  ", "scope": "intake"}, {"name": "x" * 65, "scope": "intake"}, {"name": "x", "scope": "root"}],
)
async def test_a_key_that_cannot_be_made_is_refused_in_words(boss: Browser, fields: dict[str, str]):
    page = await boss.post("/keys", fields)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert not KEY.search(page.text)


async def test_a_name_of_a_stranger_is_inert_and_may_be_used_once(boss: Browser):
    await _added(boss, PLANTED)
    page = await boss.post("/keys", {"name": PLANTED, "scope": "intake"})
    assert page.status_code == 422
    assert "已存在" in page.text
    assert PLANTED not in page.text


@pytest.mark.parametrize("path", ["/keys/{}/rotate", "/keys/{}/revoke"])
@pytest.mark.parametrize("name", ["nobody", "%3Cb%3E", "x" * 300, "%00"])
async def test_nonsense_in_the_address_says_so(boss: Browser, path: str, name: str):
    answer = await boss.post(path.format(name))
    assert answer.status_code in {303, 404}


async def test_a_first_key_is_what_an_administrator_is_led_to(tmp_path: Path):
    bare = Deployment(tmp_path)
    boss = await bare.console.signed_in("boss")
    assert 'href="/console/keys"' in await boss.reads("/")
    assert "还没有店铺密钥" in await boss.reads("/keys")
    bare.close()
