"""What a person shows to take an alert on without signing in: six characters from a text message, or a signed link.

Both are made from who and which episode when the message leaves, and rest nowhere. They hold for one person and one
episode, for as long as his account is open and the episode goes on.
"""

import base64
import hmac
from typing import NamedTuple

from app.store.sealing import Keyring

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and capitals that nobody takes for one another; a template's variable may be six characters long at most."""

LENGTH = 6


class Claimant(NamedTuple):
    """Whom a link was made for, and which alert, by their row ids."""

    alert_id: int
    user_id: int


def ack_code(keyring: Keyring, claimant: Claimant) -> str:
    """Return the code of a person and an episode."""
    number = int.from_bytes(_mark(keyring, "code", claimant), "big")
    characters = []
    for _ in range(LENGTH):
        number, at = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[at])
    return "".join(characters)


def ack_token(keyring: Keyring, claimant: Claimant) -> str:
    """Return the last part of the address of a person's link to an episode."""
    signature = base64.urlsafe_b64encode(_mark(keyring, "link", claimant)[:18]).decode()
    return f"{claimant.alert_id}.{claimant.user_id}.{signature}"


def read_ack_token(keyring: Keyring, token: str) -> Claimant | None:
    """Return for whom a link was made, None if it is none of ours."""
    parts = token.split(".")
    if len(parts) != len(("alert", "user", "signature")) or not all(_is_row_id(part) for part in parts[:2]):
        return None
    claimant = Claimant(int(parts[0]), int(parts[1]))
    return claimant if hmac.compare_digest(ack_token(keyring, claimant).encode(), token.encode()) else None


def typed_code(text: str) -> str:
    """Return a code as it was sent, whatever case and gaps it was typed with; empty where it cannot be one."""
    typed = "".join(text.upper().split()).replace("-", "")
    return typed if len(typed) == LENGTH and set(typed) <= set(ALPHABET) else ""


def is_code_of(keyring: Keyring, claimant: Claimant, typed: str) -> bool:
    """Tell whether a code is that of a person and an episode."""
    return hmac.compare_digest(ack_code(keyring, claimant).encode(), typed.encode())


def _is_row_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(2**62))


def _mark(keyring: Keyring, what: str, claimant: Claimant) -> bytes:
    return keyring.claim.mark(f"{what}\x1f{claimant.alert_id}\x1f{claimant.user_id}".encode())
