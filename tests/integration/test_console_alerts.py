"""Alerts, messages and coupons in the console: seen by everybody, acted upon by those who may, inert whatever they say."""

import pytest

from app.domain.states import MessageState
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.orders import new_order

PLANTED = "<script>alert(1)</script>"


def _fire(deployment: Deployment, text: str = "机器人失效", *, level: str = "red") -> None:
    with deployment.store.writing() as uow:
        uow.alerts.fire("trouble", level=level, text=text, now=deployment.clock.now())
    deployment.notices.composed()


def _kill_all(deployment: Deployment) -> int:
    with deployment.store.writing() as uow:
        waiting = uow.messages.in_state("pending")
        for message in waiting:
            uow.messages.finish(
                message.id or 0,
                MessageState.DEAD,
                from_states=(MessageState.PENDING,),
                now=deployment.clock.now(),
                reason="wecom:connect (10 attempts)",
            )
    return len(waiting)


async def test_an_alert_rings_until_somebody_has_it_in_hand(at_noon: Deployment, mei: Browser):
    assert "现在没有告警" in await mei.reads("/alerts")
    assert 'data-count="0"' in await mei.reads("/alerts/bell")
    _fire(at_noon)
    bell = await mei.reads("/alerts/bell")
    assert 'data-count="1"' in bell
    assert 'data-level="red"' in bell
    assert "机器人失效" in bell
    page = await mei.reads("/alerts")
    assert "机器人失效" in page
    assert "企业微信 待发送" in page
    assert (await mei.post("/alerts/1/claim")).status_code == 303
    page = await mei.reads("/alerts")
    assert "已认领，一段时间内不再提醒" in page
    assert '由 <bdi class="lb-said">mei</bdi>' in page
    assert 'data-count="0"' in await mei.reads("/alerts/bell")
    with at_noon.store.reading() as uow:
        (deed,) = uow.audit.page(limit=1)
    assert (deed.action, deed.actor, deed.way) == ("alert.claim", "mei", "console")


async def test_an_alert_is_silenced_with_a_reason_and_stays_in_the_list(at_noon: Deployment, mei: Browser):
    _fire(at_noon)
    for fields in ({"minutes": "60", "why": " "}, {"minutes": "9999", "why": "x"}, {}):
        await mei.post("/alerts/1/silence", fields)
        assert [alert.silenced_until for alert in at_noon.rows.alerts()] == [None]
    await mei.post("/alerts/1/silence", {"minutes": "60", "why": f"换机器人{PLANTED}"})
    page = await mei.reads("/alerts")
    assert "换机器人" in page
    assert PLANTED not in page
    assert 'data-count="0"' in await mei.reads("/alerts/bell")
    await mei.post("/alerts/1/unsilence")
    assert 'data-count="1"' in await mei.reads("/alerts/bell")


async def test_an_alert_that_is_over_is_shown_as_past_and_claimed_by_nobody(at_noon: Deployment, mei: Browser):
    _fire(at_noon, PLANTED)
    with at_noon.store.writing() as uow:
        uow.alerts.resolve("trouble", now=at_noon.clock.now())
    await mei.post("/alerts/1/claim")
    page = await mei.reads("/alerts")
    assert "这条告警已恢复" in page
    assert "已恢复</h2>" in page
    assert PLANTED not in page


async def test_who_may_only_read_sees_alerts_and_no_buttons(at_noon: Deployment):
    _fire(at_noon)
    guest = await at_noon.console.signed_in("guest")
    page = await guest.reads("/alerts")
    assert "机器人失效" in page
    assert "认领</button>" not in page
    assert (await guest.post("/alerts/1/claim")).status_code == 403


async def test_a_message_is_read_with_each_attempt_in_words(at_noon: Deployment, mei: Browser):
    at_noon.notices.composed(new_order("A"))
    with at_noon.store.writing() as uow:
        begun = uow.attempts.begin(uow.messages.in_state("pending"), now=at_noon.clock.now())
        uow.attempts.end(begun[1], now=at_noon.clock.now(), outcome="unreachable", reason="wecom:connect")
    page = await mei.reads("/messages/1")
    assert "【高优处理】LB" in page
    assert "连不上企业微信" in page
    assert "wecom:connect" not in page
    assert (await mei.get("/messages/99")).status_code == 404
    assert 'href="/console/messages/1"' in await mei.reads("/messages")


async def test_dead_letters_are_counted_before_many_are_sent_again(at_noon: Deployment, mei: Browser):
    at_noon.notices.composed(new_order("A"))
    count = _kill_all(at_noon)
    assert "连不上企业微信，试了 10 次" in await mei.reads("/messages?state=dead")
    asked = await mei.post("/messages/retry", {"kind": "", "since": ""})
    assert f'data-count="{count}"' in asked.text
    assert len(at_noon.rows.messages(state="dead")) == count
    await mei.post("/messages/retry", {"id": "1"})
    assert len(at_noon.rows.messages(state="dead")) == count - 1
    await mei.post("/messages/retry", {"kind": "", "since": "", "confirmed": "1"})
    assert at_noon.rows.messages(state="dead") == []
    for fields in ({"kind": "bogus"}, {"since": "gestern"}, {"id": "x"}, {"id": "9" * 30}):
        assert (await mei.post("/messages/retry", fields)).status_code == 303
        await mei.reads("/messages")


async def test_every_kind_of_message_is_shown_with_invented_data_and_sent_to_nobody(at_noon: Deployment, mei: Browser):
    page = await mei.reads("/messages/samples")
    for kind in (
        "order_wecom",
        "digest_wecom",
        "batch_wecom",
        "alert_wecom",
        "notice_sms",
        "coupon_sms",
        "alert_email",
    ):
        assert f'data-sample="{kind}"' in page
    assert "送您20 元 优惠券 SAVE-2026" in page
    assert at_noon.rows.messages() == []


async def test_a_channel_is_stopped_and_goes_on(at_noon: Deployment, mei: Browser):
    await mei.post("/messages/hold", {"channel": "wecom:dry", "minutes": "60", "why": f"换机器人{PLANTED}"})
    page = await mei.reads("/messages")
    assert 'data-condition="held"' in page
    assert PLANTED not in page
    await mei.post("/messages/release", {"channel": "wecom:dry"})
    assert 'data-condition="held"' not in await mei.reads("/messages")
    await mei.post("/messages/hold", {"channel": "pigeon", "minutes": "60", "why": "x"})
    assert "没有通知渠道" in await mei.reads("/messages")


async def test_coupons_are_looked_at_before_they_are_imported(at_noon: Deployment, mei: Browser):
    pasted = f"券码\t面额\nSAVE-1\t20 元\nSAVE-2，20 元\nSAVE-2\n{PLANTED}\n"
    seen = await mei.post("/coupons/preview", {"codes": pasted})
    assert 'data-new="3"' in seen.text
    assert PLANTED not in seen.text
    assert 'data-left="0"' in await mei.reads("/coupons")
    await mei.post("/coupons/import", {"codes": pasted})
    page = await mei.reads("/coupons")
    assert 'data-left="3"' in page
    assert "券快发完了" in page
    await mei.post("/coupons/preview", {"codes": "1.5E+18"})
    assert "科学计数法" in await mei.reads("/coupons")


@pytest.mark.parametrize("name", ["guest", "mei"])
async def test_who_may_not_import_coupons_sees_no_code_that_is_worth_money(at_noon: Deployment, name: str):
    at_noon.notices.add_coupons("SAVE-2026-0001")
    at_noon.door.take(new_order("A"))
    with at_noon.store.writing() as uow:
        uow.coupons.give(incident_id=1, phone_index=b"p" * 16, order_id=1, client_id="c1", now=at_noon.clock.now())
    page = await (await at_noon.console.signed_in(name)).reads("/coupons")
    assert ("SAVE-2026-0001" in page) is (name == "mei")
    assert "0001" in page
