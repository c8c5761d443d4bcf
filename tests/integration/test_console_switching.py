"""切换: everybody sees how things stand; operators say what is to change."""

import re

from app.domain.main_health import Answers, MainState
from app.web.console.channel_lines import channel_lines
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import NOON

TMALL = {"channel": "tmall", "reason": "机房检修"}


def main_of(page: str) -> str:
    return re.findall(r'data-main="(\w+)"', page)[0]


def switched(page: str) -> list[str]:
    return re.findall(r'data-switched="([^"]+)"', page)


async def test_a_storefront_is_switched_and_back(at_noon: Deployment, mei: Browser):
    page = await mei.reads("/switching")
    assert (main_of(page), switched(page)) == ("unasked", [])
    assert (await mei.post("/switching/on", {**TMALL, "until": "2026-11-22T20:00"})).status_code == 303
    page = await mei.reads("/switching")
    assert "tmall 已切到 Lifeboat，几秒内生效。" in page
    assert switched(page) == ["tmall"]
    assert "机房检修" in page
    with at_noon.boat.store.reading() as uow:
        (line,) = [one for one in channel_lines(uow, at_noon.boat, now=NOON) if one.name == "switched"]
        assert (line.state, line.text) == ("warn", "由本系统接单：tmall")
        assert uow.audit.page(limit=1)[0].actor == "mei"
    await mei.post("/switching/off", {"channel": "tmall", "reason": "好了"})
    page = await mei.reads("/switching")
    assert switched(page) == []
    assert "好了" in page  # among those that are over


async def test_what_cannot_be_switched_says_why_and_changes_nothing(at_noon: Deployment, mei: Browser):
    for fields, says in (
        ({"channel": "../x", "reason": "x"}, "不能作渠道名"),
        ({"channel": "tmall", "reason": " "}, "为什么"),
        ({**TMALL, "until": "2026-11-22T12:00"}, "已经过去"),
        ({**TMALL, "until": "soon"}, "时间写得不对"),
        ({}, "不能作渠道名"),
    ):
        assert (await mei.post("/switching/on", fields)).status_code == 303
        page = await mei.reads("/switching")
        assert says in page
        assert switched(page) == []
    await mei.post("/switching/off", {"channel": "tmall", "reason": "x"})
    assert "没有切换" in await mei.reads("/switching")


async def test_a_person_says_how_the_main_system_stands(at_noon: Deployment, mei: Browser):
    await mei.post("/switching/main", {"state": "down", "why": "机房来电话", "minutes": "60"})
    page = await mei.reads("/switching")
    assert main_of(page) == "down"
    assert "mei 认定，到 11-22 13:10（机房来电话）" in page
    for fields in ({"state": "unknown", "why": "x", "minutes": "60"}, {"state": "up", "why": "x", "minutes": "9"}, {}):
        await mei.post("/switching/main", fields)
        assert main_of(await mei.reads("/switching")) == "down"
    await mei.post("/switching/main/withdraw")
    assert main_of(await mei.reads("/switching")) == "unasked"


async def test_the_home_page_says_how_the_main_system_stands(at_noon: Deployment, mei: Browser):
    with at_noon.boat.store.writing() as uow:
        row = uow.main_probe.locked()
        row.state, row.answers, row.looked_at, row.since = MainState.DOWN, Answers.ILL, NOON, NOON
        row.health_reason, row.ordered, row.ordered_by, row.ordered_why = "connect", MainState.DOWN, "mei", "x"
        row.ordered_until = NOON.replace(hour=6)
    assert "主系统不收单" in await mei.reads("/")


async def test_only_operators_change_anything(at_noon: Deployment):
    guest = await at_noon.console.signed_in("guest")
    page = await guest.reads("/switching")
    assert "/switching/on" not in page
    for path in ("on", "off", "main", "main/withdraw"):
        assert (await guest.post(f"/switching/{path}", TMALL)).status_code == 403
    assert switched(await guest.reads("/switching")) == []


async def test_what_people_typed_does_nothing(at_noon: Deployment, mei: Browser):
    await mei.post("/switching/on", {"channel": "tmall", "reason": "<script>alert(1)</script>"})
    await mei.post("/switching/main", {"state": "up", "why": "<img src=x>", "minutes": "30"})
    page = await mei.reads("/switching")
    assert "<script>alert" not in page
    assert "<img src" not in page
