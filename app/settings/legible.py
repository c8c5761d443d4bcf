"""Settings as people may read them: names and values, of secrets whether they are there, of people how many."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from app.settings import Settings
from app.settings.batches import BatchSettings
from app.settings.door import DoorSettings
from app.settings.failover import FailoverSettings
from app.settings.messages import MessageSettings
from app.settings.operations import OperationsSettings
from app.settings.sources import PREFIX
from app.settings.watch import WatchSettings

GROUPS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("部署", OperationsSettings),
    ("接单", DoorSettings),
    ("批次", BatchSettings),
    ("消息", MessageSettings),
    ("切换", FailoverSettings),
    ("守望", WatchSettings),
)

_SECRET = re.compile(r"secret|password|token|access_key|seal")
"""In the name of a setting that is kept back whatever its type is: one half of a secret helps to guess the other."""

_PEOPLE = re.compile(r"_mentions$|_emails$")
"""In the name of a setting that lists people by phone or address."""


@dataclass(frozen=True, slots=True)
class LegibleSetting:
    """One setting: its name in the environment, what may be shown of it, and whether a deployment chose it."""

    name: str
    value: str
    chosen: bool


def legible(settings: Settings) -> Iterator[tuple[str, tuple[LegibleSetting, ...]]]:
    """Yield the settings by subject."""
    for title, part in GROUPS:
        yield title, tuple(_line(settings, name) for name in part.model_fields)


def _line(settings: Settings, name: str) -> LegibleSetting:
    value: object = getattr(settings, name)
    field = Settings.model_fields[name]
    chosen = value != field.get_default(call_default_factory=True)
    return LegibleSetting(PREFIX + name.upper(), _shown(name, value), chosen)


def _shown(name: str, value: object) -> str:
    many = len(value) if isinstance(value, tuple) else None
    if _is_secret(name, value):
        there = many if many is not None else bool(_plain(value))
        return "未设置" if not there else f"已设置 {many} 个，不显示" if many else "已设置，不显示"
    if _PEOPLE.search(name) and many is not None:
        return f"{many} 人" if many else "未设置"
    match value:
        case bool():
            return "是" if value else "否"
        case tuple():
            return "、".join(str(one) for one in value) or "未设置"
        case timedelta() | int() | float():
            return str(value)
        case time():
            return f"{value:%H:%M}"
        case _:
            return _without_password(str(value)) if value not in (None, "") else "未设置"


def _is_secret(name: str, value: object) -> bool:
    """Tell whether a value is kept back, by its type or by its name; an empty list has no type of its own."""
    inside = value if isinstance(value, tuple) else (value,)
    hidden_by_type = "SecretStr" in repr(Settings.model_fields[name].annotation)
    return hidden_by_type or any(isinstance(one, SecretStr) for one in inside) or bool(_SECRET.search(name))


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _without_password(text: str) -> str:
    """Take name and password out of an address."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "（地址无法读取）"
    return text if "@" not in parts.netloc else text.replace(parts.netloc, "…@" + parts.netloc.rpartition("@")[2])
