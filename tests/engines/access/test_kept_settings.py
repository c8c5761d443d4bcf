"""Settings changed without a shell: judged as .env is, sealed, on record, live everywhere, and given back."""

from datetime import datetime

import pytest
from sqlalchemy import select, text

from app.access.kept_settings import (
    TEST_EVERY,
    NothingKept,
    TriedJustNow,
    WrongValue,
    begin_test,
    change_setting,
    forget_setting,
)
from app.bootstrap import Lifeboat
from app.bootstrap.kept import LOOK_EVERY, KeptSettings
from app.bootstrap.set_now import add_robots, change, remove_robot, rules_of, setting_lines
from app.domain.health_lines import DEFAULTS
from app.store.database.engine import Engines
from app.store.tables import Audit, KeptSetting
from app.store.unit_of_work import Store
from app.telemetry.metrics import Metrics
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS

KEY = "s3cr3t-of-the-robot-ab12"
ROBOT = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/9f3a-cd34#s1gnature-of-ours"


class Ticks:
    """A monotonic clock that goes on when told."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def _set(deployment: Deployment, name: str, value: str) -> None:
    with deployment.store.writing() as uow:
        change_setting(uow, name, value, rules=rules_of(deployment.boat), by=IT, now=deployment.clock.now())


def _replica(deployment: Deployment, ticks: Ticks) -> KeptSettings:
    return KeptSettings(Store(deployment.engines), KEYS.seal, deployment.settings, monotonic=ticks)


def _addresses(kept: KeptSettings) -> list[str]:
    return [one.get_secret_value() for one in kept.now().settings.wecom_robots]


def test_two_replicas_follow_a_change_and_a_return_within_seconds(deployment: Deployment):
    ticks = Ticks()
    replicas = [_replica(deployment, ticks) for _ in range(2)]
    assert [_addresses(one) for one in replicas] == [[], []]
    _set(deployment, "wecom_robots", ROBOT)
    ticks.at += LOOK_EVERY - 0.1
    assert [_addresses(one) for one in replicas] == [[], []]
    ticks.at += 0.2
    assert [_addresses(one) for one in replicas] == [[ROBOT], [ROBOT]]
    assert LOOK_EVERY <= 5
    with deployment.store.writing() as uow:
        forget_setting(uow, "wecom_robots", rules=rules_of(deployment.boat), by=IT, now=deployment.clock.now())
    ticks.at += LOOK_EVERY
    assert [_addresses(one) for one in replicas] == [[], []]


def test_the_same_object_is_returned_while_nothing_changes(deployment: Deployment):
    """Channels are rebuilt when it is another."""
    ticks = Ticks()
    kept = _replica(deployment, ticks)
    _set(deployment, "coupon_low_at", "7")
    before = kept.now().settings
    assert before.coupon_low_at == 7
    ticks.at += LOOK_EVERY
    assert kept.now().settings is before


def test_a_store_that_is_away_leaves_what_was_known_last(deployment: Deployment):
    ticks, away = Ticks(), [False]

    class Comes(Store):
        def reading(self):
            if away[0]:
                raise OSError("away")
            return super().reading()

    kept = KeptSettings(Comes(deployment.engines), KEYS.seal, deployment.settings, monotonic=ticks)
    _set(deployment, "wecom_robots", ROBOT)
    assert _addresses(kept) == [ROBOT]
    away[0] = True
    ticks.at += LOOK_EVERY * 100
    assert _addresses(kept) == [ROBOT]


def test_the_value_rests_sealed_and_the_record_has_host_and_last_four_alone(
    deployment: Deployment, capfd: pytest.CaptureFixture[str]
):
    _set(deployment, "wecom_robots", ROBOT)
    _set(deployment, "feishu_robots", FEISHU)
    _set(deployment, "alert_emails", "li@example.com，wang@example.com")
    boat = deployment.boat
    rows = deployment.rows.all(select(KeptSetting))
    deeds = deployment.rows.all(select(Audit).where(Audit.action == "setting.change").order_by(Audit.id))
    assert [deed.detail["text"] for deed in deeds] == [
        "qyapi.weixin.qq.com …ab12",
        "open.feishu.cn …cd34",
        "2 项",
    ]
    assert {(row.changed_by, row.changed_at) for row in rows} == {("it", deployment.clock.now())}
    lines = setting_lines(boat)
    seen = f"{deeds} {rows} {[d.detail for d in deeds]} {capfd.readouterr()}"
    for private in (KEY, "s1gnature", "9f3a", "li@example.com"):
        assert private not in seen
        assert private.encode() not in b"".join(row.sealed for row in rows)
    assert KEY not in str(lines)
    assert "s1gnature" not in str(lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wecom_robots", "https://evil.example/cgi-bin/webhook/send?key=planted"),
        ("wecom_robots", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=planted"),
        ("wecom_robots", "https://qyapi.weixin.qq.com@evil.example/send?key=planted"),
        ("wecom_robots", "https://qyapi.weixin.qq.com:8443/send?key=planted"),
        ("wecom_robots", "https://planted:x@qyapi.weixin.qq.com/send?key=planted"),
        ("wecom_robots", "http://127.0.0.1:8000/send?key=planted"),
        ("wecom_robots", "https://169.254.169.254/send?key=planted"),
        ("wecom_robots", "https://[::1/send?key=planted"),
        ("wecom_robots", "https://qyapi.weixin.qq.com/send?k=planted"),
        ("wecom_robots", f"{ROBOT}\nplanted"),
        ("wecom_robots", ",".join(f"{ROBOT}{n}planted" for n in range(21))),
        ("wecom_mentions", "planted" * 20),
        ("feishu_robots", "http://127.0.0.1:9/open-apis/bot/v2/hook/planted"),
        ("feishu_mentions", "planted"),
        ("dingtalk_robots", "https://oapi.dingtalk.com/robot/send?access_token=planted&timestamp=1"),
        ("dingtalk_mentions", "planted"),
        ("alert_emails", "planted"),
        ("alert_emails", "a@b.example\r\nBcc: planted@evil.example"),
        ("batch_columns", "../planted"),
        ("coupon_low_at", "planted"),
        ("coupon_low_at", "-1"),
        ("secret_key", "planted" * 10),
        ("database_url", "sqlite:///planted"),
        ("outbound_hosts", "planted"),
        ("", "planted"),
    ],
)
def test_a_hostile_value_is_refused_in_a_sentence_that_does_not_repeat_it(
    deployment: Deployment, name: str, value: str
):
    with pytest.raises(WrongValue) as refused:
        _set(deployment, name, value)
    assert "planted" not in str(refused.value)
    assert "没有改动" in str(refused.value)
    assert deployment.rows.all(select(KeptSetting)) == []
    assert deployment.rows.all(select(Audit).where(Audit.action == "setting.change")) == []


def test_a_row_that_cannot_be_used_any_more_gives_way_to_what_env_says(deployment: Deployment):
    """Written by hand, moved from another name, or from a time when another host was allowed."""
    _set(deployment, "wecom_robots", ROBOT)
    _set(deployment, "coupon_low_at", "7")
    with deployment.engines.writer.begin() as connection:
        connection.execute(text("UPDATE kept_setting SET name = 'feishu_robots' WHERE name = 'wecom_robots'"))
    known = _replica(deployment, Ticks()).now()
    assert known.settings.feishu_robots == ()
    assert known.settings.coupon_low_at == 7
    assert known.wrong == ("feishu_robots",)


def test_nothing_is_forgotten_where_nothing_was_kept(deployment: Deployment):
    with pytest.raises(NothingKept), deployment.store.writing() as uow:
        forget_setting(uow, "wecom_robots", rules=rules_of(deployment.boat), by=IT, now=deployment.clock.now())


def test_a_robot_is_added_to_those_of_env_and_another_one_taken_out(engines: Engines, deployment: Deployment):
    with_one = Deployment(deployment.folder, engines=engines, clock=deployment.clock, wecom_robots=ROBOT)
    boat = Lifeboat(with_one.settings, deployment.clock, engines, deployment.store, KEYS, Metrics())
    add_robots(boat, "wecom_robots", f"{ROBOT}-2", by=IT)
    assert [one.get_secret_value() for one in boat.live.wecom_robots] == [ROBOT, f"{ROBOT}-2"]
    first = next(line for line in setting_lines(boat) if line.name == "wecom_robots").targets[0]
    remove_robot(boat, "wecom_robots", first.name, by=IT)
    assert [one.get_secret_value() for one in boat.live.wecom_robots] == [f"{ROBOT}-2"]
    with pytest.raises(WrongValue, match="没有这个机器人"):
        remove_robot(boat, "wecom_robots", first.name, by=IT)
    with pytest.raises(WrongValue, match="请填写"):
        add_robots(boat, "wecom_robots", " ", by=IT)


def test_a_layout_is_one_of_those_there_are(deployment: Deployment):
    change(deployment.boat, "batch_columns", "jushuitan", by=IT)
    assert deployment.boat.live.batch_columns == "jushuitan"


def _begin(deployment: Deployment, name: str, now: datetime) -> None:
    with deployment.store.writing() as uow:
        begin_test(uow, name, told="qyapi.weixin.qq.com …ab12", by=IT, now=now)


def test_one_test_message_a_robot_in_ten_seconds_and_each_is_on_record(deployment: Deployment):
    now = deployment.clock.now()
    _begin(deployment, "wecom:a", now)
    _begin(deployment, "wecom:b", now)
    for at in (now, now + TEST_EVERY / 2):
        with pytest.raises(TriedJustNow):
            _begin(deployment, "wecom:a", at)
    _begin(deployment, "wecom:a", now + TEST_EVERY * 1.1)
    deeds = deployment.rows.all(select(Audit).where(Audit.action == "setting.test"))
    assert [deed.subject for deed in deeds] == ["channel:wecom:a", "channel:wecom:b", "channel:wecom:a"]


def test_lines_of_alerts_are_kept_as_one_and_told_before_and_after(deployment: Deployment):
    """All of them at once or none: what is possible beside each other is judged together."""
    ticks = Ticks()
    kept = _replica(deployment, ticks)
    assert kept.now().settings.lines == DEFAULTS
    _set(deployment, "health_lines", "slow_times=3,slow_clears_below=2,backlog_above=300")
    _set(deployment, "health_lines", "slow_times=3,slow_clears_below=2.5")
    ticks.at += LOOK_EVERY
    assert kept.now().settings.lines.slow.clears_below == 2.5
    with pytest.raises(WrongValue, match="告警阈值没有改动：黄灯变慢：低于多少倍算恢复：须小于"):
        _set(deployment, "health_lines", "slow_times=1.2")
    with deployment.store.writing() as uow:
        forget_setting(uow, "health_lines", rules=rules_of(deployment.boat), by=IT, now=deployment.clock.now())
    deeds = deployment.rows.all(select(Audit).where(Audit.action.like("setting.%")).order_by(Audit.id))
    assert [(one.detail["before"], one.detail["text"]) for one in deeds] == [
        (
            "slow_times=1.5、slow_clears_below=1.25、backlog_above=200",
            "slow_times=3、slow_clears_below=2、backlog_above=300",
        ),
        ("slow_clears_below=2、backlog_above=300", "slow_clears_below=2.5、backlog_above=200"),
        ("slow_times=3、slow_clears_below=2.5", "slow_times=1.5、slow_clears_below=1.25"),
    ]
