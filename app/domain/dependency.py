"""What the main system's orders depend on besides itself: an address that answers or does not, written in one word."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[\w.\-]{1,32}")


class WrongAddress(ValueError):
    """An address cannot be called; the Chinese sentence says why, and holds nothing of it that is secret."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something to be called once a minute: over HTTP an answer below 500 is well, over TCP a connection."""

    name: str
    kind: Literal["http", "tcp"]
    url: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Probed:
    """What one call found: the milliseconds of an answer, or the code of a reason why there was none."""

    name: str
    ms: int | None
    reason: str = ""


def host_of(url: str, *, schemes: Collection[str] = tuple(PORTS)) -> tuple[str, int]:
    """Return the host, in small letters, and the port of an address.

    Raises:
        WrongAddress: it is none, or carries a name or password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise WrongAddress("地址无法读取") from None
    if parts.scheme not in schemes:
        raise WrongAddress(f"须以 {'、'.join(f'{one}://' for one in schemes)} 开头")
    if not parts.hostname or "@" in parts.netloc:
        raise WrongAddress("须写明主机，且不带用户名和密码")
    if not port:
        raise WrongAddress("须写明端口，例如 tcp://db.internal:3306")
    return parts.hostname.lower(), port


def dependency_of(text: str) -> Dependency:
    """Return the dependency that ``name=address`` names.

    Raises:
        WrongAddress: it has not this form.
    """
    name, sign, url = text.partition("=")
    if not sign or not _NAME.fullmatch(name.strip()):
        raise WrongAddress(f"“{name[:40]}”须写成 名称=地址，名称 1–32 个字符")
    try:
        host, port = host_of(url.strip(), schemes=(*PORTS, "tcp"))
    except WrongAddress as error:
        raise WrongAddress(f"{name.strip()}：{error}") from None
    return Dependency(name.strip(), "tcp" if url.strip().startswith("tcp:") else "http", url.strip(), host, port)
