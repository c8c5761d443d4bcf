"""Checks a name and a password; every refusal reads the same, so that nobody learns which accounts exist."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access import passwords, throttle
from app.access.accounts import is_name
from app.domain.actor import Actor, Way
from app.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The password fits; the session begins at this epoch of the account."""

    user_id: int
    epoch: int
    must_change: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """No such account, a closed one, or another password: nobody outside learns which."""


@dataclass(frozen=True, slots=True)
class TooEarly:
    """There were too many failures; nothing was looked at."""

    wait: timedelta


def sign_in(store: Store, name: str, password: str, *, address: str, now: datetime) -> SignedIn | Refused | TooEarly:
    """Check a name and a password.

    Takes some hundredths of a second of one core whether or not the account exists; the password is hashed between two
    transactions, so that no order waits for it.
    """
    if not is_name(name):
        name = "?"  # what no account is called; all such names share one count
    account, from_address = throttle.of_account(name), throttle.of_address(address)
    with store.writing() as uow:
        wait = throttle.take_turn(uow, (account, from_address), now=now)
        user = uow.access.user_named(name) if wait is None else None
    if wait is not None:
        return TooEarly(wait)
    if user is None or user.disabled_at is not None:
        passwords.pretend_to_verify(password)
        return Refused()
    known_hash = user.password_hash
    if not passwords.fits(known_hash, password):
        return Refused()
    fresh_hash = passwords.hash_password(password) if passwords.is_dated(known_hash) else known_hash
    with store.writing() as uow:
        throttle.forgive(uow, account, from_address, now=now)
        user = uow.access.user_named(name)
        if user is None or user.id is None or user.disabled_at is not None or user.password_hash != known_hash:
            return Refused()  # somebody closed or changed the account while we hashed
        user.password_hash = fresh_hash
        uow.access.save_user(user)
        uow.audit.record("user.sign_in", by=Actor(name, Way.CONSOLE, address), at=now, subject=name)
        return SignedIn(user.id, user.session_epoch, user.must_change)
