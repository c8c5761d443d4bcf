"""Incidents in the console: opened for a reason, closed once nothing is open, told on one page that prints."""

from dataclasses import dataclass

import pytest

from app.reconcile.compare.record import record_comparison
from app.store.tables import Incident
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import IT, minutes

PLANTED = "<script>alert(1)</script>\u202e"


def _latest(deployment: Deployment) -> Incident:
    with deployment.store.reading() as uow:
        incident = uow.incidents.latest()
    assert incident is not None
    return incident


async def test_an_incident_is_opened_with_a_reason_and_not_without(at_noon: Deployment, mei: Browser):
    assert "还没有事件" in await mei.reads("/incidents")
    await mei.post("/incidents", {"reason": "  "})
    assert "请写明原因" in await mei.reads("/incidents")
    answer = await mei.post("/incidents", {"reason": "主库锁死"})
    name = _latest(at_noon).name
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/incidents/{name}")
    page = await mei.reads(f"/incidents/{name}")
    assert "主库锁死" in page
    assert f"已开启应急事件 {name}" in page
    await mei.post("/incidents", {"reason": "又一次"})
    assert "已有进行中的应急事件" in await mei.reads("/incidents")


async def test_a_drill_is_opened_beside_an_incident(at_noon: Deployment, mei: Browser):
    await mei.post("/incidents", {"reason": "主库锁死"})
    await mei.post("/incidents", {"reason": "练一练", "drill": "1"})
    page = await mei.reads("/incidents")
    assert "练一练" in page
    assert "演练</span>" in page
    assert "开启事件</button>" not in page  # nothing is left to open


async def test_a_hostile_reason_is_inert(at_noon: Deployment, mei: Browser):
    await mei.post("/incidents", {"reason": f"锁死{PLANTED}"})
    for path in ("/incidents", f"/incidents/{_latest(at_noon).name}"):
        page = await mei.reads(path)
        assert "锁死" in page
        assert "<script>alert" not in page
        assert "\u202e" not in page


async def test_the_page_says_what_blocks_the_closing_and_leads_there(at_noon: Deployment, mei: Browser):
    at_noon.door.post(key="A-1")
    name = _latest(at_noon).name
    page = await mei.reads(f"/incidents/{name}")
    assert "关闭前还差" in page
    assert "待进批次，出最后一批" in page
    assert 'href="/console/batches"' in page
    assert f"/incidents/{name}/close" not in page
    await mei.post(f"/incidents/{name}/close")
    assert "还没有关闭" in await mei.reads(f"/incidents/{name}")
    assert _latest(at_noon).closed_at is None


async def test_an_incident_without_open_orders_is_closed(at_noon: Deployment, mei: Browser):
    await mei.post("/incidents", {"reason": "主库锁死"})
    name = _latest(at_noon).name
    assert "可以关闭" in await mei.reads(f"/incidents/{name}")
    await mei.post(f"/incidents/{name}/close")
    page = await mei.reads(f"/incidents/{name}")
    assert f"事件 {name} 已关闭" in page
    assert "全部完结" in page
    assert _latest(at_noon).closed_by == "mei"


async def test_only_an_administrator_closes_an_unfinished_one_and_says_why(at_noon: Deployment, mei: Browser):
    at_noon.door.post(key="A-1")
    name = _latest(at_noon).name
    assert (await mei.post(f"/incidents/{name}/close-unfinished", {"reason": "算了"})).status_code == 403
    boss = await at_noon.console.signed_in("boss")
    await boss.post(f"/incidents/{name}/close-unfinished", {"reason": " "})
    assert "仍要关闭请写明原因" in await boss.reads(f"/incidents/{name}")
    assert _latest(at_noon).closed_at is None
    await boss.post(f"/incidents/{name}/close-unfinished", {"reason": f"主系统报废{PLANTED}"})
    page = await boss.reads(f"/incidents/{name}")
    assert "关闭时仍有 1 笔没有最终结果，原因：" in page
    assert "主系统报废" in page
    assert "<script>alert" not in page


async def test_the_page_tells_of_batches_alerts_and_people(at_noon: Deployment, mei: Browser):
    await mei.post("/incidents", {"reason": "主库锁死"})
    at_noon.door.some(2, at=at_noon.clock.now())
    with at_noon.store.writing() as uow:
        uow.alerts.fire("trouble", level="red", text="机器人失效", now=at_noon.clock.now())
    at_noon.clock.at += minutes(31)
    at_noon.maker.run(at_noon.clock.now())
    page = await mei.reads(f"/incidents/{_latest(at_noon).name}")
    with at_noon.store.reading() as uow:
        (batch,) = uow.batches.page()
    assert f'href="/console/batches/{batch.name}"' in page
    assert batch.sha256 in page
    assert f"出文件 {batch.name}，2 笔" in page
    assert "机器人失效" in page
    assert '<bdi class="lb-said">mei</bdi>' in page
    assert 'class="lb-course"' in page
    assert "style=" not in page


@pytest.mark.parametrize("name", ["E20990101-9", "x", "%3Cscript%3E", "E" * 60])
async def test_an_incident_that_is_not_there_is_not_found(mei: Browser, name: str):
    assert (await mei.get(f"/incidents/{name}")).status_code == 404
    assert (await mei.post(f"/incidents/{name}/close")).status_code == 404


async def test_who_only_reads_sees_the_facts_and_no_buttons(at_noon: Deployment):
    at_noon.door.post(key="A-1")
    guest = await at_noon.console.signed_in("guest")
    name = _latest(at_noon).name
    page = await guest.reads("/incidents") + await guest.reads(f"/incidents/{name}")
    assert name in page
    assert 'action="/console/incidents' not in page
    assert (await guest.post("/incidents", {"reason": "x"})).status_code == 403
    assert (await guest.post(f"/incidents/{name}/close")).status_code == 403


async def test_the_list_goes_on_page_by_page(at_noon: Deployment, mei: Browser):
    with at_noon.store.writing() as uow:
        for n in range(31):
            now = at_noon.clock.now()
            one = uow.incidents.open(drill=False, reason=f"第{n}次", by="x", now=now, zone=at_noon.settings.zone)
            uow.incidents.close(one, by="x", now=now)
    page = await mei.reads("/incidents")
    assert "第0次" not in page
    assert "?before=" in page
    assert "第0次" in await mei.reads("/incidents?before=2")


@dataclass
class _ComparedFile:
    name: str
    sha256: str = "ab" * 32
    witness: str = "main"
    rows: int = 7


async def test_the_page_tells_of_the_last_comparison_and_of_how_to_make_one(at_noon: Deployment, mei: Browser):
    at_noon.door.post(key="A-1")
    name = _latest(at_noon).name
    page = await mei.reads(f"/incidents/{name}")
    assert "还没有核对过" in page
    assert f'href="/console/incidents/{name}/compare"' in page
    for discrepancies in (3, 0):
        figures = {"matched": 5, "discrepancies": discrepancies, "unread": 0}
        with at_noon.store.writing() as uow:
            file = _ComparedFile(f"清单{PLANTED}.csv")
            record_comparison(uow, name, [file], figures, by=IT, now=at_noon.clock.now())
        page = await mei.reads(f"/incidents/{name}")
        assert f"差异 {discrepancies} 处" in page
        assert ("有要人看的" in page) is bool(discrepancies)
        assert ("全部对上" in page) is (not discrepancies)
    assert "abababababababab…" in page
    assert "<script>alert" not in page
