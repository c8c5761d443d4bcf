"""仓库作业时间: shown to everybody, set by operators, and said wherever the stages are."""

import re

from app.domain.marks import Mark
from app.watch.stages.take_events import take_events
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.events import reported
from tests.deployment.facts import NOON, hours, minutes

WANTED = {f"day-{n}": "08:00-20:00" for n in range(1, 7)} | {"day-7": "休", "special_days": "", "seen": "0"}


def shown(page: str) -> list[str]:
    return re.findall(r'data-day="([^"]+)"><span class="lb-list-main">[^<]*</span><span class="lb-cell">([^<]*)<', page)


async def test_hours_are_set_hold_a_little_later_and_are_said_on_every_page_of_the_stages(
    at_noon: Deployment, mei: Browser
):
    assert shown(await mei.reads("/hours")) == [(str(n), "00:00-24:00") for n in range(1, 8)]
    assert "一直计时" in await mei.reads("/flow")
    assert (await mei.post("/hours", {**WANTED, "special_days": "2026-11-23 9:00至15:00"})).status_code == 303
    page = await mei.reads("/hours")
    assert shown(page) == [
        *((str(n), "08:00-20:00") for n in range(1, 7)),
        ("7", "休"),
        ("2026-11-23", "09:00-15:00"),
    ]
    assert "data-ahead" in page
    assert 'data-open="true"' in page
    assert "周一至周六 08:00-20:00；周日 休；另外 2026-11-23 09:00-15:00" in await mei.reads("/flow")
    take_events(at_noon.store, [reported("A", Mark.QUEUED, NOON)], now=NOON)
    at_noon.clock.at = NOON + minutes(10)  # a Sunday
    page = await mei.reads("/hours")
    assert 'data-open="false"' in page
    assert "data-ahead" not in page
    at_noon.clock.at = NOON + hours(20)  # the morning after
    await mei.sign_in("mei")
    page = await mei.reads("/health")
    assert re.findall(r'data-verdict="(\w+)"', page)[1:] == ["empty", "closed", "closed", "closed"]
    assert "data-closed" in page
    at_noon.clock.at = NOON + hours(21)
    page = await mei.reads("/health")
    assert re.findall(r'data-verdict="(\w+)"', page)[2] == "well"
    assert "data-closed" not in page
    assert "周日 休；另有单独的日子" in page


async def test_what_is_no_hours_or_older_than_what_holds_changes_nothing(at_noon: Deployment, mei: Browser):
    await mei.post("/hours", WANTED)
    known = shown(await mei.reads("/hours"))
    for wrong in (
        WANTED,  # from a page that is older than that
        {**WANTED, "seen": "1", "day-1": "八点"},
        {**WANTED, "seen": "1", "special_days": "明天 休"},
        {**WANTED, "seen": "x"},
        {**WANTED, "seen": "9" * 5000},
        {"seen": "1"},
    ):
        assert (await mei.post("/hours", wrong)).status_code == 303
        assert shown(await mei.reads("/hours")) == known


async def test_what_people_typed_does_nothing(at_noon: Deployment, mei: Browser):
    await mei.post("/hours", {**WANTED, "day-1": "<script>alert(1)</script>", "special_days": "</textarea><img src=x>"})
    page = await mei.reads("/hours")
    assert "<img" not in page
    assert "<script>alert" not in page
