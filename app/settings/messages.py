"""Settings of messages: the group robots, text messages and coupons, e-mail."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from app.domain.escalation import Escalation, escalations_of
from app.settings.sources import PREFIX, Part, Words, split_at_commas

Webhooks = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(split_at_commas)]
"""Comma-separated addresses; each holds the key of its robot, so it is a secret as a whole."""


OWN_MACHINE = r"https?://(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?"
"""A fake provider, for tests."""

FEISHU_ROBOT = re.compile(
    rf"(?:https://open\.(?:feishu\.cn|larksuite\.com)|{OWN_MACHINE})/open-apis/bot/v2/hook/[A-Za-z0-9_-]+(?:#[^#\s]+)?"
)
FEISHU_PERSON = re.compile(r"ou_[A-Za-z0-9_-]{1,60}|@all")
DINGTALK_ROBOT = re.compile(
    rf"(?:https://oapi\.dingtalk\.com|{OWN_MACHINE})/robot/send\?access_token=[A-Za-z0-9_-]+(?:#SEC[^#\s]+)?"
)
DINGTALK_PERSON = re.compile(r"1[0-9]{10}|@all")

MOST_MENTIONS = 50
LONGEST_NAME = 64

MAILBOX = re.compile(r"[^\s@,<>\"'()]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
"""Whom a mail server may take; a line end in it would be a header of somebody else's."""


class Robots(NamedTuple):
    """The robots of one kind, and whom they mention."""

    addresses: tuple[SecretStr, ...]
    mentions: tuple[str, ...]


class MessageSettings(Part):
    """Who is told, by which way."""

    wecom_robots: Webhooks = ()
    wecom_mentions: Words = ()
    emergency_robots: Webhooks = ()  # WeCom too; their groups hear of red alerts alone
    feishu_robots: Webhooks = ()  # behind # the signing secret, if there is one
    feishu_mentions: Words = ()
    dingtalk_robots: Webhooks = ()  # likewise
    dingtalk_mentions: Words = ()

    # text messages
    shop_name: str = "本店"
    sms_provider: Literal["dry_run", "aliyun", "tencent"] = "dry_run"
    sms_coupon: Literal["combined", "separate", "off"] = "separate"
    sms_sign_name: str = ""
    sms_endpoint: str = ""
    sms_access_key_id: str = ""  # Aliyun AccessKey id, Tencent SecretId
    sms_access_key_secret: SecretStr = SecretStr("")
    sms_sdk_app_id: str = ""
    sms_region: str = "ap-guangzhou"
    sms_notice_template: str = ""
    sms_notice_variables: str = "number=order_number"
    sms_coupon_template: str = ""
    sms_coupon_variables: str = "code=coupon"
    sms_combined_template: str = ""
    sms_combined_variables: str = "number=order_number,code=coupon"
    sms_code_template: str = ""
    sms_code_variables: str = "code=code"
    sms_duty_template: str = ""
    sms_duty_variables: str = "time=time,alerts=alerts"
    sms_alert_template: str = ""
    sms_alert_variables: str = "level=level,time=time,code=code"
    sms_per_day: int = Field(default=20_000, ge=0)  # spend stop of the whole deployment
    sms_per_client_per_day: int = Field(default=10_000, ge=0)  # a stolen key pumps no more than this
    coupons_per_client_per_hour: int = Field(default=600, ge=0)  # 0: as many as there are
    coupon_low_at: int = Field(default=100, ge=0)

    # e-mail
    smtp_url: SecretStr = SecretStr("")
    smtp_from: str = "lifeboat@localhost"
    alert_emails: Words = ()
    alert_summary_at: time = time(
        9
    )  # of each day, on the merchant's wall clock: lesser alerts that nobody has taken on
    alert_steps: Words = ()  # by which ways a step of an escalation tells people, orange.1=sms>email

    @property
    def robots(self) -> Mapping[str, Robots]:
        """Every kind of group robot with its settings; the first one's group is told what no other robot can tell."""
        return {
            "wecom": Robots(self.wecom_robots, self.wecom_mentions),
            "feishu": Robots(self.feishu_robots, self.feishu_mentions),
            "dingtalk": Robots(self.dingtalk_robots, self.dingtalk_mentions),
        }

    @property
    def escalations(self) -> Mapping[str, Escalation]:
        """Whom an alert of a level is told to step by step, and by which ways."""
        return escalations_of(self.alert_steps)

    @field_validator("alert_summary_at", mode="before")
    @classmethod
    def summary_has_a_time(cls, value: object) -> object:
        """Refuse what is no hour and minute; a lone number would be seconds after midnight."""
        if isinstance(value, str) and not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", value):
            raise ValueError(f"须为 时:分，例如 09:00，而不是 {value[:20]!r}")
        return value

    @field_validator("alert_steps")
    @classmethod
    def steps_can_be_taken(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no way of a step there is, and what would let an alert reach nobody."""
        escalations_of(value)
        return value

    @field_validator("wecom_robots", "emergency_robots")
    @classmethod
    def webhooks_have_a_key(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        """Refuse what is not a webhook address of a robot."""
        for robot in value:
            parts = urlsplit(robot.get_secret_value())
            if parts.scheme not in {"http", "https"} or not parts.hostname or "key=" not in parts.query:
                raise ValueError("每个地址应形如 https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…")
        return value

    @field_validator("feishu_robots")
    @classmethod
    def feishu_robots_are_of_the_second_kind(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        """Refuse what is not the address of a robot; the first kind of robot takes nothing that we send."""
        for robot in value:
            if "/open-apis/bot/hook/" in robot.get_secret_value():
                raise ValueError("旧版机器人地址（/open-apis/bot/hook/…）不能用，请在群里新建自定义机器人")
            if not FEISHU_ROBOT.fullmatch(robot.get_secret_value()):
                raise ValueError(
                    "每个地址应形如 https://open.feishu.cn/open-apis/bot/v2/hook/…，启用了签名校验的再接 #密钥"
                )
        return value

    @field_validator("feishu_mentions")
    @classmethod
    def feishu_knows_people_by_open_id(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse phones and names, which its robots cannot mention."""
        if len(value) > MOST_MENTIONS or not all(FEISHU_PERSON.fullmatch(one) for one in value):
            raise ValueError(f"每项应为成员的 open_id（ou_ 开头）或 @all，最多 {MOST_MENTIONS} 项")
        return value

    @field_validator("dingtalk_robots")
    @classmethod
    def dingtalk_robots_have_a_token(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        """Refuse what is not the address of a robot, as one with the time and signature of an old call in it."""
        if not all(DINGTALK_ROBOT.fullmatch(robot.get_secret_value()) for robot in value):
            form = "https://oapi.dingtalk.com/robot/send?access_token=…"
            raise ValueError(f"每个地址应形如 {form}，启用了加签的再接 # 和 SEC 开头的密钥")
        return value

    @field_validator("dingtalk_mentions")
    @classmethod
    def dingtalk_knows_people_by_phone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is not a phone."""
        if len(value) > MOST_MENTIONS or not all(DINGTALK_PERSON.fullmatch(one) for one in value):
            raise ValueError(f"每项应为 11 位手机号或 @all，最多 {MOST_MENTIONS} 项")
        return value

    @field_validator("wecom_mentions")
    @classmethod
    def wecom_knows_people_by_short_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no name of a member."""
        if len(value) > MOST_MENTIONS or not all(len(one) <= LONGEST_NAME and one.isprintable() for one in value):
            raise ValueError(f"每项应为成员的 userid、手机号或 @all，最多 {MOST_MENTIONS} 项")
        return value

    @field_validator("alert_emails")
    @classmethod
    def addresses_can_be_written_to(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no address."""
        if len(value) > MOST_MENTIONS or not all(MAILBOX.fullmatch(one) for one in value):
            raise ValueError(f"每项应为邮箱地址，例如 it@example.com，最多 {MOST_MENTIONS} 项")
        return value

    @model_validator(mode="after")
    def provider_has_its_account(self) -> Self:
        """Refuse a provider of text messages without what it needs to send one."""
        if self.sms_provider == "dry_run":
            return self
        needed = ["sms_access_key_id", "sms_access_key_secret", "sms_sign_name", "sms_notice_template"]
        if self.sms_provider == "tencent":
            needed.append("sms_sdk_app_id")
        if self.sms_coupon == "separate":
            needed.append("sms_coupon_template")
        if self.sms_coupon == "combined":
            needed.append("sms_combined_template")
        values = {name: getattr(self, name) for name in needed}
        missing = [
            PREFIX + name.upper()
            for name, value in values.items()
            if not (value.get_secret_value() if isinstance(value, SecretStr) else value)
        ]
        if missing:
            raise ValueError(f"{PREFIX}SMS_PROVIDER={self.sms_provider} 还需要 {'、'.join(missing)}")
        return self
