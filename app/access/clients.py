"""Storefronts and their keys: added, rotated, revoked; only the hash of a secret is ever stored."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.store.tables import Client, ClientKey
from app.store.unit_of_work import UnitOfWork

Scope = Literal["intake", "ops", "lifecycle"]
MOST_ACTIVE = 2
"""One key and its replacement."""

LONGEST_NAME = 64

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class ClientError(Refusal):
    """A client or a key cannot be made or changed; the message is for the person who tried."""


class BadClientName(ClientError):
    """The name is empty or too long."""


class NameTaken(ClientError):
    """A client of that name exists."""


class NoSuchClient(ClientError):
    """There is no client of that name or id."""


class TooManyKeys(ClientError):
    """The client has two active keys already; revoke one first."""


class NoSuchKey(ClientError):
    """There is no active key of that id."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; ``key`` is shown once and cannot be had again."""

    client_id: str
    key_id: str
    key: str


def add_client(uow: UnitOfWork, name: str, *, scope: Scope, drill: bool, by: Actor, now: datetime) -> IssuedKey:
    """Add a client with its first key.

    Raises:
        BadClientName: it is empty, or longer than 64 characters.
        NameTaken: there is one of that name.
    """
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadClientName(f"渠道名称须为 1–{LONGEST_NAME} 个字符。")
    if uow.access.client_named(name) is not None:
        raise NameTaken(f"渠道 {name} 已存在；要换密钥请在“店铺密钥”里更换，或用 lifeboat clients rotate。")
    client = Client(id=_word(8), name=name, scope=scope, drill=drill, created_at=now)
    row, issued = _new_key(client.id, now)
    uow.access.add_client(client, row)
    uow.audit.record("client.add", by=by, at=now, subject=client.id, detail={"name": name, "scope": scope})
    return issued


def rotate_key(uow: UnitOfWork, name: str, *, by: Actor, now: datetime) -> IssuedKey:
    """Add a second key of the client called ``name`` (or of that id), with which the first is to be replaced.

    Raises:
        NoSuchClient: there is none.
        TooManyKeys: it has two already.
    """
    client = uow.access.client_named(name)
    if client is None:
        raise NoSuchClient(f"没有渠道 {name}。")
    if len(uow.access.keys_of(client.id, active=True)) >= MOST_ACTIVE:
        raise TooManyKeys("该渠道已有两把有效密钥，请先吊销一把。")
    row, issued = _new_key(client.id, now)
    uow.access.add_key(row)
    uow.audit.record("client.rotate", by=by, at=now, subject=client.id)
    return issued


def revoke_key(uow: UnitOfWork, key_id: str, *, by: Actor, now: datetime) -> None:
    """Revoke a key; within seconds no process takes it any more.

    Raises:
        NoSuchKey: there is no active key of that id.
    """
    if not uow.access.revoke(key_id, now=now):
        raise NoSuchKey(f"没有有效的密钥 {key_id}。")
    uow.audit.record("client.revoke", by=by, at=now, subject=key_id)


def note_uses(uow: UnitOfWork, key_ids: Collection[str], *, now: datetime) -> None:
    """Write down that these keys are in use: whoever replaces one sees whether its old one may be revoked.

    No deed of anybody's, so the audit is spared it.
    """
    uow.access.note_uses(key_ids, now=now)


def _new_key(client_id: str, now: datetime) -> tuple[ClientKey, IssuedKey]:
    key_id, secret = _word(10), secrets.token_urlsafe(32)
    row = ClientKey(
        id=key_id, client_id=client_id, secret_sha256=hashlib.sha256(secret.encode()).digest(), created_at=now
    )
    return row, IssuedKey(client_id, key_id, f"lbk_{key_id}_{secret}")


def _word(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
