"""流程图: seen by everybody, planned anew by operators, and told apart where two do so at once."""

import re

from tests.deployment import Deployment
from tests.deployment.console import Browser

WANTED = {"limit": "90", "owner": "审单组", "exceptions": "批量审核", "keeper": "", "seen": "0"}


def limits(page: str) -> list[str]:
    return re.findall(r'data-stage="\d" data-limit="(\d+)"', page)


async def test_the_map_is_drawn_and_a_stage_is_planned_anew(at_noon: Deployment, mei: Browser):
    page = await mei.reads("/flow")
    assert limits(page) == ["5", "30", "60", "120", "240"]
    assert page.count("自带的内容") == 5
    assert (await mei.post("/flow/2", WANTED)).status_code == 303
    page = await mei.reads("/flow")
    assert limits(page) == ["5", "90", "60", "120", "240"]
    assert "审单组" in page
    assert "第 1 版" in page
    await mei.post("/flow/2", {**WANTED, "limit": "10"})  # from a page that is older than that
    await mei.post("/flow/2", {**WANTED, "limit": "x", "seen": "1"})
    await mei.post("/flow/9", WANTED)
    await mei.post("/flow/2", {**WANTED, "seen": "x"})
    assert limits(await mei.reads("/flow")) == ["5", "90", "60", "120", "240"]


async def test_what_people_wrote_is_shown_as_they_wrote_it_and_does_nothing(at_noon: Deployment, mei: Browser):
    await mei.post("/flow/3", {**WANTED, "owner": "<img src=x>", "exceptions": '"><script>alert(1)</script>'})
    page = await mei.reads("/flow")
    assert "<img" not in page
    assert "<script>alert" not in page
