"""Makes storefront keys; only the hash of a secret is ever stored."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.store.tables import Client, ClientKey
from app.store.unit_of_work import UnitOfWork

Scope = Literal["intake", "ops", "lifecycle"]
MOST_ACTIVE = 2
"""One key and its replacement."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class NameTaken(Exception):
    """A client of that name exists."""


class TooManyKeys(Exception):
    """The client has two active keys already; revoke one first."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; ``key`` is shown once and cannot be had again."""

    client_id: str
    key_id: str
    key: str


def add_client(uow: UnitOfWork, name: str, *, scope: Scope, drill: bool, now: datetime) -> IssuedKey:
    """Add a client with its first key.

    Raises:
        NameTaken: there is one of that name.
    """
    if uow.access.client_named(name) is not None:
        raise NameTaken(name)
    client = Client(id=_word(8), name=name, scope=scope, drill=drill, created_at=now)
    row, issued = _new_key(client.id, now)
    uow.access.add_client(client, row)
    return issued


def add_key(uow: UnitOfWork, client: Client, *, now: datetime) -> IssuedKey:
    """Add a second key, with which the first is to be replaced.

    Raises:
        TooManyKeys: there are two already.
    """
    if len(uow.access.keys_of(client.id, active=True)) >= MOST_ACTIVE:
        raise TooManyKeys(client.name)
    row, issued = _new_key(client.id, now)
    uow.access.add_key(row)
    return issued


def _new_key(client_id: str, now: datetime) -> tuple[ClientKey, IssuedKey]:
    key_id, secret = _word(10), secrets.token_urlsafe(32)
    row = ClientKey(
        id=key_id, client_id=client_id, secret_sha256=hashlib.sha256(secret.encode()).digest(), created_at=now
    )
    return row, IssuedKey(client_id, key_id, f"lbk_{key_id}_{secret}")


def _word(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
