"""Screens on a wall: an administrator makes a link, one screen uses it once and shows figures until it is revoked.

KioskError
├── BadKioskName
├── NoSuchKiosk
└── LinkUsed
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.actor import Actor, Way
from app.domain.problems import Refusal
from app.store.tables import Kiosk
from app.store.unit_of_work import UnitOfWork

LONGEST_NAME = 64
LASTS = timedelta(days=90)
"""No screen shows longer by one link: whoever hung it up may have left by then."""

LINK_LASTS = timedelta(hours=1)
"""A link is opened at the screen it was made for, soon; one left lying in a chat opens nothing."""


class KioskError(Refusal):
    """A screen cannot be made, connected or ended; the message is for the person who tried."""


class BadKioskName(KioskError):
    """The name is empty or too long."""


class NoSuchKiosk(KioskError):
    """There is no such screen, or it has been ended."""


class LinkUsed(KioskError):
    """The link has been used, was revoked, or is too old; nobody outside learns which."""


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A new link; ``token`` is shown once and cannot be had again."""

    kiosk_id: int
    token: str
    ends_at: datetime


def make_kiosk(uow: UnitOfWork, name: str, *, by: Actor, now: datetime) -> IssuedLink:
    """Make a screen and the link that connects it.

    Raises:
        BadKioskName: it is empty, or longer than 64 characters.
    """
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadKioskName(f"请给大屏起一个名字，1–{LONGEST_NAME} 个字符，例如“仓库大屏”。")
    secret = secrets.token_urlsafe(24)
    kiosk = uow.kiosks.add(
        Kiosk(
            name=name,
            link_sha256=_hash(secret),
            link_ends_at=now + LINK_LASTS,
            made_at=now,
            made_by=by.name,
            ends_at=now + LASTS,
        )
    )
    uow.audit.record("kiosk.make", by=by, at=now, subject=f"kiosk:{kiosk.id}", detail={"name": name})
    return IssuedLink(kiosk.id or 0, f"{kiosk.id}.{secret}", kiosk.link_ends_at)


def connect_kiosk(uow: UnitOfWork, token: str, *, address: str, now: datetime) -> tuple[Kiosk, str]:
    """Use a link up for the screen at ``address``; return the screen and what its browser shows from now on.

    Raises:
        LinkUsed: the link is not good, or not any more.
    """
    kiosk_id, secret = _parts(token)
    kiosk = uow.kiosks.get(kiosk_id)
    if kiosk is None or not hmac.compare_digest(kiosk.link_sha256, _hash(secret)):
        raise LinkUsed(_USED)
    cookie = secrets.token_urlsafe(32)
    if not uow.kiosks.take(kiosk_id, cookie_sha256=_hash(cookie), address=address, now=now):
        raise LinkUsed(_USED)
    by = Actor(f"kiosk:{kiosk.name}", Way.CONSOLE, address)
    uow.audit.record("kiosk.connect", by=by, at=now, subject=f"kiosk:{kiosk_id}", detail={"name": kiosk.name})
    return kiosk, f"{kiosk_id}.{cookie}"


def revoke_kiosk(uow: UnitOfWork, kiosk_id: int, *, by: Actor, now: datetime) -> Kiosk:
    """End a screen: within seconds it shows nothing more, and its link opens nothing.

    Raises:
        NoSuchKiosk: there is none, or it has been ended.
    """
    kiosk = uow.kiosks.get(kiosk_id)
    if kiosk is None or not uow.kiosks.revoke(kiosk_id, by=by.name, now=now):
        raise NoSuchKiosk("没有这块大屏，或它已被停用。")
    uow.audit.record("kiosk.revoke", by=by, at=now, subject=f"kiosk:{kiosk_id}", detail={"name": kiosk.name})
    return kiosk


def kiosk_of(uow: UnitOfWork, cookie: str, *, now: datetime) -> Kiosk | None:
    """Return the screen that shows this cookie; None if it may show nothing, or nothing any more."""
    kiosk_id, secret = _parts(cookie)
    kiosk = uow.kiosks.living(kiosk_id, now=now)
    if kiosk is None or not hmac.compare_digest(kiosk.cookie_sha256 or b"", _hash(secret)):
        return None
    return kiosk


_USED = "这个链接已被使用、停用或过期。请管理员在控制台“大屏”里重新生成一个。"


def _parts(token: str) -> tuple[int, str]:
    kiosk_id, _, secret = token.partition(".")
    fits = kiosk_id.isascii() and kiosk_id.isdigit() and len(kiosk_id) < 10  # noqa: PLR2004 - fits the column
    return (int(kiosk_id) if fits else 0), secret


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
