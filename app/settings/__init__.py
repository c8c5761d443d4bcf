"""Every knob, typed and with its reason; a wrong one stops the start with a sentence that names it.

Each setting is read from ``LIFEBOAT_<NAME>``, a ``.env`` file, or the file named by ``LIFEBOAT_<NAME>_FILE``.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.settings.batches import BatchSettings
from app.settings.door import DoorSettings
from app.settings.failover import FailoverSettings
from app.settings.messages import MessageSettings
from app.settings.operations import OperationsSettings
from app.settings.sources import PREFIX, FromFiles, WrongSetting, line_of
from app.settings.watch import WatchSettings

__all__ = ["PREFIX", "Settings", "WrongSetting", "load", "unknown_names"]


class Settings(
    OperationsSettings, DoorSettings, BatchSettings, MessageSettings, FailoverSettings, WatchSettings, BaseSettings
):
    """What a deployment may choose. The comments of ``.env.example`` say the same in Chinese."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

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


def load(**overrides: object) -> Settings:
    """Read the settings.

    Raises:
        WrongSetting: with one line for each setting that cannot be used.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise WrongSetting("\n".join(line_of(one) for one in error.errors())) from error


def unknown_names(environment: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Return names with our prefix that set nothing, each with the name it was probably meant to be."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {name + "_FILE" for name in known}
    strange = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return [(name, next(iter(get_close_matches(name, known, n=1)), None)) for name in strange]
