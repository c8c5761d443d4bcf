"""A storefront is switched by a person, with a reason, until a moment; what is on is a row, told once; on both engines."""

from datetime import datetime, timedelta

import pytest

from app.notify.contents import AlertContent, read_content
from app.notify.main_system import tell_switches
from app.reconcile.switches import MOST, SwitchError, end_run_out, switch_off, switch_on
from tests.deployment import Deployment
from tests.deployment.facts import IT, OPS, TEN, hours, minutes
from tests.deployment.notices import a_policy


def on(
    deployment: Deployment, channel: str, *, reason: str = "演练", until: datetime | None = None, now: datetime = TEN
) -> None:
    with deployment.store.writing() as uow:
        switch_on(uow, channel, reason=reason, until=until, by=OPS, now=now)


def off(deployment: Deployment, channel: str, *, reason: str = "好了", now: datetime = TEN) -> None:
    with deployment.store.writing() as uow:
        switch_off(uow, channel, reason=reason, by=IT, now=now)


def now_on(deployment: Deployment, now: datetime = TEN) -> list[str]:
    with deployment.store.reading() as uow:
        return [row.channel for row in uow.switched.now(now)]


def tell(deployment: Deployment, now: datetime = TEN) -> int:
    return tell_switches(deployment.store, a_policy(), now=now)


def told(deployment: Deployment) -> list[tuple[str, bool]]:
    contents = [read_content(message.subject, message.content) for message in deployment.rows.messages()]
    return [(one.sentence, one.ended) for one in contents if isinstance(one, AlertContent)]


def test_one_storefront_is_switched_and_the_others_are_not(deployment: Deployment):
    on(deployment, "tmall")
    on(deployment, "jd")
    assert now_on(deployment) == ["jd", "tmall"]
    off(deployment, "tmall")
    assert now_on(deployment) == ["jd"]
    with deployment.store.reading() as uow:
        deeds = [(deed.action, deed.subject, deed.actor) for deed in uow.audit.page(limit=9)]
    assert deeds == [("switch.off", "tmall", "it"), ("switch.on", "jd", "ops"), ("switch.on", "tmall", "ops")]


def test_said_again_the_new_reason_and_time_count_and_there_is_one_row(deployment: Deployment):
    on(deployment, "tmall", reason="一")
    on(deployment, "tmall", reason="二", until=TEN + hours(1))
    with deployment.store.reading() as uow:
        (row,) = uow.switched.now(TEN)
        assert (row.reason, row.until, row.since) == ("二", TEN + hours(1), TEN)
    off(deployment, "tmall")
    on(deployment, "tmall", reason="三")
    assert now_on(deployment) == ["tmall"]


def test_whose_time_is_over_is_off_at_once_and_ended_by_the_worker(deployment: Deployment):
    on(deployment, "tmall", until=TEN + hours(1))
    on(deployment, "jd")
    assert now_on(deployment, TEN + hours(1)) == ["jd"]
    assert end_run_out(deployment.store, now=TEN + minutes(59)) == 0
    assert end_run_out(deployment.store, now=TEN + hours(1)) == 1
    assert end_run_out(deployment.store, now=TEN + hours(1)) == 0
    with deployment.store.reading() as uow:
        (deed, *_) = uow.audit.page(limit=1)
        (row,) = uow.switched.latest(limit=9)
    assert (deed.action, deed.actor, deed.subject) == ("switch.off", "system", "tmall")
    assert (row.ended_by, row.ended_why) == ("system", "到时自动切回")


@pytest.mark.parametrize("channel", ["../etc", "a/b", "", ".", "list", "天猫", "x" * 49, "a.b"])
def test_a_name_that_could_lead_elsewhere_is_refused(deployment: Deployment, channel: str):
    with pytest.raises(SwitchError, match="不能作渠道名"):
        on(deployment, channel)
    with pytest.raises(SwitchError, match="不能作渠道名"):
        off(deployment, channel)
    assert now_on(deployment) == []


@pytest.mark.parametrize(
    ("reason", "until", "says"),
    [("", None, "为什么"), (" \n ", None, "为什么"), ("x", timedelta(), "已经过去"), ("x", -minutes(1), "已经过去")],
)
def test_what_is_no_reason_or_no_time_is_refused(
    deployment: Deployment, reason: str, until: timedelta | None, says: str
):
    with pytest.raises(SwitchError, match=says):
        on(deployment, "tmall", reason=reason, until=TEN + until if until is not None else None)


def test_what_is_not_switched_cannot_be_switched_back(deployment: Deployment):
    with pytest.raises(SwitchError, match="没有切换"):
        off(deployment, "tmall")


def test_a_hundred_at_once_and_no_more(deployment: Deployment):
    for n in range(MOST):
        on(deployment, f"shop-{n}")
    with pytest.raises(SwitchError, match="全部切换请用 all"):
        on(deployment, "one-more")
    on(deployment, "shop-7", reason="又一次")
    off(deployment, "shop-8")
    on(deployment, "all")


def test_the_group_hears_of_each_turn_once(deployment: Deployment):
    assert tell(deployment) == 0
    on(deployment, "tmall", reason="机房检修", until=TEN + hours(1))
    on(deployment, "all", reason="全停")
    assert (tell(deployment), tell(deployment)) == (2, 0)
    off(deployment, "all", reason="恢复了")
    end_run_out(deployment.store, now=TEN + hours(1))
    assert (tell(deployment), tell(deployment)) == (2, 0)
    assert told(deployment) == [
        ("渠道 tmall 由 ops 切到 Lifeboat，到 11-22 11:00 自动切回：机房检修。", False),
        ("全部渠道由 ops 切到 Lifeboat，直到有人切回：全停。", False),
        ("渠道 tmall 已切回主系统（system：到时自动切回）。", True),
        ("全部渠道已切回主系统（it：恢复了）。", True),
    ]


def test_of_one_that_was_over_before_anybody_heard_of_it_the_end_alone_is_told(deployment: Deployment):
    on(deployment, "tmall")
    off(deployment, "tmall")
    assert (tell(deployment), tell(deployment)) == (1, 0)
    assert [ended for _, ended in told(deployment)] == [True]
