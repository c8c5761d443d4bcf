"""Settings of fail-over: how the main system is asked whether it takes orders, and where proxies look for switches."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from app.domain.dependency import Dependency, dependency_of
from app.settings.sources import Part, no_file_in_its_place
from app.settings.watch import allowed_address


class FailoverSettings(Part):
    """How the main system is watched, and how storefronts are switched; hosts are judged by ``watch_hosts``."""

    main_health_url: SecretStr = SecretStr("")  # asked every five seconds; without it nobody looks
    main_lookup_url: SecretStr = SecretStr("")  # an order that is looked up: a health address alone lies
    main_fail_timeout_seconds: int = Field(default=10, ge=5, le=300)  # the proxy's; a look takes five at most
    switch_dir: Path | None = None  # a file for each storefront that is switched to us; the proxy looks for it

    @field_validator("main_health_url", "main_lookup_url")
    @classmethod
    def main_may_be_called(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        """Refuse what is no address, or one whose host is not in the list; the address itself may hold a token."""
        return allowed_address(value, info)

    @field_validator("switch_dir")
    @classmethod
    def switches_can_be_kept(cls, value: Path | None) -> Path | None:
        """Refuse a folder in whose place there is a file."""
        return None if value is None else no_file_in_its_place(value)

    @property
    def main_asked(self) -> tuple[Dependency, ...]:
        """What is asked of the main system: its health, and a look-up where there is one; nothing without the first."""
        health, lookup = self.main_health_url.get_secret_value(), self.main_lookup_url.get_secret_value()
        chosen = (("health", health), ("lookup", lookup)) if health else ()
        return tuple(dependency_of(f"{name}={url}") for name, url in chosen if url)

    @property
    def main_window(self) -> timedelta:
        """For how long something must hold before the main system counts as back, or as down by its addresses alone."""
        return timedelta(seconds=2 * self.main_fail_timeout_seconds)
