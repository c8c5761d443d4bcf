"""Settings of the deployment: where things are, its secrets, its logs."""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator

from app.channels.kinds import GROUPS
from app.files.disk_reserve import DEFAULT
from app.settings.sources import Part, Words, no_file_in_its_place

_KEY_CHARACTERS = 32


class OperationsSettings(Part):
    """Where things are and how the deployment is run."""

    data_dir: Path = Path("data")
    export_dir: Path = Path("exports")
    disk_reserve_bytes: int = Field(default=DEFAULT, ge=0)  # kept for orders; the rest waits below it; 0: nothing kept
    profiles_dir: Path | None = None
    watch_sources_dir: Path | None = None  # a file for each ERP or carrier that tells of the main system's orders
    main_system: Path | None = None  # the file of the ERP that orders go home to by its API
    database_url: SecretStr = SecretStr("")  # empty: SQLite in the data folder
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""  # what people click in the group; empty: http://HOST:PORT
    timezone: str = "Asia/Shanghai"

    # secrets; empty: generated into the data folder at the first start
    secret_key: SecretStr = SecretStr("")
    seal_key: SecretStr = SecretStr("")

    # outgoing and operations
    outbound_hosts: Words = tuple(host for kind in GROUPS for host in kind.hosts)  # for addresses typed in a page
    lang: Literal["zh", "en"] = "zh"  # of the command line; read from the environment alone, before any settings
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    session_hours: int = Field(default=12, ge=1, le=24 * 7)

    @field_validator("data_dir", "export_dir")
    @classmethod
    def folders_can_be_made(cls, value: Path) -> Path:
        """Refuse a folder in whose place, or above it, there is a file: nothing could be kept there."""
        return no_file_in_its_place(value)

    @field_validator("timezone")
    @classmethod
    def zone_is_known(cls, value: str) -> str:
        """Refuse a time zone this machine does not know."""
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"未知时区 {value!r}，例如 Asia/Shanghai") from error
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

    @property
    def zone(self) -> ZoneInfo:
        """The wall clock of the merchant."""
        return ZoneInfo(self.timezone)

    @property
    def url_of_store(self) -> str:
        """The database's address; by default SQLite in the data folder."""
        return self.database_url.get_secret_value() or f"sqlite:///{(self.data_dir / 'lifeboat.db').resolve()}"

    @property
    def spool_dir(self) -> Path:
        """Where orders wait while the database is away: one file for each web process of this machine."""
        return self.data_dir / "spool"

    @property
    def public_base(self) -> str:
        """The address people reach us at, without a slash at the end."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"
