"""Every knob, typed and with its reason; a wrong one stops the start with a sentence that names it.

Each setting is read from ``LIFEBOAT_<NAME>``, a ``.env`` file, or the file named by ``LIFEBOAT_<NAME>_FILE``.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from app.domain.order_number import PREFIX as ORDER_PREFIX

PREFIX = "LIFEBOAT_"
_KEY_CHARACTERS = 32

Words = Annotated[tuple[str, ...], NoDecode]
"""Comma-separated in the environment."""


class WrongSetting(Exception):
    """A setting cannot be used; the message is for the person who wrote it."""


class FromFiles(PydanticBaseSettingsSource):
    """Reads ``LIFEBOAT_NAME_FILE``: the way Docker and systemd hand over secrets."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401, ARG002 - the base class's signature
        """Return the content of the file named for ``field_name``, without its last line end."""
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            message = f"{PREFIX}{field_name.upper()}_FILE: 无法读取文件 {path} ({error.strerror})"
            raise WrongSetting(message) from error

    def __call__(self) -> dict[str, Any]:
        """Return all settings given by file."""
        values = (
            (name, self.get_field_value(field, name)[0]) for name, field in self.settings_cls.model_fields.items()
        )
        return {name: value for name, value in values if value is not None}


class Settings(BaseSettings):
    """What a deployment may choose. The comments of ``.env.example`` say the same in Chinese."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    # where things are
    data_dir: Path = Path("data")
    export_dir: Path = Path("exports")
    profiles_dir: Path | None = None
    database_url: SecretStr = SecretStr("")  # empty: SQLite in the data folder
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""  # what people click in the group; empty: http://HOST:PORT
    timezone: str = "Asia/Shanghai"

    # secrets; empty: generated into the data folder at the first start
    secret_key: SecretStr = SecretStr("")
    seal_key: SecretStr = SecretStr("")

    # the door
    order_prefix: str = "LB"
    high_priority_above: Decimal = Field(
        default=Decimal(500), ge=0, decimal_places=2
    )  # yuan; the amount itself is not above
    max_body_bytes: int = Field(default=256 * 1024, ge=1024)  # an order of 200 lines is about 40 KiB
    queue_limit: int = Field(default=5000, ge=1)  # orders waiting for their commit; beyond it 503
    limit_concurrency: int = Field(default=4000, ge=1)  # open requests and connections of one web process
    web_processes: int = Field(default=1, ge=1, le=32)  # one writer commits best; more pay with PostgreSQL
    store_patience_seconds: float = Field(default=1.5, gt=0, le=2)  # a commit slower than this goes to the spool
    spool_max_bytes: int = Field(default=2 * 1024**3, ge=1024 * 1024)  # about three million orders
    access_log: bool = False
    trusted_proxies: Words = ()  # addresses of our own nginx: whose X-Forwarded-For is believed

    # batches
    batch_every_minutes: int = Field(default=30, ge=1, le=24 * 60)
    lookalike_window_minutes: int = Field(default=10, ge=0, le=24 * 60)
    batch_columns: str = "generic"
    batch_xlsx: bool = False

    # WeCom
    wecom_robots: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    wecom_mentions: Words = ()

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
    sms_per_day: int = Field(default=20_000, ge=0)  # spend stop of the whole deployment
    sms_per_client_per_day: int = Field(default=10_000, ge=0)  # a stolen key pumps no more than this
    coupon_low_at: int = Field(default=100, ge=0)

    # e-mail
    smtp_url: SecretStr = SecretStr("")
    smtp_from: str = "lifeboat@localhost"
    alert_emails: Words = ()

    # outgoing and operations
    outbound_hosts: Words = ("qyapi.weixin.qq.com",)  # for addresses typed into the console
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    session_hours: int = Field(default=12, ge=1, le=24 * 7)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then files, then ``.env``."""
        return init_settings, env_settings, FromFiles(settings_cls), dotenv_settings

    @field_validator(
        "wecom_robots", "wecom_mentions", "alert_emails", "outbound_hosts", "trusted_proxies", mode="before"
    )
    @classmethod
    def split_at_commas(cls, value: object) -> object:
        """Read comma-separated words."""
        if isinstance(value, str):
            return tuple(word for part in value.replace("，", ",").split(",") if (word := part.strip()))
        return value

    @field_validator("wecom_robots")
    @classmethod
    def webhooks_have_a_key(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        """Refuse what is not a webhook address of a robot."""
        for robot in value:
            parts = urlsplit(robot.get_secret_value())
            if parts.scheme not in {"http", "https"} or not parts.hostname or "key=" not in parts.query:
                raise ValueError("每个地址应形如 https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…")
        return value

    @field_validator("timezone")
    @classmethod
    def zone_is_known(cls, value: str) -> str:
        """Refuse a time zone this machine does not know."""
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"未知时区 {value!r}，例如 Asia/Shanghai") from error
        return value

    @field_validator("batch_every_minutes")
    @classmethod
    def periods_fill_the_day(cls, value: int) -> int:
        """Refuse a period whose boundaries would drift from day to day."""
        if 24 * 60 % value:
            raise ValueError("须能整除一天，例如 10、15、30、60")
        return value

    @field_validator("order_prefix")
    @classmethod
    def prefix_makes_valid_numbers(cls, value: str) -> str:
        """Refuse a prefix that spreadsheets or the check character could not bear."""
        if not ORDER_PREFIX.fullmatch(value):
            raise ValueError("须以大写字母开头，仅含大写字母和数字，最多 7 位")
        return value

    @field_validator("database_url")
    @classmethod
    def engine_is_supported(cls, value: SecretStr) -> SecretStr:
        """Refuse an address of a database we do not speak to."""
        url = value.get_secret_value()
        if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("须以 sqlite:/// 或 postgresql+psycopg:// 开头")
        return value

    @field_validator("secret_key", "seal_key")
    @classmethod
    def keys_are_long_enough(cls, value: SecretStr) -> SecretStr:
        """Refuse a key that could be guessed."""
        if 0 < len(value.get_secret_value()) < _KEY_CHARACTERS:
            raise ValueError("至少 32 个字符，可用 openssl rand -hex 32 生成")
        return value

    @model_validator(mode="after")
    def provider_has_its_account(self) -> "Settings":
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

    @property
    def zone(self) -> ZoneInfo:
        """The wall clock of the merchant."""
        return ZoneInfo(self.timezone)

    @property
    def batch_every(self) -> timedelta:
        """The period of batches."""
        return timedelta(minutes=self.batch_every_minutes)

    @property
    def high_priority_above_fen(self) -> int:
        """The threshold in fen."""
        return int(self.high_priority_above * 100)

    @property
    def url_of_store(self) -> str:
        """The database's address; by default SQLite in the data folder."""
        return self.database_url.get_secret_value() or f"sqlite:///{(self.data_dir / 'lifeboat.db').resolve()}"

    @property
    def public_base(self) -> str:
        """The address people reach us at, without a slash at the end."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"


def load(**overrides: object) -> Settings:
    """Read the settings.

    Raises:
        WrongSetting: with one line for each setting that cannot be used.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise WrongSetting("\n".join(_line(one) for one in error.errors())) from error


def unknown_names(environment: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Return names with our prefix that set nothing, each with the name it was probably meant to be."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {name + "_FILE" for name in known}
    strange = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return [(name, next(iter(get_close_matches(name, known, n=1)), None)) for name in strange]


_SENTENCES = {
    "int_parsing": "须为整数",
    "int_type": "须为整数",
    "float_parsing": "须为数字",
    "decimal_parsing": "须为数字",
    "decimal_max_places": "最多两位小数",
    "bool_parsing": "须为 true 或 false",
    "greater_than_equal": "不能小于 {ge}",
    "greater_than": "须大于 {gt}",
    "less_than_equal": "不能大于 {le}",
    "literal_error": "只能是 {expected} 之一",
}


def _line(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails is a TypedDict with open context
    where = PREFIX + str(error["loc"][0]).upper() if error["loc"] else "配置"
    context = error.get("ctx", {})
    if "error" in context:
        return f"{where}: {context['error']}"
    sentence = _SENTENCES.get(error["type"])
    return f"{where}: {sentence.format(**context) if sentence else error['msg']}"
