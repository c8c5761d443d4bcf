"""What the home page says of each way out, on both engines."""

from dataclasses import replace
from datetime import timedelta

from app.store.repositories.leases import LEADER
from app.web.console.channel_lines import Line, channel_lines
from tests.deployment import Deployment
from tests.deployment.facts import settings_in

ROBOT = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"


def _lines(deployment: Deployment, **chosen: object) -> dict[str, Line]:
    boat = replace(deployment.boat, settings=settings_in(deployment.folder, **chosen))
    with deployment.store.reading() as uow:
        return {line.name.partition(":")[0]: line for line in channel_lines(uow, boat, now=deployment.clock.now())}


def _target(deployment: Deployment) -> str:
    boat = replace(deployment.boat, settings=settings_in(deployment.folder, wecom_robots=[ROBOT]))
    with deployment.store.reading() as uow:
        lines = channel_lines(uow, boat, now=deployment.clock.now())
    return next(line.name for line in lines if line.name.startswith("wecom")).partition(":")[2]


def test_what_is_not_connected_says_that_it_only_records(deployment: Deployment):
    lines = _lines(deployment)
    assert {name: line.state for name, line in lines.items()} == {
        "worker": "down",
        "wecom": "dry",
        "sms": "dry",
        "email": "dry",
        "coupons": "dry",
    }
    assert "没有在工作" in lines["worker"].text
    assert "只记录不发送" in lines["wecom"].text


def test_a_robot_tells_what_of_this_minute_is_used_and_what_waits(deployment: Deployment):
    now, target = deployment.clock.now(), _target(deployment)
    for n in range(3):
        deployment.notices.add(f"m{n}", target=target, due_at=now - timedelta(minutes=1))
    with deployment.store.writing() as uow:
        uow.attempts.begin(uow.messages.in_state("pending")[:2], now=now - timedelta(seconds=30))
    line = _lines(deployment, wecom_robots=[ROBOT])["wecom"]
    assert (line.state, line.text) == ("ok", "本分钟 2/18 条，3 条在等")


def test_a_robot_that_refuses_is_down_and_says_why(deployment: Deployment):
    now, target = deployment.clock.now(), _target(deployment)
    with deployment.store.writing() as uow:
        uow.pauses.pause(
            f"wecom:{target}", reason="wecom:connect", until=now + timedelta(minutes=5), now=now, fault=True
        )
    line = _lines(deployment, wecom_robots=[ROBOT])["wecom"]
    assert line.state == "down"
    assert "暂停：连不上企业微信" in line.text


def test_a_worker_that_holds_its_lease_is_awake(deployment: Deployment):
    now = deployment.clock.now()
    with deployment.store.writing() as uow:
        assert uow.leases.take(LEADER, holder="w", now=now, until=now + timedelta(seconds=20))
    assert _lines(deployment)["worker"].state == "ok"


def test_a_pool_that_runs_low_warns_before_it_is_empty(deployment: Deployment):
    with deployment.store.writing() as uow:
        uow.coupons.add([("A", "10"), ("B", "10")], now=deployment.clock.now())
    assert _lines(deployment, coupon_low_at=2)["coupons"].state == "warn"
    assert _lines(deployment, coupon_low_at=1)["coupons"].text == "剩余 2 张"
    assert _lines(deployment, coupon_low_at=1)["coupons"].state == "ok"
