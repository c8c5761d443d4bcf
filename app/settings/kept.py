"""The closed list of settings that may be changed without a shell, each judged by what judges it in ``.env``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from app.domain.health_lines import health_lines, texts_in, texts_of
from app.settings import Settings
from app.settings.batches import BatchSettings
from app.settings.messages import MessageSettings
from app.settings.sources import PREFIX, Part, WrongSetting, line_of
from app.settings.watch import WatchSettings

LONGEST_TEXT = 8000
MOST_ROBOTS = 20
HEALTH_LINES = "health_lines"
_OWN_MACHINE = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, slots=True)
class KeptName:
    """A setting that may be changed: what people call it, what it holds, and which part of the settings judges it."""

    word: str
    kind: Literal["robots", "people", "one", "lines"]
    part: type[Part]
    hint: str = ""


KEPT: Mapping[str, KeptName] = {
    "wecom_robots": KeptName(
        "企业微信机器人", "robots", MessageSettings, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…"
    ),
    "wecom_mentions": KeptName("企业微信提醒谁", "people", MessageSettings, "userid、手机号或 @all，用逗号分开"),
    "feishu_robots": KeptName(
        "飞书机器人",
        "robots",
        MessageSettings,
        "https://open.feishu.cn/open-apis/bot/v2/hook/…，启用了签名校验的再接 #密钥",
    ),
    "feishu_mentions": KeptName("飞书提醒谁", "people", MessageSettings, "open_id（ou_ 开头）或 @all，用逗号分开"),
    "dingtalk_robots": KeptName(
        "钉钉机器人",
        "robots",
        MessageSettings,
        "https://oapi.dingtalk.com/robot/send?access_token=…，启用了加签的再接 #SEC…",
    ),
    "dingtalk_mentions": KeptName("钉钉提醒谁", "people", MessageSettings, "手机号或 @all，用逗号分开"),
    "alert_emails": KeptName("告警邮箱", "people", MessageSettings, "邮箱地址，用逗号分开"),
    "batch_columns": KeptName("批次文件的布局", "one", BatchSettings, "布局的名称，例如 generic"),
    HEALTH_LINES: KeptName("告警阈值", "lines", WatchSettings, "名称=数值，用逗号分开；没写的用默认值"),
    "coupon_low_at": KeptName("券码告警线", "one", MessageSettings, "剩余不超过这么多张时告警"),
}
"""By the name of the setting; nothing else can be kept, whatever a form or a row says."""


def value_of(name: str, text: str, *, hosts: Iterable[str]) -> object:
    """Return the value that a text stands for.

    Raises:
        WrongSetting: it cannot be used; the sentence does not repeat it.
    """
    if name not in KEPT:
        raise WrongSetting("这一项不能在这里设置，请改服务器的 .env。")
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise WrongSetting(f"不能含换行等不可见字符，最长 {LONGEST_TEXT} 字。")
    try:
        value: object = getattr(KEPT[name].part.model_validate({name: text}), name)
    except ValidationError as error:
        raise WrongSetting(line_of(error.errors()[0]).removeprefix(f"{PREFIX}{name.upper()}: ")) from None
    if KEPT[name].kind == "robots" and isinstance(value, tuple):
        _require_known(value, frozenset(hosts))
    return value


def with_kept(first: Settings, texts: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Return settings with the kept values in them, and the names of those that cannot be used any more."""
    values, wrong = {}, []
    for name, text in texts.items():
        try:
            values[name] = value_of(name, text, hosts=first.outbound_hosts)
        except WrongSetting:
            wrong.append(name)
    return first.model_copy(update=values), wrong


def told(name: str, value: object) -> str:
    """Return what may be shown and recorded of a value: of robots host and last four, of people how many."""
    if not isinstance(value, tuple):
        return str(value)
    if KEPT[name].kind == "people":
        return f"{len(value)} 项" if value else "无"
    if KEPT[name].kind == "lines":
        return "、".join(value) or "全部默认"
    return "、".join(told_robot(one) for one in value) or "无"


def told_change(name: str, before: object, after: object) -> tuple[str, str]:
    """Return what may be recorded of a value and of the one that takes its place; of lines those that differ alone."""
    if KEPT[name].kind != "lines" or not isinstance(before, tuple) or not isinstance(after, tuple):
        return told(name, before), told(name, after)
    was, now = (texts_of(health_lines(texts_in(value))) for value in (before, after))
    other = [line for line in was if was[line] != now[line]]
    return _said(was, other), _said(now, other)


def _said(texts: Mapping[str, str], lines: Iterable[str]) -> str:
    return "、".join(f"{line}={texts[line]}" for line in lines) or "没有变化"


def told_robot(address: SecretStr) -> str:
    """Return host and last four characters of a robot's address, which stay when its signing secret is replaced."""
    bare = address.get_secret_value().partition("#")[0]
    return f"{urlsplit(bare).hostname} …{bare[-4:]}"


def _require_known(robots: tuple[SecretStr, ...], hosts: frozenset[str]) -> None:
    """Refuse addresses of whatever is not a provider: this machine calls them.

    Raises:
        WrongSetting: with the hosts that may be called.
    """
    if len(robots) > MOST_ROBOTS:
        raise WrongSetting(f"最多 {MOST_ROBOTS} 个机器人。")
    for robot in robots:
        try:
            parts = urlsplit(robot.get_secret_value())
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port, parts = "", None, urlsplit("")
        ours = host in _OWN_MACHINE
        plain = parts.scheme == "https" and port in {None, 443}
        if host not in hosts or "@" in parts.netloc or not (plain or ours):
            known = "、".join(sorted(hosts)) or "无"
            raise WrongSetting(f"地址须以 https:// 开头，且主机在允许的名单内：{known}。")
