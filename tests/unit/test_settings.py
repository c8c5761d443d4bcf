"""A wrong setting stops the start with a sentence that names it; secrets may come by file."""

from collections.abc import Callable
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app import settings as knobs
from app.bootstrap import policy_of
from app.channels.kinds import GROUPS
from app.domain.escalation import escalations_of
from app.domain.health_lines import DEFAULTS
from app.settings import PREFIX, Settings, WrongSetting, unknown_names

Set = Callable[..., Settings]
ALIYUN = {
    "sms_provider": "aliyun",
    "sms_access_key_id": "id",
    "sms_access_key_secret": "x",
    "sms_sign_name": "店",
    "sms_notice_template": "SMS_1",
    "sms_coupon_template": "SMS_2",
}

DINGTALK_FORM = (
    "每个地址应形如 https://oapi.dingtalk.com/robot/send?access_token=…，启用了加签的再接 # 和 SEC 开头的密钥"
)
FEISHU_FORM = "每个地址应形如 https://open.feishu.cn/open-apis/bot/v2/hook/…，启用了签名校验的再接 #密钥"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Set:
    """Read the settings from an environment of one's choice, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def read(**names: str) -> Settings:
        for name, value in names.items():
            monkeypatch.setenv(PREFIX + name.upper(), value)
        return knobs.load()

    return read


def test_without_any_setting_it_starts_on_sqlite_and_sends_nothing(load: Set, tmp_path: Path):
    chosen = load()
    assert chosen.url_of_store == f"sqlite:///{tmp_path / 'data' / 'lifeboat.db'}"
    assert (chosen.sms_provider, chosen.wecom_robots, chosen.order_prefix) == ("dry_run", (), "LB")
    assert (chosen.zone, chosen.batch_every, chosen.high_priority_above_fen) == (
        ZoneInfo("Asia/Shanghai"),
        timedelta(minutes=30),
        50_000,
    )
    assert chosen.public_base == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("port", "http", "须为整数"),
        ("alert_summary_at", "9", "须为 时:分，例如 09:00，而不是 '9'"),
        ("alert_summary_at", "24:00", "须为 时:分，例如 09:00，而不是 '24:00'"),
        ("alert_summary_at", "09:00+08:00", "须为 时:分，例如 09:00，而不是 '09:00+08:00'"),
        (
            "alert_steps",
            "orange.1=pigeon",
            "'orange.1=pigeon' 写法不对，例如 orange.1=sms>email、red.2=sms+email+group、red.again=group",
        ),
        ("alert_steps", "red.again=sms", "red.again 须含 group：没有人可叫的时候，至少群里要知道"),
        ("port", "0", "不能小于 1"),
        ("port", "70000", "不能大于 65535"),
        ("timezone", "Mars/Olympus", "未知时区 'Mars/Olympus'，例如 Asia/Shanghai"),
        ("timezone", "../etc/passwd", "未知时区 '../etc/passwd'，例如 Asia/Shanghai"),
        ("secret_key", "short", "至少 32 个字符，可用 openssl rand -hex 32 生成"),
        ("seal_key", "short", "至少 32 个字符，可用 openssl rand -hex 32 生成"),
        ("order_prefix", "1B", "须以大写字母开头，仅含大写字母和数字，最多 7 位"),
        ("order_prefix", "LIFEBOAT", "须以大写字母开头，仅含大写字母和数字，最多 7 位"),
        ("high_priority_above", "viel", "须为数字"),
        ("high_priority_above", "-1", "不能小于 0"),
        ("high_priority_above", "1.005", "最多两位小数"),
        ("store_patience_seconds", "0", "须大于 0.0"),
        ("store_patience_seconds", "3", "不能大于 2.0"),
        ("store_patience_seconds", "x", "须为数字"),
        ("access_log", "maybe", "须为 true 或 false"),
        ("batch_every_minutes", "7", "须能整除一天，例如 10、15、30、60"),
        ("database_url", "mysql://x", "须以 sqlite:/// 或 postgresql+psycopg:// 开头"),
        ("database_url", "postgresql://x", "须以 sqlite:/// 或 postgresql+psycopg:// 开头"),
        (
            "wecom_robots",
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
            "每个地址应形如 https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
        ),
        ("wecom_robots", "ftp://x/?key=1", "每个地址应形如 https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…"),
        *(
            ("feishu_robots", address, FEISHU_FORM)
            for address in (
                "https://open.feishu.cn/open-apis/bot/v2/hook/",
                "http://open.feishu.cn/open-apis/bot/v2/hook/t",
                "https://open.feishu.cn.evil.test/open-apis/bot/v2/hook/t",
                "https://evil.test/open-apis/bot/v2/hook/t?https://open.feishu.cn/open-apis/bot/v2/hook/t",
                "https://a:b@open.feishu.cn/open-apis/bot/v2/hook/t",
                "https://open.feishu.cn/open-apis/bot/v2/hook/t?x=1",
                "https://open.feishu.cn/open-apis/bot/v2/hook/t#",
                "https://open.feishu.cn/open-apis/bot/v2/hook/t#a b",
                "t",
            )
        ),
        (
            "feishu_robots",
            "https://open.feishu.cn/open-apis/bot/hook/t",
            "旧版机器人地址（/open-apis/bot/hook/…）不能用，请在群里新建自定义机器人",
        ),
        ("feishu_mentions", "13800138000", "每项应为成员的 open_id（ou_ 开头）或 @all，最多 50 项"),
        ("feishu_mentions", 'ou_"></at>', "每项应为成员的 open_id（ou_ 开头）或 @all，最多 50 项"),
        (
            "feishu_mentions",
            ",".join(f"ou_{n}" for n in range(51)),
            "每项应为成员的 open_id（ou_ 开头）或 @all，最多 50 项",
        ),
        *(
            ("dingtalk_robots", address, DINGTALK_FORM)
            for address in (
                "https://oapi.dingtalk.com/robot/send",
                "https://oapi.dingtalk.com/robot/send?access_token=",
                "http://oapi.dingtalk.com/robot/send?access_token=t",
                "https://oapi.dingtalk.com:444/robot/send?access_token=t",
                "https://evil.test/robot/send?access_token=t",
                "https://oapi.dingtalk.com/robot/send?access_token=t&timestamp=1&sign=x",
                "https://oapi.dingtalk.com/robot/send?access_token=t#secret",
                "https://oapi.dingtalk.com/robot/send?access_token=t#SEC",
            )
        ),
        ("dingtalk_mentions", "zhangsan", "每项应为 11 位手机号或 @all，最多 50 项"),
        ("dingtalk_mentions", ",".join(["13800138000"] * 51), "每项应为 11 位手机号或 @all，最多 50 项"),
        ("sms_provider", "pigeon", "只能是 'dry_run', 'aliyun' or 'tencent' 之一"),
        ("log_level", "loud", "只能是 'debug', 'info', 'warning' or 'error' 之一"),
    ],
)
def test_a_wrong_setting_names_itself(load: Set, name: str, value: str, sentence: str):
    with pytest.raises(WrongSetting) as wrong:
        load(**{name: value})
    assert str(wrong.value) == f"{PREFIX}{name.upper()}: {sentence}"


def test_all_wrong_settings_are_told_at_once_and_no_secret_is_repeated(load: Set):
    with pytest.raises(WrongSetting) as wrong:
        load(
            port="x",
            secret_key="hunter2",
            wecom_robots="https://h/?k=hunter3",
            feishu_robots="https://open.feishu.cn/hook/hunter4#hunter5",
            dingtalk_robots="https://oapi.dingtalk.com/?hunter6#SEChunter7",
        )
    assert len(str(wrong.value).splitlines()) == 5
    assert "hunter" not in str(wrong.value)


@pytest.mark.parametrize(
    ("provider", "given", "missing"),
    [
        (
            "aliyun",
            {},
            "SMS_ACCESS_KEY_ID、LIFEBOAT_SMS_ACCESS_KEY_SECRET、LIFEBOAT_SMS_SIGN_NAME、LIFEBOAT_SMS_NOTICE_TEMPLATE、LIFEBOAT_SMS_COUPON_TEMPLATE",
        ),
        ("aliyun", {**ALIYUN, "sms_coupon": "combined"}, "SMS_COMBINED_TEMPLATE"),
        ("tencent", {**ALIYUN, "sms_coupon": "off"}, "SMS_SDK_APP_ID"),
    ],
)
def test_a_provider_without_its_account_says_what_is_missing(
    load: Set, provider: str, given: dict[str, str], missing: str
):
    with pytest.raises(WrongSetting) as wrong:
        load(**{**given, "sms_provider": provider})
    assert str(wrong.value) == f"配置: {PREFIX}SMS_PROVIDER={provider} 还需要 {PREFIX}{missing}"


def test_a_provider_with_its_account_is_accepted(load: Set):
    assert load(**ALIYUN).sms_provider == "aliyun"


def test_words_are_separated_by_either_comma(load: Set):
    chosen = load(wecom_mentions="a, b，c,,", wecom_robots="https://h/send?key=1，https://h/send?key=2")
    assert chosen.wecom_mentions == ("a", "b", "c")
    assert [robot.get_secret_value() for robot in chosen.wecom_robots] == [
        "https://h/send?key=1",
        "https://h/send?key=2",
    ]


def test_every_kind_of_group_has_its_settings(load: Set):
    assert list(load().robots) == [kind.name for kind in GROUPS]
    chosen = load(wecom_robots="https://h/send?key=1", wecom_mentions="a")
    assert chosen.robots["wecom"].mentions == ("a",)
    assert len(chosen.robots["wecom"].addresses) == 1


def test_a_dingtalk_robot_may_bring_its_signing_secret(load: Set):
    addresses = (
        "https://oapi.dingtalk.com/robot/send?access_token=0b1#SEC-x+/=",
        "http://localhost/robot/send?access_token=t",
    )
    chosen = load(dingtalk_robots=",".join(addresses), dingtalk_mentions="13800138000，@all")
    assert tuple(one.get_secret_value() for one in chosen.dingtalk_robots) == addresses
    assert chosen.robots["dingtalk"].mentions == ("13800138000", "@all")
    assert "SEC" not in repr(chosen)


def test_a_feishu_robot_may_bring_its_signing_secret(load: Set):
    addresses = (
        "https://open.feishu.cn/open-apis/bot/v2/hook/0b-1_x#救生艇-测试",
        "https://open.larksuite.com/open-apis/bot/v2/hook/t",
        "http://127.0.0.1:8080/open-apis/bot/v2/hook/t#s",
    )
    chosen = load(feishu_robots=",".join(addresses), feishu_mentions="ou_a1b2,@all")
    assert tuple(one.get_secret_value() for one in chosen.feishu_robots) == addresses
    assert chosen.robots["feishu"].mentions == ("ou_a1b2", "@all")
    assert "救生艇" not in repr(chosen)


def test_a_secret_may_come_by_file_and_the_environment_goes_first(load: Set, tmp_path: Path):
    file = tmp_path / "secret"
    file.write_text("f" * 32 + "\n", encoding="utf-8")
    assert load(secret_key_file=str(file)).secret_key.get_secret_value() == "f" * 32
    assert load(secret_key="e" * 32).secret_key.get_secret_value() == "e" * 32
    assert "e" * 32 not in repr(load())


def test_a_secrets_file_that_cannot_be_read_is_named(load: Set):
    with pytest.raises(WrongSetting, match=f"{PREFIX}SEAL_KEY_FILE: 无法读取文件 /nowhere/key"):
        load(seal_key_file="/nowhere/key")


def test_a_file_of_the_wrong_content_is_wrong_too(load: Set, tmp_path: Path):
    (tmp_path / "port").write_text("x", encoding="utf-8")
    with pytest.raises(WrongSetting, match=f"{PREFIX}PORT: 须为整数"):
        load(port_file=str(tmp_path / "port"))


def test_an_empty_setting_is_none(load: Set):
    assert load(port="", high_priority_above="88.50").high_priority_above == Decimal("88.50")
    assert load().port == 8000


def test_a_public_address_loses_its_last_slash(load: Set):
    assert load(public_url="https://shop.example/").public_base == "https://shop.example"


def test_a_name_that_sets_nothing_is_told_with_the_one_that_was_meant():
    names = {
        "LIFEBOAT_DATABSE_URL": "",
        "LIFEBOAT_SECRET_KEY_FILE": "",
        "LIFEBOAT_PORT": "",
        "LIFEBOAT_QQQQQQQQQQQQQQQQQQQQQQ": "",
        "PATH": "",
    }
    assert unknown_names(names) == [
        ("LIFEBOAT_DATABSE_URL", "LIFEBOAT_DATABASE_URL"),
        ("LIFEBOAT_QQQQQQQQQQQQQQQQQQQQQQ", None),
    ]


def test_whom_the_watch_may_call_is_a_list_and_everything_else_is_judged_by_it(load: Set):
    chosen = load(
        watch_hosts="HC-ping.com,db.internal",
        ping_url="https://hc-ping.com/0f3a-uuid",
        dependencies="db=tcp://db.internal:5432，waybill=http://DB.internal/ping",
    )
    assert [(one.name, one.kind, one.port) for one in chosen.probed] == [("db", "tcp", 5432), ("waybill", "http", 80)]
    assert "0f3a-uuid" not in repr(chosen)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ping_url", "https://other.com/secret", "主机 other.com 不在 LIFEBOAT_WATCH_HOSTS 中"),
        ("ping_batch_url", "hc-ping.com/secret", "须以 http://、https:// 开头"),
        ("dependencies", "db=tcp://other:1", "主机 other 不在 LIFEBOAT_WATCH_HOSTS 中"),
        ("dependencies", "tcp://hc-ping.com:1", "须写成 名称=地址"),
        ("dependencies", "a=tcp://hc-ping.com:1,a=tcp://hc-ping.com:2", "名称有重复"),
        ("watch_hosts", "https://hc-ping.com", "只写主机名"),
        ("main_health_url", "https://other.com/secret", "主机 other.com 不在 LIFEBOAT_WATCH_HOSTS 中"),
        ("main_lookup_url", "hc-ping.com/secret", "须以 http://、https:// 开头"),
        ("main_health_url", "https://me:secret@hc-ping.com/", "不带用户名和密码"),
    ],
)
def test_an_address_that_the_watch_may_not_call_names_its_setting(load: Set, name: str, value: str, sentence: str):
    with pytest.raises(WrongSetting) as error:
        load(**{"watch_hosts": "hc-ping.com", name: value})
    assert f"{PREFIX}{name.upper()}: " in str(error.value)
    assert sentence in str(error.value)
    assert "secret" not in str(error.value)


def test_the_main_system_is_asked_for_its_health_and_then_for_an_order(load: Set):
    hosts = {"watch_hosts": "main.example"}
    both = load(**hosts, main_health_url="https://main.example/health", main_lookup_url="https://main.example/o/1?t=x")
    assert [(one.name, one.url) for one in both.main_asked] == [
        ("health", "https://main.example/health"),
        ("lookup", "https://main.example/o/1?t=x"),
    ]
    assert "t=x" not in repr(both)
    assert load(main_health_url="").main_asked == ()
    assert load(main_fail_timeout_seconds="30").main_window == timedelta(seconds=60)


def test_switches_cannot_be_kept_where_there_is_a_file(load: Set, tmp_path: Path):
    assert load(switch_dir=str(tmp_path / "switch")).switch_dir == tmp_path / "switch"
    (tmp_path / "file").touch()
    with pytest.raises(WrongSetting, match="是文件，不是目录"):
        load(switch_dir=str(tmp_path / "file" / "switch"))


def test_lines_of_order_health_are_turned_by_name(load: Set):
    chosen = load(health_lines="slow_times=2，backlog_above=300")
    assert (chosen.lines.slow.times, chosen.lines.backlog.above, chosen.lines.bottleneck.times) == (2.0, 300.0, 2.0)
    assert load(health_lines="").lines == DEFAULTS


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("slow_times=1.1", "须小于“黄灯变慢：平时的倍数”"),
        ("slow_times=很慢", "须为数字"),
        ("slow=2", "没有这一项阈值"),
        ("slow_times", "写成 名称=数值"),
    ],
)
def test_lines_that_cannot_be_used_stop_the_start_with_a_sentence(load: Set, value: str, sentence: str):
    with pytest.raises(WrongSetting) as error:
        load(health_lines=value)
    assert "LIFEBOAT_HEALTH_LINES" in str(error.value)
    assert sentence in str(error.value)


def test_the_time_of_the_summary_and_the_ways_of_steps_are_read(load: Set):
    chosen = load(alert_summary_at="08:30", alert_steps="orange.1=sms>email,red.again=group")
    assert chosen.alert_summary_at == time(8, 30)
    assert chosen.escalations == escalations_of(("orange.1=sms>email", "red.again=group"))
    assert policy_of(chosen).escalations == chosen.escalations
