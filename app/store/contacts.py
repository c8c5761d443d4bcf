"""Opens the sealed addresses of people, and makes the codes that are sent to them; neither rests anywhere in plain."""

from dataclasses import dataclass, field
from datetime import datetime

from app.domain.contact import DIGITS, ContactWay, masked_email
from app.domain.phone import masked
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import User


@dataclass(frozen=True, slots=True)
class Contact:
    """One address of a person: eleven digits, or an e-mail address; ``verified_at`` is None before a code was shown."""

    way: ContactWay
    address: str = field(repr=False)  # a repr ends up in tracebacks
    verified_at: datetime | None

    @property
    def told(self) -> str:
        """The address as people may see it."""
        return masked(self.address) if self.way is ContactWay.PHONE else masked_email(self.address)


def sealed_contact(keyring: Keyring, user_id: int, way: ContactWay, address: str) -> bytes:
    """Return an address as it is kept: bound to its person and its way, so that it cannot be moved to another row."""
    return keyring.seal.seal(address.encode(), _bound(user_id, way))


def contact_of(keyring: Keyring, user: User, way: ContactWay) -> Contact | None:
    """Return a person's address of a kind, verified or not; None where there is none, or none that can be read."""
    sealed, verified_at = (
        (user.phone, user.phone_verified_at) if way is ContactWay.PHONE else (user.email, user.email_verified_at)
    )
    if sealed is None:
        return None
    try:
        return Contact(way, keyring.seal.unseal(sealed, _bound(user.id or 0, way)).decode(), verified_at)
    except (CannotUnseal, UnicodeDecodeError):
        return None


def reachable_at(keyring: Keyring, user: User | None, way: ContactWay) -> str | None:
    """Return where a person may be written to now: a verified address of an open account; None where there is none."""
    if user is None or user.disabled_at is not None:
        return None
    contact = contact_of(keyring, user, way)
    return contact.address if contact is not None and contact.verified_at is not None else None


def code_for(keyring: Keyring, user_id: int, contact: Contact, nonce: str) -> str:
    """Return the six digits that were, or are to be, sent to an address; of another address they are others."""
    mark = keyring.contact.mark(f"{user_id}\x1f{contact.way}\x1f{contact.address}\x1f{nonce}".encode())
    return f"{int.from_bytes(mark, 'big') % 10**DIGITS:0{DIGITS}d}"


def _bound(user_id: int, way: ContactWay) -> str:
    return f"user:{user_id}:{way}"
