"""Getting into the console, staying there, and being put out of it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.access import accounts, throttle
from app.web.console.session import COOKIE
from tests.deployment import Deployment
from tests.deployment.console import PASSWORD, Browser
from tests.deployment.facts import IT, NOON
from tests.fakes.clock import ClockAt


@pytest.fixture
def at_noon(tmp_path: Path) -> Iterator[Deployment]:
    at_noon = Deployment(tmp_path, clock=ClockAt(NOON), session_hours=8)
    at_noon.console.add_person("mei", "ops")
    yield at_noon
    at_noon.close()


@pytest.fixture
def browser(at_noon: Deployment) -> Browser:
    return at_noon.console.browser()


async def test_nobody_sees_a_page_without_signing_in(browser: Browser):
    for path in ("/", "/orders", "/orders/LB123", "/batches/B1/file", "/messages", "/held", "/account", "/nothing"):
        page = await browser.get(path)
        assert page.status_code == 303
        assert page.headers["location"].startswith("/console/login")


async def test_the_right_password_opens_the_console_and_leads_to_the_page_that_was_wanted(browser: Browser):
    refused = await browser.get("/orders?state=held")
    assert refused.headers["location"] == "/console/login?next=%2Fconsole%2Forders%3Fstate%3Dheld"
    await browser.get("/login")
    page = await browser.post(
        "/login?next=%2Fconsole%2Forders%3Fstate%3Dheld", {"username": "mei", "password": PASSWORD}
    )
    assert page.status_code == 303
    assert page.headers["location"] == "/console/orders?state=held"
    assert "订单" in await browser.reads("/orders?state=held")


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "/console\\..", "/v1/orders", "/console/\r\n"]
)
async def test_signing_in_never_leads_elsewhere(browser: Browser, target: str):
    await browser.get("/login")
    page = await browser.post(f"/login?{urlencode({'next': target})}", {"username": "mei", "password": PASSWORD})
    assert page.headers["location"] == "/console/"


async def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(browser: Browser):
    cookie = (await browser.sign_in("mei")).headers["set-cookie"].lower()
    assert COOKIE in cookie
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/console" in cookie
    assert "secure" not in cookie


async def test_cookies_are_secure_where_the_public_address_is(tmp_path: Path):
    at_noon = Deployment(tmp_path, clock=ClockAt(NOON), public_url="https://orders.example.com")
    at_noon.console.add_person("mei")
    browser = at_noon.console.browser(base="https://orders.example.com")
    first = await browser.get("/login")
    signed_in = await browser.sign_in("mei")
    for cookie in [*first.headers.get_list("set-cookie"), *signed_in.headers.get_list("set-cookie")]:
        assert "secure" in cookie.lower()
    at_noon.close()


async def test_an_unknown_account_and_a_wrong_password_get_the_same_answer(browser: Browser):
    unknown = await browser.sign_in("nobody", "something-else-1")
    wrong = await browser.sign_in("mei", "something-else-1")
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.text.replace("nobody", "mei") == wrong.text
    assert "账号或密码不正确" in wrong.text


async def test_names_no_account_could_have_are_refused_like_any_other(browser: Browser):
    for name in ("", "x" * 5000, "a\x00b", "<script>", "'; DROP TABLE user_account; --"):
        page = await browser.sign_in(name or " ", "something-else-1")
        assert page.status_code in {401, 429}
        assert "<script>" not in page.text


async def test_after_five_failures_the_account_has_to_wait_and_each_failure_doubles_it(
    at_noon: Deployment, browser: Browser
):
    for _ in range(5):
        assert (await browser.sign_in("mei", "wrong-password")).status_code == 401
    early = await browser.sign_in("mei")
    assert early.status_code == 429
    assert 1 <= int(early.headers["retry-after"]) <= 16
    at_noon.clock.at += timedelta(seconds=16)
    assert (await browser.sign_in("mei", "wrong-password")).status_code == 401
    at_noon.clock.at += timedelta(seconds=16)
    assert (await browser.sign_in("mei")).status_code == 429
    at_noon.clock.at += timedelta(seconds=15)
    assert (await browser.sign_in("mei")).status_code == 303


async def test_accounts_that_do_not_exist_have_to_wait_just_the_same(browser: Browser):
    for _ in range(5):
        await browser.sign_in("nobody", "wrong-password")
    assert (await browser.sign_in("nobody", "wrong-password")).status_code == 429


async def test_one_address_cannot_try_many_accounts(at_noon: Deployment, browser: Browser):
    for n in range(throttle.ADDRESS_FREE):
        assert (await browser.sign_in(f"guess-{n}", "wrong-password")).status_code == 401
    assert (await browser.sign_in("mei")).status_code == 429
    assert (await at_noon.console.browser(address="198.51.100.9").sign_in("mei")).status_code == 303


async def test_a_success_forgets_the_failures_of_the_account(browser: Browser):
    for _ in range(3):
        for _ in range(4):
            await browser.sign_in("mei", "wrong-password")
        assert (await browser.sign_in("mei")).status_code == 303
        await browser.post("/logout")


def test_waits_grow_to_a_quarter_of_an_hour_and_no_further():
    waits = [throttle.delay_after(n, free=5).total_seconds() for n in range(4, 15)]
    assert waits == [0, 15, 30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert throttle.delay_after(10**6, free=5) == throttle.LONGEST


def test_addresses_of_one_ipv6_network_are_one():
    assert throttle.of_address("2001:db8::1") == throttle.of_address("2001:db8::ffff")
    assert throttle.of_address("2001:db8::1") != throttle.of_address("2001:db8:0:1::1")
    assert throttle.of_address("::ffff:192.0.2.1") == throttle.of_address("192.0.2.1")


async def test_a_form_without_its_token_is_refused(at_noon: Deployment, browser: Browser):
    assert (await browser.post("/login", {"username": "mei", "password": PASSWORD}, csrf=False)).status_code == 403
    await browser.sign_in("mei")
    number = at_noon.door.post(key="1")
    for path in ("/logout", "/account", f"/orders/{number}/unmask", f"/orders/{number}/decide", "/orders/search"):
        page = await browser.post(path, csrf=False)
        assert page.status_code == 403
        assert "页面已过期" in page.text
    assert "mei" in await browser.reads("/")


async def test_signing_in_gives_another_session_each_time(browser: Browser):
    await browser.sign_in("mei")
    first = browser.cookies[COOKIE]
    await browser.post("/logout")
    assert COOKIE not in browser.cookies
    await browser.sign_in("mei")
    assert browser.cookies[COOKIE] != first


async def test_a_cookie_somebody_made_up_opens_nothing(browser: Browser):
    await browser.sign_in("mei")
    genuine = browser.cookies[COOKIE]
    for forged in (genuine[:-2] + "xx", "W1wxXQ.abc", "x"):
        browser.cookies.set(COOKIE, forged, domain="lifeboat.test", path="/console")
        assert (await browser.get("/orders")).status_code == 303


async def test_a_session_ends_two_hours_after_the_last_click(at_noon: Deployment, browser: Browser):
    await browser.sign_in("mei")
    for _ in range(3):
        at_noon.clock.at += timedelta(minutes=100)
        await browser.reads("/orders")
    at_noon.clock.at += timedelta(minutes=121)
    assert (await browser.get("/orders")).status_code == 303


async def test_the_home_page_refreshing_itself_is_no_click(at_noon: Deployment, browser: Browser):
    await browser.sign_in("mei")
    at_noon.clock.at += timedelta(minutes=70)
    await browser.reads("/figures")
    at_noon.clock.at += timedelta(minutes=70)
    assert (await browser.get("/figures")).status_code == 401


async def test_a_session_ends_after_its_longest_time_whatever_happens(at_noon: Deployment, browser: Browser):
    await browser.sign_in("mei")
    for _ in range(7):
        at_noon.clock.at += timedelta(hours=1)
        await browser.reads("/orders")
    at_noon.clock.at += timedelta(hours=1)
    assert (await browser.get("/orders")).status_code == 303


async def test_another_password_ends_the_other_sessions_and_keeps_this_one(at_noon: Deployment, browser: Browser):
    other = at_noon.console.browser()
    await other.sign_in("mei")
    await browser.sign_in("mei")
    new = "a-quite-different-one-3"
    wrong = await browser.post("/account", {"old": "not-my-password", "new": new, "again": new})
    assert wrong.status_code == 422
    assert "当前密码不正确" in wrong.text
    changed = await browser.post("/account", {"old": PASSWORD, "new": new, "again": new})
    assert changed.status_code == 303
    assert "密码已修改" in await browser.reads("/")
    assert (await other.get("/")).status_code == 303
    assert (await other.sign_in("mei")).status_code == 401
    assert (await other.sign_in("mei", new)).status_code == 303


@pytest.mark.parametrize(
    ("new", "again", "why"),
    [
        ("short", "short", "至少 10 位"),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "过于简单"),
        ("long-enough-1", "long-enough-2", "不一致"),
        (PASSWORD, PASSWORD, "不能与当前密码相同"),
    ],
)
async def test_a_password_that_is_no_good_is_refused_with_a_reason(browser: Browser, new: str, again: str, why: str):
    await browser.sign_in("mei")
    page = await browser.post("/account", {"old": PASSWORD, "new": new, "again": again})
    assert page.status_code == 422
    assert why in page.text


async def test_the_first_password_opens_only_the_page_that_replaces_it(at_noon: Deployment, browser: Browser):
    first = at_noon.console.add_person("admin", "admin", None)
    assert (await browser.sign_in("admin", first)).headers["location"] == "/console/account"
    for path in ("/", "/orders", "/settings"):
        assert (await browser.get(path)).headers["location"] == "/console/account"
    assert (await browser.get("/figures")).status_code == 401  # no page: what a page asks for by itself
    assert "请先设置您自己的密码" in await browser.reads("/account")
    await browser.post("/account", {"old": first, "new": PASSWORD, "again": PASSWORD})
    assert "当前没有应急事件" in await browser.reads("/")


async def test_closing_an_account_ends_its_sessions_at_once(at_noon: Deployment, browser: Browser):
    await browser.sign_in("mei")
    with at_noon.boat.store.writing() as uow:
        accounts.disable_user(uow, "mei", by=IT, now=at_noon.clock.now())
    assert (await browser.get("/")).status_code == 303
    assert (await browser.sign_in("mei")).status_code == 401
    with at_noon.boat.store.writing() as uow:
        accounts.enable_user(uow, "mei", by=IT, now=at_noon.clock.now())
    assert (await browser.sign_in("mei")).status_code == 303


async def test_one_can_sign_out_everywhere_else(at_noon: Deployment, browser: Browser):
    phone = at_noon.console.browser()
    await phone.sign_in("mei")
    await browser.sign_in("mei")
    assert (await browser.post("/account/end-sessions")).status_code == 303
    assert (await phone.get("/")).status_code == 303
    assert "其他设备" in await browser.reads("/")


def test_accounts_are_made_with_a_role_and_a_password_that_is_not_stored(at_noon: Deployment):
    with at_noon.boat.store.writing() as uow:
        password = accounts.add_user(uow, "it-zhang", role="it", by=IT, now=at_noon.clock.now())
        user = uow.access.user_named("it-zhang")
        assert user is not None
        assert user.must_change
        assert user.password_hash.startswith("$argon2id$")
        assert password not in user.password_hash
        with pytest.raises(accounts.AccountExists):
            accounts.add_user(uow, "it-zhang", role="it", by=IT, now=at_noon.clock.now())
        with pytest.raises(accounts.BadAccountName):
            accounts.add_user(uow, "<b>", role="it", by=IT, now=at_noon.clock.now())
        with pytest.raises(accounts.WeakPassword):
            accounts.add_user(uow, "li", role="it", password="1234567", by=IT, now=at_noon.clock.now())
        with pytest.raises(ValueError, match="boss"):
            accounts.add_user(uow, "li", role="boss", by=IT, now=at_noon.clock.now())
        with pytest.raises(accounts.NoSuchAccount):
            accounts.disable_user(uow, "li", by=IT, now=at_noon.clock.now())


async def test_a_locked_out_person_gets_in_with_a_password_set_at_the_server(at_noon: Deployment, browser: Browser):
    for _ in range(6):
        await browser.sign_in("mei", "wrong-password")
    with at_noon.boat.store.writing() as uow:
        fresh = accounts.set_password(uow, "mei", by=IT, now=at_noon.clock.now())
    assert (await browser.sign_in("mei", fresh)).headers["location"] == "/console/account"
