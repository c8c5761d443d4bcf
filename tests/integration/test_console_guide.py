"""The guide in the console: where an outage stands, for whoever comes to it, and a test order that bothers nobody."""

from app.domain.states import OrderState
from app.reconcile.incidents import open_incident
from tests.deployment import Deployment
from tests.deployment.console import Browser, Console
from tests.deployment.facts import IT, ZONE
from tests.deployment.web import Web

PLANTED = "<script>alert(1)</script>\u202e"


def _open_name(deployment: Deployment) -> str:
    with deployment.store.reading() as uow:
        incident = uow.incidents.open_one(drill=False)
    assert incident is not None
    return incident.name


def _is_done(page: str, step: str) -> bool:
    assert f'data-step="{step}"' in page
    return f'data-step="{step}" data-done="1"' in page


async def test_standing_by_the_home_page_leads_to_the_guide_and_shows_no_zeros(mei: Browser):
    page = await mei.reads("/")
    assert 'href="/console/guide"' in page
    assert "高优待跟进" not in page
    guide = await mei.reads("/guide")
    assert "主系统宕机了" in guide
    assert "主系统恢复了" in guide
    assert "/v1/orders" in guide


async def test_the_incident_is_opened_from_the_guide_and_anybody_goes_on(at_noon: Deployment, mei: Browser):
    answer = await mei.post("/incidents", {"reason": f"锁死{PLANTED}", "back": "guide"})
    assert answer.headers["location"] == "/console/guide"
    page = await (await at_noon.console.signed_in("zhang")).reads("/guide")
    assert _is_done(page, "open")
    assert "锁死" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page


async def test_a_step_is_ticked_by_hand_with_who_and_when_and_taken_back(at_noon: Deployment, mei: Browser):
    await mei.post("/incidents", {"reason": "锁死"})
    fields = {"incident": _open_name(at_noon), "step": "told"}
    await mei.post("/guide/tick", fields)
    page = await mei.reads("/guide")
    assert _is_done(page, "tell")
    assert '<bdi class="lb-said">mei</bdi> 于' in page
    await mei.post("/guide/untick", fields)
    assert not _is_done(await mei.reads("/guide"), "tell")
    await mei.post("/guide/untick", fields)
    assert "没有勾选" in await mei.reads("/guide")


async def test_who_has_a_job_is_written_down_and_inert(at_noon: Deployment, mei: Browser):
    await mei.post("/incidents", {"reason": "锁死"})
    await mei.post("/guide/tick", {"incident": _open_name(at_noon), "step": "duty_it", "said": f"小林{PLANTED}"})
    page = await mei.reads("/guide")
    assert "小林" in page
    assert "<script>alert" not in page
    assert "style=" not in page


async def test_a_storefronts_lamp_turns_with_its_first_order(at_noon: Deployment, mei: Browser):
    await mei.post("/incidents", {"reason": "锁死"})
    assert "收到第一单" not in await mei.reads("/guide")
    at_noon.door.post(key="A-1")
    page = await mei.reads("/guide")
    assert "收到第一单，已切过来" in page
    assert _is_done(page, "switch")


async def test_without_an_incident_no_test_order_is_sent(at_noon: Deployment, mei: Browser):
    await mei.post("/guide/test-order", {"incident": ""})
    assert "请先开启事件" in await mei.reads("/guide")


async def test_a_test_order_goes_the_way_of_all_and_is_cancelled(web: Web):
    with web.boat.store.writing() as uow:
        now = web.boat.clock.now()
        name = open_incident(uow, drill=False, reason="锁死", by=IT, now=now, zone=ZONE).name
    mei = await Console(web.boat, web.app).signed_in("mei")
    assert (await mei.post("/guide/test-order", {"incident": name})).status_code == 303
    page = await mei.reads("/guide")
    assert "已受理并取消" in page
    assert _is_done(page, "test")
    with web.boat.store.reading() as uow:
        (row,) = uow.inflow.newest(limit=2)
        live = uow.incidents.named(name)
        assert live is not None
        assert uow.ledger.accepted(live.id or 0) == 0
        assert uow.incidents.open_one(drill=True) is None  # the drill that it opened is closed again
        assert not uow.batches.page()
        assert uow.orders.longest_waiting_since() is None
    assert (row.state, row.drill, row.batch_id) == (OrderState.CANCELLED, True, None)


async def test_a_drill_that_runs_goes_on_after_a_test_order(web: Web):
    with web.boat.store.writing() as uow:
        now = web.boat.clock.now()
        live, drill = (open_incident(uow, drill=d, reason="x", by=IT, now=now, zone=ZONE).name for d in (False, True))
    mei = await Console(web.boat, web.app).signed_in("mei")
    await mei.post("/guide/test-order", {"incident": live})
    assert "已受理并取消" in await mei.reads("/guide")
    with web.boat.store.reading() as uow:
        going = uow.incidents.open_one(drill=True)
    assert going is not None
    assert going.name == drill


async def test_the_poster_carries_the_consoles_address(mei: Browser):
    page = await mei.reads("/guide/poster")
    assert "http://lifeboat.test/console/" in page
    assert "http://lifeboat.test/track<" in page
    assert page.count("<svg") >= 2 + page.count('<svg class="lb-icon')
    assert "style=" not in page


async def test_who_only_reads_sees_the_steps_and_no_buttons(at_noon: Deployment):
    at_noon.door.post(key="A-1")
    guest = await at_noon.console.signed_in("guest")
    page = await guest.reads("/guide")
    assert 'action="/console/guide' not in page
    for path in ("/guide/tick", "/guide/untick", "/guide/test-order"):
        assert (await guest.post(path, {"incident": _open_name(at_noon), "step": "told"})).status_code == 403
