"""Phone and e-mail of a person: entered, and verified by a code that is sent there; until then they are never used.

A code follows from a nonce, the address and a key of ours, so that neither database, messages nor logs hold one.

ContactError
├── BadContact
├── NoContact
├── NotCarried
├── AskedTooOften
└── WrongCode
"""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import assert_never

from app.access import throttle
from app.access.accounts import NoSuchAccount
from app.access.throttle import ThrottleSubject
from app.domain.actor import Actor
from app.domain.contact import ContactWay
from app.domain.phone import NotAPhone, phone_of
from app.domain.problems import Refusal
from app.store.contacts import code_for, contact_of, sealed_contact
from app.store.sealing import Keyring
from app.store.tables import ContactCode, User
from app.store.unit_of_work import Store, UnitOfWork

LASTS = timedelta(minutes=10)
"""A text message may take minutes; who has not typed the code by then asks for another."""

MOST_TRIES = 5
_SERIALISED = "contacts"

CODES_FREE = 3
"""Codes before delays begin, of one person whatever the address: nobody is to bother strangers from the console."""

_MAILBOX = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_LABELS = {ContactWay.PHONE: "手机号", ContactWay.EMAIL: "邮箱"}


class ContactError(Refusal):
    """An address cannot be entered or verified; the message is for the person who tried, and repeats no address."""


class BadContact(ContactError):
    """It is no address that anybody can be written to."""


class NoContact(ContactError):
    """There is no address to send a code to."""


class NotCarried(ContactError):
    """Nothing carries a code to such an address here: the channel is not set up."""


class AskedTooOften(ContactError):
    """So many codes were asked for that the next one has to wait."""


class WrongCode(ContactError):
    """The code is another, or too old, or was tried too often."""


def set_contact(
    uow: UnitOfWork, name: str, way: ContactWay, address: str, *, keyring: Keyring, by: Actor, now: datetime
) -> bool:
    """Enter an address, which is unverified then, or take it away with an empty text; False where it is so already.

    Raises:
        NoSuchAccount: there is none of that name.
        BadContact: it is no mobile number, or no e-mail address.
    """
    wanted = _checked(way, address)
    user = _existing(uow, name)
    known = contact_of(keyring, user, way)
    if (known.address if known else "") == wanted and (wanted or not _sealed(user, way)):
        return False
    _keep(user, way, sealed_contact(keyring, user.id or 0, way, wanted) if wanted else None, verified_at=None)
    uow.access.save_user(user)
    uow.contacts.forget(user.id or 0, way)
    detail = {"way": way.value, "cleared": not wanted}
    uow.audit.record("user.set_contact", by=by, at=now, subject=name, detail=detail)
    return True


def ask_code(
    uow: UnitOfWork, name: str, way: ContactWay, *, keyring: Keyring, carried: bool, by: Actor, now: datetime
) -> datetime:
    """Have a code sent to an address that was entered; return until when it is good. The one before is good no more.

    ``carried`` tells whether anything set up here brings it there. The message is written by whoever composes messages.

    Raises:
        NoSuchAccount: there is none of that name.
        NotCarried: nothing is.
        NoContact: there is no address, or it is verified already.
        AskedTooOften: this person asked for several codes just now.
    """
    user = _existing(uow, name)
    contact = contact_of(keyring, user, way)
    if contact is None:
        raise NoContact(f"请先填写{_LABELS[way]}。")
    if contact.verified_at is not None:
        raise NoContact(f"这个{_LABELS[way]}已经验证过，不用再验证。")
    if not carried:
        raise NotCarried(_NOT_CARRIED[way])
    wait = throttle.take_turn(uow, (_of_codes(user),), now=now)
    if wait is not None:
        raise AskedTooOften(f"验证码发得太频繁，请 {max(int(wait.total_seconds()), 1)} 秒后再试。")
    until = now + LASTS
    uow.contacts.put(
        ContactCode(
            user_id=user.id or 0, way=way.value, nonce=secrets.token_hex(16), tries=0, made_at=now, ends_at=until
        )
    )
    uow.audit.record("user.ask_code", by=by, at=now, subject=name, detail={"way": way.value})
    return until


def confirm_code(
    store: Store, name: str, way: ContactWay, code: str, *, keyring: Keyring, by: Actor, now: datetime
) -> None:
    """Verify an address by the code that was sent there; each try counts, whatever follows.

    Raises:
        NoSuchAccount: there is none of that name.
        WrongCode: it is another, or too old, or there were too many tries.
    """
    with store.writing() as uow:  # kept before the code is looked at: a thousand tries at once are a thousand tries
        user = _existing(uow, name)
        known = uow.contacts.count_try(user.id or 0, way, most=MOST_TRIES, now=now)
    if known is None:
        raise WrongCode("验证码已过期、已用完次数或没有发过，请重新获取。")
    typed = "".join(code[:64].split())
    with store.writing() as uow:
        user = _existing(uow, name)
        contact, current = contact_of(keyring, user, way), uow.contacts.code(user.id or 0, way)
        good = (
            contact is not None
            and current is not None
            and current.nonce == known.nonce
            and hmac.compare_digest(
                code_for(keyring, user.id or 0, contact, known.nonce).encode(), typed.encode("utf-8", "replace")
            )
        )
        if good:
            _keep(user, way, _sealed(user, way), verified_at=now)
            uow.access.save_user(user)
            uow.contacts.forget(user.id or 0, way)
            uow.audit.record("user.verify_contact", by=by, at=now, subject=name, detail={"way": way.value})
    if not good:
        left = MOST_TRIES - known.tries
        raise WrongCode(f"验证码不对，还可以试 {left} 次。" if left else "验证码不对，次数已用完，请重新获取。")


_NOT_CARRIED = {
    ContactWay.PHONE: "验证码发不出去：还没有接通短信，或没有设置 LIFEBOAT_SMS_CODE_TEMPLATE。",
    ContactWay.EMAIL: "验证码发不出去：还没有设置邮件服务器 LIFEBOAT_SMTP_URL。",
}


def _checked(way: ContactWay, address: str) -> str:
    text = address.strip()[:320]
    if not text:
        return ""
    match way:
        case ContactWay.PHONE:
            try:
                phone = phone_of(text)
            except NotAPhone:
                phone = "-"
            if "-" in phone:  # a marketplace's privacy number takes no text messages
                raise BadContact("请填 11 位手机号，能收短信的。")
            return phone
        case ContactWay.EMAIL:
            if not _MAILBOX.fullmatch(text):
                raise BadContact("请填邮箱地址，例如 mei@example.com。")
            return text
        case _:
            assert_never(way)


def _sealed(user: User, way: ContactWay) -> bytes | None:
    return user.phone if way is ContactWay.PHONE else user.email


def _keep(user: User, way: ContactWay, sealed: bytes | None, *, verified_at: datetime | None) -> None:
    if way is ContactWay.PHONE:
        user.phone, user.phone_verified_at = sealed, verified_at
    else:
        user.email, user.email_verified_at = sealed, verified_at


def _of_codes(user: User) -> ThrottleSubject:
    return ThrottleSubject(f"code:{user.id}", CODES_FREE)


def _existing(uow: UnitOfWork, name: str) -> User:
    uow.leases.serialise(
        _SERIALISED
    )  # an address that is replaced just now must not be verified by the code of the old
    user = uow.access.user_named(name)
    if user is None:
        raise NoSuchAccount(f"没有账号 {name}。")
    return user
