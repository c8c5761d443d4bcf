"""Reads which sources of lifecycle events a deployment's folder describes, and their secrets; nothing is opened."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from dotenv import dotenv_values

from app.settings import Settings
from app.watch.sources.document import Source, Sources, read_sources
from app.watch.sources.trouble import SourceTrouble

SALT = "salt"
"""The secret by which a carrier signs what it pushes."""

PUSHES = "/v1/pushes/kuaidi100"


def sources_of(settings: Settings) -> Sources:
    """Return what the folder of the settings describes; nothing where none is set."""
    if settings.watch_sources_dir is None:
        return Sources()
    return read_sources(settings.watch_sources_dir, hosts=settings.outbound_hosts)


def secret_of(variable: str) -> str | None:
    """Return a secret from the environment, from the file that ``VARIABLE_FILE`` names, or from ``.env``."""
    if value := os.environ.get(variable, "").strip():
        return value
    if path := os.environ.get(f"{variable}_FILE", "").strip():
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError):
            return None
    return (dotenv_values(".env").get(variable) or "").strip() or None


def access_of(source: Source) -> Mapping[str, str]:
    """Return the keys and secrets of a source.

    Raises:
        SourceTrouble: one of the secrets is nowhere.
    """
    found = dict(source.plain)
    for name, variable in source.secrets.items():
        value = secret_of(variable)
        if value is None:
            raise SourceTrouble("no_secret", variable)
        found[name] = value
    return found


def callback_of(source: Source, settings: Settings) -> str:
    """Return where a carrier is to push to; empty where it cannot: no salt, or no address that is ours from outside."""
    variable = source.secrets.get(SALT)
    salt = secret_of(variable) if variable else None
    if not salt or not settings.public_url:
        return ""
    return f"{settings.public_base}{PUSHES}/{source.name}/{word_of_path(salt)}"


def word_of_path(salt: str) -> str:
    """Return the part of the address that only the carrier knows; without it nobody's push is even read."""
    return hmac.new(salt.encode(), b"push", hashlib.sha256).hexdigest()[:24]


def salt_of_push(settings: Settings, name: str, word: str) -> str | None:
    """Return the salt of a source that takes pushes at this address, None if there is none."""
    if settings.watch_sources_dir is None:
        return None
    source = _read_once(settings.watch_sources_dir).named(name)
    variable = source.secrets.get(SALT) if source is not None and not source.kind.readings else None
    salt = secret_of(variable) if variable else None
    return salt if salt and hmac.compare_digest(word_of_path(salt).encode(), word.encode()) else None


@lru_cache(maxsize=4)
def _read_once(folder: Path) -> Sources:
    """Read the folder once in a process: a stranger's request costs no reading of files."""
    return read_sources(folder)
