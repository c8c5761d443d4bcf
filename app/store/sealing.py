"""Personal data rests sealed (AES-256-GCM), and is found again by keyed marks, never by its text.

A sealed value is one version byte, four bytes that name the key, a 12-byte nonce, then ciphertext and tag. The order
number is bound in as associated data, so a sealed value cannot be moved to another order's row.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import TypeAdapter, ValidationError

from app.domain.order import Order

_VERSION = b"\x01"
_NONCE = 12
_HEAD = len(_VERSION) + 4
MARK_LENGTH = 16
"""Marks are keyed BLAKE2b (RFC 7693): as strong as HMAC-SHA256 for this, at half its cost to every order."""

_ORDER: TypeAdapter[Order] = TypeAdapter(Order)


class CannotUnseal(Exception):
    """The value was sealed with another key, or was damaged, or belongs to another order."""


class Seal:
    """Seals and unseals with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._head = _VERSION + hashlib.sha256(b"seal key name" + key).digest()[:4]

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        """Return ``plain`` sealed and bound to an order number."""
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, plain, bound_to.encode())

    def unseal(self, sealed: bytes, bound_to: str) -> bytes:
        """Return what was sealed.

        Raises:
            CannotUnseal: the key is another, or the value is not what was sealed for ``bound_to``.
        """
        if sealed[:_HEAD] != self._head:
            raise CannotUnseal("sealed with another key")
        nonce, text = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, text, bound_to.encode())
        except (InvalidTag, ValueError) as error:  # cut short, it has not even a nonce
            raise CannotUnseal("damaged, or sealed for another order") from error


class Marker:
    """Makes marks with one key: equal texts have equal marks, and nobody without the key can tell which."""

    def __init__(self, key: bytes) -> None:
        self._fresh = hashlib.blake2b(key=key, digest_size=MARK_LENGTH)

    def mark(self, text: bytes) -> bytes:
        """Return the mark of a text."""
        keyed = self._fresh.copy()  # it has taken in the key already
        keyed.update(text)
        return keyed.digest()


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Every key we use, each derived for one purpose from the two secrets of the deployment."""

    number: bytes
    phone: Marker
    look_alike: Marker
    fingerprint: Marker
    handover: Marker
    contact: Marker
    claim: Marker
    cursor: Marker
    session: bytes
    seal: Seal
    names: tuple[tuple[str, str], ...]
    """(purpose, mark) of both secrets, kept in the database so that rows never meet a foreign key."""

    @classmethod
    def from_secrets(cls, secret_key: str, seal_key: str) -> "Keyring":
        """Derive all keys."""

        def derived(secret: str, purpose: str) -> bytes:
            return hmac.digest(secret.encode(), b"lifeboat/" + purpose.encode(), "sha256")

        return cls(
            number=derived(secret_key, "order number"),
            phone=Marker(derived(secret_key, "phone index")),
            look_alike=Marker(derived(secret_key, "look-alike")),
            fingerprint=Marker(derived(secret_key, "fingerprint")),
            handover=Marker(derived(secret_key, "hand-over code")),
            contact=Marker(derived(secret_key, "contact code")),
            claim=Marker(derived(secret_key, "claim of an alert")),
            cursor=Marker(derived(secret_key, "cursor of a list")),
            session=derived(secret_key, "session"),
            seal=Seal(derived(seal_key, "seal")),
            names=(
                ("secret_key", derived(secret_key, "name").hex()[:16]),
                ("seal_key", derived(seal_key, "name").hex()[:16]),
            ),
        )

    def phone_index(self, phone: str) -> bytes:
        """Return the mark by which orders of ``phone`` (eleven digits, extension included) are found."""
        return self.phone.mark(phone.encode())

    def fingerprint_of(self, canonical: bytes) -> bytes:
        """Return the mark of a request's content."""
        return self.fingerprint.mark(canonical)

    def look_alike_of(self, *, phone: str, goods: Iterable[tuple[str, int]], total_fen: int | None) -> bytes:
        """Return the mark of orders that look alike: phone, goods and total agree; ``goods`` are (sku, quantity).

        It may be a retry under another key, or two real orders. Nobody but a person can tell them apart, so a
        look-alike is held for one and never dropped.
        """
        lines = sorted([f"{sku}\x1f{quantity}" for sku, quantity in goods])
        text = "\x1e".join((phone, "" if total_fen is None else str(total_fen), *lines))
        return self.look_alike.mark(text.encode())

    def seal_order(self, order: Order, number: str) -> bytes:
        """Return a canonical order as the row ``number`` keeps it."""
        return self.seal.seal(_ORDER.dump_json(order, exclude_none=True), number)

    def open_order(self, sealed: bytes, number: str) -> Order:
        """Return the canonical order in a row.

        Raises:
            CannotUnseal: see :meth:`Seal.unseal`.
        """
        try:
            return _ORDER.validate_json(self.seal.unseal(sealed, number))
        except ValidationError as error:
            raise CannotUnseal("not an order of ours") from error
