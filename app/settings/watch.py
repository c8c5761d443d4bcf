"""Settings of the watch: what it compares with, the switches elsewhere that it pings, the dependencies it probes."""

from datetime import date, timedelta
from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from app.domain.dependency import Dependency, WrongAddress, dependency_of, host_of
from app.domain.health_lines import HealthLines, WrongLines, health_lines, texts_in
from app.settings.sources import Part, Words

MOST_DEPENDENCIES = 20


class WatchSettings(Part):
    """What the watch compares with, and whom it may call."""

    special_days: Words = ()  # promotions and holidays, YYYY-MM-DD; no other day is compared with them
    health_lines: Words = ()  # name=value: lines of order health that are to be other than they were found best
    watch_keep_days: int = Field(default=90, ge=35, le=3650)  # what was told of orders whose way has ended
    triage_table: Path | None = None  # a merchant's own table of stuck orders in place of the shipped one
    watch_hosts: Words = ()  # the only ones it calls; first, since what follows is judged by it
    ping_url: SecretStr = SecretStr("")  # a healthchecks-compatible address: after a complete round of the patrol
    ping_batch_url: SecretStr = SecretStr("")  # the same for the half hour's look for a batch
    dependencies: Words = Field(
        default=(), max_length=MOST_DEPENDENCIES
    )  # name=https://host/path, name=tcp://host:port

    @field_validator("watch_hosts")
    @classmethod
    def hosts_are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Take hosts in small letters, and refuse what is an address instead of a host."""
        if strange := next((one for one in value if "/" in one or "@" in one), None):
            raise ValueError(f"只写主机名，不写整个地址：{strange[:60]}")
        return tuple(one.lower() for one in value)

    @field_validator("ping_url", "ping_batch_url")
    @classmethod
    def pings_go_where_they_may(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        """Refuse an address whose host is not in the list; the address itself is a secret."""
        return allowed_address(value, info)

    @field_validator("dependencies")
    @classmethod
    def dependencies_can_be_called(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Refuse what is no ``name=address``, a host that is not in the list, and a name that comes twice."""
        try:
            found = [dependency_of(one) for one in value]
        except WrongAddress as error:
            raise ValueError(str(error)) from None
        for one in found:
            require_allowed(one.host, info)
        if len({one.name for one in found}) < len(found):
            raise ValueError("名称有重复")
        return value

    @field_validator("special_days")
    @classmethod
    def days_are_days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no day."""
        for day in value:
            try:
                date.fromisoformat(day)
            except ValueError as error:
                raise ValueError(f"{day!r} 不是日期，例如 2026-11-11") from error
        return value

    @field_validator("health_lines")
    @classmethod
    def lines_go_together(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse lines that are none, out of their bounds, or impossible beside each other."""
        try:
            health_lines(texts_in(value))
        except WrongLines as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def lines(self) -> HealthLines:
        """What the rules of order health judge by."""
        return health_lines(texts_in(self.health_lines))

    @property
    def watch_kept(self) -> timedelta:
        """For how long what was told of an order stays after its way has ended."""
        return timedelta(days=self.watch_keep_days)

    @property
    def special_dates(self) -> frozenset[date]:
        """The special days."""
        return frozenset(date.fromisoformat(day) for day in self.special_days)

    @property
    def probed(self) -> tuple[Dependency, ...]:
        """The dependencies to call once a minute."""
        return tuple(dependency_of(one) for one in self.dependencies)


def allowed_address(value: SecretStr, info: ValidationInfo) -> SecretStr:
    """Return an address as it is, or an empty one.

    Raises:
        ValueError: it is none, or its host is not in the list; the address itself may hold a token and is not shown.
    """
    if value.get_secret_value():
        try:
            require_allowed(host_of(value.get_secret_value())[0], info)
        except WrongAddress as error:
            raise ValueError(str(error)) from None
    return value


def require_allowed(host: str, info: ValidationInfo) -> None:
    """Refuse a host that is not in the list of those that may be called.

    Raises:
        ValueError: it is not; the Chinese sentence names it.
    """
    if host not in info.data.get("watch_hosts", ()):
        raise ValueError(f"主机 {host} 不在 LIFEBOAT_WATCH_HOSTS 中，请先加进去")
