"""The carrier's first scan comes from 快递100 alone: asked late, seldom, and never of a parcel that is not waiting."""

from datetime import timedelta
from itertools import pairwise

import pytest

from app.domain.marks import Mark
from app.watch.sources.check import check_source
from app.watch.sources.parcels import MOST_ASKS, PACKED_FOR, ask_parcels
from app.watch.stages.take_events import ReportedEvent, take_events
from tests.deployment.facts import TEN, hours, minutes
from tests.deployment.sources import KUAIDI100, SourceRig, rig

__all__ = ["rig"]


def _packed(
    rig: SourceRig, order: str, *, ago: timedelta = timedelta(hours=4), carrier: str = "圆通速递", **more: str
) -> None:
    """Have an order that was packed and shipped so long ago."""
    told = {"waybill": f"YT{order}", "carrier": carrier, **more}
    steps = [(Mark.PAID, hours(6), {}), (Mark.PACKED, ago, {}), (Mark.SHIPPED, ago, told)]
    events = [
        ReportedEvent(
            index=n,
            source="erp",
            event_id=f"{order}-{mark}",
            order=order,
            channel="天猫旗舰店",
            mark=mark,
            at=TEN - before,
            attributes={name: value for name, value in attributes.items() if value},
        )
        for n, (mark, before, attributes) in enumerate(steps)
    ]
    assert take_events(rig.deployment.store, events, now=TEN).applied == 3


async def test_the_first_scan_ends_the_last_stage_at_its_own_time(rig: SourceRig):
    _packed(rig, "A")
    rig.kd.collected["YTA"] = TEN - hours(2)
    await rig.poll(rig.source(KUAIDI100))
    assert rig.marks("A") == ["paid", "packed", "shipped", "collected"]
    with rig.deployment.store.reading() as uow:
        (flow_id,) = uow.flows.ids_of(["A"]).values()
        (scan,) = [one for one in uow.flows.events_of([flow_id])[flow_id] if one.mark is Mark.COLLECTED]
    assert (scan.at, dict(scan.attributes)) == (TEN - hours(2), {})
    assert rig.row("kd").coverage == {"天猫旗舰店": {"collected": 1, "inferred": 0, "unknown": 0}}


async def test_ordered_and_waiting_are_no_scan(rig: SourceRig):
    _packed(rig, "A")
    rig.kd.collected["YTA"] = TEN + minutes(10)
    await rig.poll(rig.source(KUAIDI100))
    assert len(rig.kd.heard) == 1
    assert "collected" not in rig.marks("A")
    rig.deployment.clock.at += hours(2)
    await rig.poll(rig.source(KUAIDI100))
    assert "collected" in rig.marks("A")


async def test_a_parcel_on_its_way_of_which_no_scan_was_told_is_inferred(rig: SourceRig):
    _packed(rig, "A")
    rig.kd.collected["YTA"], rig.kd.vague = TEN - hours(3), {"YTA"}
    await rig.poll(rig.source(KUAIDI100))
    with rig.deployment.store.reading() as uow:
        (flow_id,) = uow.flows.ids_of(["A"]).values()
        (scan,) = [one for one in uow.flows.events_of([flow_id])[flow_id] if one.mark is Mark.COLLECTED]
    assert (scan.at, dict(scan.attributes)) == (TEN - hours(1), {"quality": "inferred"})


async def test_a_parcel_is_asked_for_late_seldom_and_not_for_ever(rig: SourceRig):
    _packed(rig, "A", ago=PACKED_FOR - minutes(10))
    source = rig.source(KUAIDI100)
    for _ in range(24 * 4):
        await rig.poll(source)
        rig.deployment.clock.at += minutes(15)
    asked = rig.kd.asked["YTA"]
    assert asked[0] >= TEN + minutes(10)
    assert len(asked) == MOST_ASKS
    assert min(b - a for a, b in pairwise(asked)) >= hours(1)
    assert rig.kd.locked == set()
    assert rig.row("kd").coverage == {"天猫旗舰店": {"collected": 0, "inferred": 0, "unknown": 1}}


async def test_that_it_was_asked_is_stored_before_it_is_asked(rig: SourceRig):
    """A process that dies with each answer must not ask until the number is locked."""
    _packed(rig, "A")
    rig.kd.faults.order(every="html502")
    source = rig.source(KUAIDI100)
    await rig.poll(source)
    assert rig.row("kd").trouble == "http_502"
    calls = rig.kd.calls
    assert calls > 0
    rig.restart()
    await rig.poll(source)
    assert rig.kd.calls == calls


async def test_a_carrier_that_wants_the_phones_tail_is_asked_with_it_alone(rig: SourceRig):
    _packed(rig, "A", carrier="顺丰速运")
    _packed(rig, "B", carrier="顺丰速运", phone_tail="8000")
    _packed(rig, "C", carrier="ZTO.1")
    _packed(rig, "D", waybill="")
    rig.kd.tails["YTB"] = "8000"
    rig.kd.collected["YTB"] = TEN - hours(1)
    await rig.poll(rig.source(KUAIDI100))
    assert [heard["num"] for heard in rig.kd.heard] == ["YTB"]
    assert "collected" in rig.marks("B")
    assert rig.row("kd").odd == {"顺丰：须有手机号后四位": 1, "快递公司=ZTO.1": 1, "没有快递单号": 1}


async def test_what_is_said_of_a_carrier_is_number_code_and_tail_alone(rig: SourceRig):
    _packed(rig, "A", phone_tail="8000")
    await rig.poll(rig.source(KUAIDI100))
    (asked,) = rig.kd.heard
    assert {name for name, value in asked.items() if value} == {"com", "num", "resultv2", "show", "order"}


async def test_a_parcel_is_subscribed_to_once_where_pushes_can_come(rig: SourceRig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KUAIDI100_SALT", "lbsalt01")
    _packed(rig, "A", ago=minutes(10))
    _packed(rig, "B", ago=minutes(10), carrier="ZTO.1")
    _packed(rig, "C", ago=minutes(10))
    rig.kd.unknown = {"YTC"}
    source = rig.source(KUAIDI100 + 'salt = "KUAIDI100_SALT"\n')
    for _ in range(3):
        await ask_parcels(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock, callback="https://x/y")
    assert rig.kd.subscribed == {
        "YTA": {"callbackurl": "https://x/y", "salt": "lbsalt01", "resultv2": "4", "phone": ""}
    }
    assert rig.row("kd").odd == {"不能订阅：yuantong": 1}
    assert rig.kd.calls == 2
    with rig.deployment.store.reading() as uow:
        assert uow.sources.orders_of("YTA") == [("A", "天猫旗舰店")]


async def test_a_quota_that_is_used_up_is_the_sources_trouble_and_no_parcels(rig: SourceRig):
    _packed(rig, "A")
    rig.kd.quota = 0
    await rig.poll(rig.source(KUAIDI100))
    assert rig.row("kd").trouble == "quota"


@pytest.mark.parametrize(("key", "code"), [("lbkey01", ""), ("another", "key")])
async def test_a_check_tells_whether_the_key_is_right(rig: SourceRig, key: str, code: str):
    rig.kd.key = key
    source = rig.source(KUAIDI100)
    checked = await check_source(rig.deployment.store, rig.opened.caller(source), rig.deployment.clock)
    assert [one.code for one in checked.readings] == [code]
