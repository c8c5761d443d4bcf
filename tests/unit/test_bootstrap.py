"""The composition root puts every kind of group robot where its settings say, and shows no address."""

from collections.abc import Callable

import pytest

from app.bootstrap import Lifeboat, open_channels, policy_of
from app.channels.group.dry_run import DryRunGroup
from app.channels.kinds import GROUPS
from app.notify.policy import DRY

ADDRESSES = {
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/t#s",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=t#SECs",
}
PEOPLE = {"wecom": "zhangsan", "feishu": "ou_a1", "dingtalk": "13800138000"}
Open = Callable[..., Lifeboat]


async def test_each_kind_that_has_settings_is_a_group_with_its_robot(open_boat: Open):
    robots = {f"{name}_robots": address for name, address in ADDRESSES.items()}
    boat = open_boat(**robots, **{f"{name}_mentions": person for name, person in PEOPLE.items()})
    groups = policy_of(boat.settings).groups
    assert [(group.channel, group.mentions) for group in groups] == [
        (kind.name, (PEOPLE[kind.name],)) for kind in GROUPS
    ]
    channels = open_channels(boat.settings, boat.clock)
    assert list(channels.robots) == list(groups)
    assert [type(robot).__name__ for robot in channels.robots.values()] == [
        "WecomRobot",
        "FeishuRobot",
        "DingtalkRobot",
    ]
    await channels.aclose()


async def test_without_any_robot_what_would_be_sent_is_simulated(open_boat: Open):
    boat = open_boat()
    assert policy_of(boat.settings).groups == (DRY,)
    channels = open_channels(boat.settings, boat.clock)
    assert isinstance(channels.robots[DRY], DryRunGroup)
    await channels.aclose()


async def test_an_emergency_group_stands_beside_the_everyday_ones_and_never_in_their_place(open_boat: Open):
    other = f"{ADDRESSES['wecom']}2"
    alone = open_boat(emergency_robots=other)
    assert [(group.target == DRY.target, group.emergency) for group in policy_of(alone.settings).groups] == [
        (True, False),
        (False, True),
    ]
    channels = open_channels(alone.settings, alone.clock)
    assert isinstance(channels.robots[DRY], DryRunGroup)
    await channels.aclose()
    both = open_boat(wecom_robots=ADDRESSES["wecom"], emergency_robots=f"{ADDRESSES['wecom']},{other}")
    assert [group.emergency for group in policy_of(both.settings).groups] == [False, True]


@pytest.mark.parametrize("name", ["feishu", "dingtalk"])
def test_a_robot_keeps_its_name_when_its_signing_secret_is_replaced(open_boat: Open, name: str):
    """Otherwise what waits for it would be taken for somebody else's."""
    other = ADDRESSES[name].partition("#")[0]
    names = {
        policy_of(open_boat(**{f"{name}_robots": address}).settings).groups[0].target
        for address in (ADDRESSES[name], other, f"{other}#SECother")
    }
    assert len(names) == 1
    (target,) = names
    assert len(target) == 12
    assert target not in ADDRESSES[name]


def test_only_what_really_sends_is_a_destination(open_boat: Open):
    """A fault of anything else would never end."""
    assert policy_of(open_boat().settings).destinations() == {"wecom:dry"}
    mail = {"smtp_url": "smtp://localhost", "smtp_from": "it@example.com"}
    aliyun = {
        "sms_provider": "aliyun",
        "sms_access_key_id": "id",
        "sms_access_key_secret": "secret",
        "sms_sign_name": "本店",
        "sms_notice_template": "SMS_1",
        "sms_coupon": "off",
    }
    assert "email:" not in policy_of(open_boat(**mail).settings).destinations()  # it has nobody to write to
    boat = open_boat(wecom_robots=ADDRESSES["wecom"], alert_emails="it@example.com", **mail, **aliyun)
    groups = {f"wecom:{group.target}" for group in policy_of(boat.settings).groups}
    assert policy_of(boat.settings).destinations() == groups | {"sms:", "email:"}
