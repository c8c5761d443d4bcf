"""A simulated morning comes in through the fake ERPs and the fake carrier as it would have been reported directly."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.flow import Standing
from app.watch.stages.simulate import simulated
from tests.deployment.facts import TEN, hours, minutes
from tests.deployment.sources import JUSHUITAN, KUAIDI100, WANGDIANTONG, SourceRig, rig

__all__ = ["rig"]

BEIJING = ZoneInfo("Asia/Shanghai")
ERPS = {"wangdiantong": WANGDIANTONG, "jushuitan": JUSHUITAN}


async def test_a_morning_is_known_as_it_was(rig: SourceRig):
    """Placed, paid and queued have their own times at both; what is only seen is late by a minute or two at most."""
    clock = rig.deployment.clock
    begins, ends = TEN - hours(1), TEN + minutes(20)
    day = [
        one
        for one in simulated(seed=3, day=TEN.astimezone(BEIJING).date(), zone=BEIJING, rate=0.6)
        if begins <= datetime.fromisoformat(one["at"]) <= ends
    ]
    whole = {one["order"] for one in day if one["mark"] == "placed"}
    day = [one for one in day if one["order"] in whole]
    for fake in (rig.wdt, rig.jst, rig.kd):
        fake.feed(day)
    sources = [rig.source(text, first_hours=1, shipped_is_packed=name == "jushuitan") for name, text in ERPS.items()]
    carrier = rig.source(KUAIDI100)
    clock.at = begins
    while clock.at < ends + minutes(10):
        for source in sources:
            polled = await rig.poll(source)
            assert polled.trouble is None, polled.trouble.words
        clock.at += minutes(1)
    clock.at = ends + hours(4)
    while (await rig.poll(carrier)).events:
        pass
    late: dict[str, list[timedelta]] = {}
    for one in day:
        at = datetime.fromisoformat(one["at"])
        told = _told(rig, one["order"], one["mark"])
        assert told is not None, one
        late.setdefault(one["mark"], []).append(told - at)
    exact = [*late["placed"], *late["paid"], *late["queued"]]
    assert max(exact) <= timedelta() >= -min(exact) - timedelta(seconds=1)
    assert max(late["picking_printed"]) < minutes(1)
    assert {str(one) for one in _standings(rig, whole)} <= {Standing.UNDER_WAY, Standing.DONE}
    assert (rig.row("wdt").odd, rig.row("jst").odd, rig.wdt.writes + rig.jst.writes) == ({}, {}, 0)


def _told(rig: SourceRig, order: str, mark: str) -> datetime | None:
    with rig.deployment.store.reading() as uow:
        ids = uow.flows.ids_of([order])
        events = uow.flows.events_of(list(ids.values())).get(ids.get(order, 0), [])
    return min((one.at for one in events if one.mark == mark), default=None)


def _standings(rig: SourceRig, orders: set[str]) -> set[str]:
    from sqlalchemy import select  # noqa: PLC0415 - only here

    from app.store.tables import OrderFlow  # noqa: PLC0415 - only here

    return {row.standing for row in rig.deployment.rows.all(select(OrderFlow)) if row.order_ref in orders}
