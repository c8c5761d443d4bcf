"""The jobs of an outage, on a phone and at a desk: each in so few taps, and what came of it stands in the database."""

import asyncio
import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect
from sqlalchemy import func, select

from app.store.tables import Attention, Batch, Client, OrderRow, User
from app.worker.main import Worker
from tests.browser.conftest import CHROMIUM, SIZES
from tests.browser.hand import Hand, hand
from tests.browser.outage import outage_in
from tests.deployment import Deployment
from tests.deployment.facts import IT, NOON, hours, minutes, seconds
from tests.fakes.serving import closed_port, serve
from tests.harness.waiting import until

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the console is not tested in a browser (apt-get install chromium)"
)

Open = Callable[..., Hand]


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Deployment]:
    made = outage_in(tmp_path)
    yield made
    made.close()


@pytest.fixture
def address(outage: Deployment) -> Iterator[str]:
    with serve(outage.web, lifespan="on") as url:
        yield url


@pytest.fixture(params=list(SIZES))
def stranger(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Hand]:
    """A browser in which nobody has signed in."""
    with hand(chromium, address, request.param) as one:
        yield one


@pytest.fixture
def boss(stranger: Hand) -> Hand:
    """An administrator before the home page, whose taps are counted from there."""
    stranger.page.goto("/console")
    stranger.sign_in("boss")
    stranger.page.wait_for_url("**/console/")
    stranger.taps = 0
    return stranger


def took(one: Hand, button: Locator) -> bytes:
    """Tap a download and return what came; a page with a link to a file is then shown anew, as it says who has it."""
    page = one.page
    link = button.get_attribute("download") is not None
    with page.expect_event("load") if link else nullcontext(), page.expect_download() as waiting:
        one.tap(button)
    return Path(waiting.value.path()).read_bytes()


def batches(outage: Deployment) -> list[Batch]:
    """Return the batches, oldest first."""
    return outage.rows.all(select(Batch).order_by(Batch.id))


def downloaders(outage: Deployment, batch: str) -> list[str]:
    with outage.store.reading() as uow:
        return [one.actor for one in uow.audit.of(batch, "batch.download")]


def test_what_came_in_is_seen_without_a_tap(boss: Hand, outage: Deployment):
    orders = outage.rows.all(select(OrderRow))
    fen, last = sum(row.total_fen or 0 for row in orders), max(row.received_at for row in orders)
    hero = boss.page.locator(".lb-hero")
    assert boss.is_on_the_first_screen(hero)
    expect(hero.locator("#accepted")).to_have_text(str(len(orders)))
    expect(hero.locator("dl")).to_contain_text(f"¥{fen / 100:,.2f}")
    expect(hero.locator("dl")).to_contain_text(re.compile(r"每分钟\s*[1-9][0-9]* 笔"))
    assert hero.locator("time").get_attribute("datetime") == last.isoformat()
    assert boss.taps == 0


def test_what_is_urgent_now_is_one_tap_away_and_is_ticked_off(boss: Hand, outage: Deployment):
    boss.tap(boss.page.get_by_role("link", name="高优待认领"))
    assert boss.taps == 1
    cards = boss.page.locator(".lb-urgent")
    open_ones = select(OrderRow.number).where(
        OrderRow.priority == "high", OrderRow.state.in_(("accepted", "held"))
    )  # of whom none is handled yet
    shown = {one.get_attribute("data-order") for one in cards.all()}
    assert shown == set(outage.rows.all(open_ones))
    card = cards.filter(has=boss.page.get_by_role("button", name="认领")).first
    number = card.get_attribute("data-order") or ""
    expect(card).to_contain_text("×")  # what was bought
    boss.tap(card.get_by_role("button", name="认领"))
    boss.tap(boss.page.locator(f"[data-order='{number}']").get_by_role("button", name="已处理"))
    expect(boss.page.get_by_text("已标记为已处理")).to_be_visible()
    (attention,) = outage.rows.all(select(Attention).where(Attention.order_id == outage.rows.order_id(number)))
    assert (attention.claimed_by, attention.handled_by) == ("boss", "boss")
    assert boss.taps == 3


def test_from_the_groups_link_the_newest_file_is_two_taps_away_and_goes_to_the_office(
    stranger: Hand, outage: Deployment, chromium: Browser, address: str
):
    newest = batches(outage)[-1]
    stranger.page.goto(f"/console/batches/{newest.name}")  # as the group's message links it
    stranger.sign_in("boss")
    stranger.page.wait_for_url(f"**/batches/{newest.name}")
    file = took(stranger, stranger.page.get_by_role("link", name="下载 CSV").first)
    assert hashlib.sha256(file).hexdigest() == newest.sha256
    assert stranger.taps == 2
    stranger.tap(stranger.page.get_by_role("button", name="交给电脑"))
    code = stranger.page.locator("#handover-code").inner_text()
    with hand(chromium, address, "pc") as office:  # where nobody is signed in
        office.page.goto("/handover/")
        office.page.get_by_label("代码").fill(code)
        assert took(office, office.page.get_by_role("button", name="下载 CSV")) == file
        assert office.taps == 1
    assert downloaders(outage, newest.name or "") == ["boss", "boss"]


def test_the_newest_file_is_one_tap_away_on_the_first_screen(boss: Hand, outage: Deployment):
    newest = batches(outage)[-1]
    button = boss.page.locator(".lb-next").get_by_role("link", name="下载 CSV")
    assert boss.is_on_the_first_screen(button)
    assert hashlib.sha256(took(boss, button)).hexdigest() == newest.sha256
    assert boss.taps == 1
    assert downloaders(outage, newest.name or "") == ["boss"]
    expect(boss.page.locator("#next-step")).not_to_contain_text(newest.name or "")


def test_an_older_file_is_one_tap_away_in_the_list_and_all_of_them_in_another(boss: Hand, outage: Deployment):
    outage.clock.at = NOON + minutes(20)
    outage.maker.build().run_once(outage.clock.at, by=IT)
    untaken = [one for one in batches(outage) if not downloaders(outage, one.name or "")]
    assert len(untaken) == 2
    boss.page.goto("/console/batches")
    with zipfile.ZipFile(io.BytesIO(took(boss, boss.page.get_by_role("button", name="全部未下载")))) as packed:
        sums = {hashlib.sha256(packed.read(name)).hexdigest() for name in packed.namelist()}
    assert sums >= {one.sha256 for one in untaken}
    assert boss.taps == 1
    older = untaken[0].name or ""
    file = took(boss, boss.page.get_by_role("link", name=f"下载 {older} 的 CSV"))
    assert hashlib.sha256(file).hexdigest() == untaken[0].sha256
    assert boss.taps == 2
    assert downloaders(outage, older) == ["boss", "boss"]


def test_a_look_alike_is_decided_by_one_tap_on_what_differs_and_taken_back_by_another(boss: Hand, outage: Deployment):
    page = boss.page
    page.goto("/console/held?queue=look_alike")
    card = page.locator("[data-kind=look_alike]").first
    number = (card.get_attribute("id") or "").removeprefix("o-")
    expect(card.locator(".lb-twins")).to_contain_text("受理")
    page.keyboard.press("j")
    expect(card).to_be_focused()
    boss.tap(card.get_by_role("button", name="是重复单"))
    expect(page.locator(".lb-undo")).to_be_visible()
    assert outage.rows.states([number]) == ["duplicate"]
    assert boss.taps == 1
    boss.tap(page.locator(".lb-undo").get_by_role("button", name="撤销"))
    expect(page.locator(f"#o-{number}")).to_be_visible()
    assert outage.rows.states([number]) == ["held"]


def test_results_are_seen_before_they_count_applied_and_repaired_in_four_taps(boss: Hand, outage: Deployment):
    page, newest = boss.page, batches(outage)[-1]
    numbers = outage.maker.numbers_in(newest.name or "")
    refused, unknown = numbers[:6], "LB000000000001H"
    lines = [f"{n},失败,,商品编码 B-2002 已下架" for n in refused]
    lines += [f"{n},成功,SO{at:07d}," for at, n in enumerate(numbers[6:])]
    file = "\n".join(["应急单号,结果,主系统单号,原因", *lines, f"{unknown},成功,SO9,"]).encode()
    page.goto(f"/console/batches/{newest.name}/results")
    before = outage.rows.states(numbers)
    with page.expect_file_chooser() as chooser:
        boss.tap(page.get_by_label("文件"))
    chooser.value.set_files({"name": "结果.csv", "mimeType": "text/csv", "buffer": file})
    boss.tap(page.get_by_role("button", name="先看会怎样"))
    expect(page.locator("#preview")).to_contain_text(f"{len(numbers)} 笔")
    expect(page.locator("#preview")).to_contain_text(unknown)
    assert outage.rows.states(numbers) == before
    boss.tap(page.get_by_role("button", name="应用", exact=True))
    expect(page.locator("#failures")).to_contain_text("商品编码 B-2002 已下架")
    assert outage.rows.states(numbers) == ["batched"] * 6 + ["imported"] * (len(numbers) - 6)
    boss.tap(page.get_by_role("button", name="补录全部"))
    expect(page.locator(".lb-flash").first).to_be_visible()
    assert boss.taps == 4
    repair = batches(outage)[-1]
    assert (repair.kind, repair.state, repair.repairs_id) == ("repair", "published", newest.id)
    assert outage.maker.numbers_in(repair.name or "") == refused
    page.goto(f"/console/batches/{repair.name}/results")
    page.get_by_label("或者把主系统的提示原样粘贴进来").fill("导入成功 6 条，失败 0 条")
    page.get_by_label("没有提到的订单都已导入成功").check()
    page.get_by_role("button", name="先看会怎样").click()
    page.get_by_role("button", name=re.compile("^确认其余|^应用")).click()
    expect(page.locator("main")).to_contain_text("没有失败的订单")
    assert set(outage.rows.states(numbers)) == {"imported"}
    assert outage.rows.balanced()


def test_a_caller_is_answered_in_two_taps_and_four_digits(boss: Hand, outage: Deployment):
    page = boss.page
    once = select(OrderRow.phone_last4).group_by(OrderRow.phone_last4).having(func.count() == 1).limit(1)
    (last4,) = outage.rows.all(once)
    boss.tap(page.get_by_label("查找订单"))
    page.keyboard.type(last4)
    boss.tap(page.get_by_role("button", name="查找"))
    page.wait_for_url(re.compile(r"/orders/LB\w+$"))
    assert boss.taps == 2
    number = page.url.rpartition("/")[2]
    assert outage.rows.order(number).phone_last4 == last4
    sentence = page.locator("#answer").inner_text()
    boss.tap(page.get_by_role("button", name="复制话术").first)
    expect(page.get_by_text("已复制").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == sentence


def test_a_key_is_made_and_changed_in_four_taps_and_shown_once(boss: Hand, outage: Deployment):
    page = boss.page
    boss.settings("店铺密钥")
    page.get_by_label("名称").fill("抖音小店")
    boss.tap(page.get_by_role("button", name="生成密钥"))
    assert boss.taps <= 4
    secret = page.locator("#new-key").inner_text()
    page.goto("/console/keys")
    assert secret not in page.content()
    (id_,) = outage.rows.all(select(Client.id).where(Client.name == "抖音小店"))
    page.goto("/console/")
    boss.taps = 0
    boss.settings("店铺密钥")
    boss.tap(page.locator(f"[data-client='{id_}']").get_by_role("button", name="换一把密钥"))
    assert boss.taps <= 4
    assert page.locator("#new-key").inner_text() != secret
    with outage.store.reading() as uow:
        assert len(uow.access.keys_of(id_)) == 2  # both are good while the storefront changes


def test_a_person_is_let_in_in_four_taps_and_the_password_shown_once(boss: Hand, outage: Deployment):
    page = boss.page
    boss.settings("人员")
    page.get_by_label("账号名").fill("xiaowang")
    boss.tap(page.get_by_role("button", name="新增，显示首次密码"))
    assert boss.taps <= 4
    password = page.locator("#first-password").inner_text()
    page.goto("/console/people")
    assert password not in page.content()
    (user,) = outage.rows.all(select(User).where(User.name == "xiaowang"))
    assert user.must_change


def test_an_incomplete_order_can_neither_be_called_a_duplicate_nor_reach_a_file_from_here(
    boss: Hand, outage: Deployment
):
    page = boss.page
    page.goto("/console/held?queue=incomplete")
    card = page.locator("[data-kind=incomplete]").first
    number = (card.get_attribute("id") or "").removeprefix("o-")
    assert card.get_by_role("button", name="是重复单").count() == 0
    # a form of an old page, or of somebody who has made one up
    page.evaluate(
        """number => { const form = document.querySelector(`#o-${number} form[action$="/decide"]`);
        const field = document.createElement('input'); field.name = 'decision'; field.value = 'duplicate';
        form.append(field); form.submit(); }""",
        number,
    )
    expect(page.locator(".lb-flash.lb-error")).to_be_visible()
    assert outage.rows.states([number]) == ["held"]
    page.goto("/console/batches")
    boss.tap(page.get_by_role("button", name="立即出批"))
    expect(page.locator(".lb-flash").first).to_be_visible()
    assert all(number not in outage.maker.numbers_in(one.name or "") for one in batches(outage) if one.sha256)
    assert outage.rows.states([number]) == ["held"]


def test_a_screen_on_the_wall_lives_through_the_night(boss: Hand, outage: Deployment):
    page = boss.page
    page.goto("/console/kiosks")
    page.get_by_label("名称").fill("仓库大屏")
    boss.tap(page.get_by_role("button", name="生成链接"))
    page.goto(page.locator("#kiosk-link").inner_text())
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/wall/")
    outage.clock.at += hours(13)
    outage.door.post(key="in the morning")
    expect(page.locator("#accepted")).to_have_text(str(outage.rows.count(OrderRow)))
    page.reload()
    expect(page.locator("#accepted")).to_have_text(str(outage.rows.count(OrderRow)))


@pytest.fixture
def dead_robot(tmp_path: Path) -> Iterator[Deployment]:
    """An outage whose robot's host takes no connection."""
    with closed_port() as port:
        made = outage_in(tmp_path / "dead", wecom_robots=f"http://127.0.0.1:{port}/cgi-bin/webhook/send?key=one")
        yield made
        made.close()


@pytest.mark.parametrize("size", list(SIZES))
def test_a_robot_that_is_dead_for_two_minutes_is_said_on_every_page(
    dead_robot: Deployment, chromium: Browser, size: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.web.runtime.LOOK_OUT_EVERY", 0.2)
    with serve(dead_robot.web, lifespan="on") as url, hand(chromium, url, size) as one:
        one.page.goto("/console")
        one.sign_in("boss")
        one.page.goto("/console/orders")
        expect(one.page.locator("[data-paused]")).to_have_count(0)
        thread = threading.Thread(target=asyncio.run, args=(_two_minutes(dead_robot),))
        thread.start()
        thread.join()
        until(lambda: one.page.reload() and one.page.locator("[data-paused]").count(), every=0.2, why="nobody says so")
        expect(one.page.locator("[data-paused]")).to_contain_text("企业微信")
        one.tap(one.page.locator(".lb-bell"))
        expect(one.page.locator("main")).to_contain_text("发不出去")


async def _two_minutes(outage: Deployment) -> None:
    """Let the worker send in vain for two minutes, and look around."""
    worker = Worker(outage.boat)
    steps = worker.steps()
    end = outage.clock.at + timedelta(minutes=2)
    while outage.clock.at < end:
        await asyncio.gather(steps.sweep(), steps.compose(), steps.groups())
        outage.clock.at += seconds(5)
    await steps.watch()
    await worker.aclose()
