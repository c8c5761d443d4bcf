"""大屏: connected once by a link, alive through the night, figures only, over when it is revoked."""

import re
from datetime import timedelta

import httpx
import pytest

from tests.deployment import Deployment
from tests.deployment.console import Browser

ORIGIN = {"origin": "http://lifeboat.test"}


class Screen:
    """A browser on a wall."""

    def __init__(self, deployment: Deployment) -> None:
        transport = httpx.ASGITransport(deployment.web, client=("10.0.0.9", 50000))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test")

    async def connect(self, link: str) -> httpx.Response:
        return await self.http.post(f"/wall/connect?link={link}", headers=ORIGIN)


@pytest.fixture
async def boss(at_noon: Deployment) -> Browser:
    return await at_noon.console.signed_in("boss")


async def _link(boss: Browser, name: str = "仓库大屏") -> str:
    page = await boss.post("/kiosks", {"name": name})
    assert page.status_code == 200
    found = re.search(r"http://lifeboat\.test/wall/connect\?link=([\w.\-]+)", page.text)
    assert found
    return found[1]


@pytest.fixture
async def screen(at_noon: Deployment, boss: Browser) -> Screen:
    """A screen that is connected."""
    made = Screen(at_noon)
    assert (await made.connect(await _link(boss))).status_code == 303
    return made


async def test_an_administrator_makes_a_link_that_is_shown_once(at_noon: Deployment, boss: Browser):
    link = await _link(boss)
    listed = await boss.reads("/kiosks")
    assert "仓库大屏" in listed
    assert link not in listed
    assert "待使用" in listed
    screen = Screen(at_noon)
    assert (await screen.http.get("/wall/")).status_code == 401
    looked = await screen.http.get(f"/wall/connect?link={link}")  # as a chat does that shows a preview
    assert "就在这块屏幕上显示" in looked.text
    assert (await screen.connect(link)).status_code == 303
    assert (await screen.http.get("/wall/")).status_code == 200
    other = Screen(at_noon)
    refused = await other.connect(link)
    assert refused.status_code == 410
    assert "重新生成" in refused.text
    assert (await other.http.get("/wall/figures")).status_code == 401


async def test_the_screen_is_alive_after_thirteen_hours_and_through_the_next_incident(
    at_noon: Deployment, screen: Screen
):
    assert "待命" in (await screen.http.get("/wall/")).text
    at_noon.door.post(key="1")
    for _ in range(13):
        at_noon.clock.at += timedelta(hours=1)
        shown = await screen.http.get("/wall/figures")
        assert shown.status_code == 200
    assert 'id="accepted">1<' in shown.text
    with at_noon.boat.store.writing() as uow:
        incident = uow.incidents.open_one(drill=False)
        assert incident
        uow.incidents.close(incident, by="x", now=at_noon.clock.now())
    at_noon.clock.at += timedelta(seconds=2)
    assert "待命" in (await screen.http.get("/wall/figures")).text


async def test_the_wall_shows_numbers_goods_and_amounts_and_no_person(at_noon: Deployment, screen: Screen):
    number = at_noon.door.post(
        key="1",
        phone="13912345678",
        total="2599.00",
        items=[{"sku": "A-1", "name": "跑步鞋<b>", "quantity": 2, "unit_price": "1299.50"}],
        recipient={"name": "张三丰", "city": "杭州市", "address": "文三路 9 号"},
        buyer="nick-of-zhang",
    )
    at_noon.clock.at += timedelta(seconds=2)
    page = (await screen.http.get("/wall/")).text
    for shown in (number, "2,599.00", "跑步鞋&lt;b&gt; ×2", 'data-part="waiting" data-count="1"'):
        assert shown in page
    for hidden in ("13912345678", "5678", "张三", "文三路", "nick-of-zhang", "尾号", "跑步鞋<b>"):
        assert hidden not in page


async def test_a_red_alert_floods_the_wall(at_noon: Deployment, screen: Screen):
    at_noon.door.post(key="1")
    with at_noon.boat.store.writing() as uow:
        uow.alerts.fire("batch_failing", level="red", text="批次生成失败 5 次", now=at_noon.clock.now())
    at_noon.clock.at += timedelta(seconds=2)
    page = (await screen.http.get("/wall/figures")).text
    assert "lb-wall-red" in page
    assert "批次生成失败 5 次" in page


async def test_a_revoked_screen_shows_nothing_more(boss: Browser, screen: Screen):
    assert (await boss.post("/kiosks/1/revoke")).status_code == 303
    assert "停用" in await boss.reads("/kiosks")
    for path in ("/wall/", "/wall/figures", "/wall/live"):
        assert (await screen.http.get(path)).status_code == 401


async def test_the_walls_cookie_opens_nothing_of_the_console(screen: Screen):
    assert screen.http.cookies.get("lifeboat_wall", path="/wall")
    for path in ("/console/", "/console/orders", "/console/figures"):
        answer = await screen.http.get(path)
        assert answer.status_code in {303, 401}


async def test_a_link_is_taken_from_our_own_page_alone(at_noon: Deployment, boss: Browser):
    link = await _link(boss)
    elsewhere = await Screen(at_noon).http.post(f"/wall/connect?link={link}", headers={"origin": "http://evil.test"})
    assert elsewhere.status_code == 403
    assert (await Screen(at_noon).connect(link)).status_code == 303


async def test_a_screen_without_a_name_is_refused_beside_the_field(boss: Browser):
    page = await boss.post("/kiosks", {"name": "  "})
    assert page.status_code == 422
    assert "起一个名字" in page.text
    for wrong in ("0", "x", "9" * 12):
        assert (await boss.post(f"/kiosks/{wrong}/revoke")).status_code in {303, 404}


async def test_the_wall_has_the_consoles_strict_headers(at_noon: Deployment, screen: Screen):
    for path in ("/wall/", "/wall/figures", "/wall/connect"):
        page = await screen.http.get(path)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        for inline in ("<script>", "<style", " style=", "onclick="):
            assert inline not in page.text
