"""Accounts of people: who they are, what their role lets them do. Used by the console and by the command line.

AccountError
├── BadAccountName
├── AccountExists
├── NoSuchAccount
├── WeakPassword
├── OwnAccount
├── LastAdministrator
└── FallbackPerson
"""

import re
from datetime import datetime

from app.access import passwords, throttle
from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.domain.role import Role
from app.store.tables import User
from app.store.unit_of_work import UnitOfWork

_NAME = re.compile(r"[\w.@\-]{1,64}")


class AccountError(Refusal):
    """An account cannot be made or changed; the message is for the person who tried."""


class BadAccountName(AccountError):
    """The name would not be usable at the sign-in."""


class AccountExists(AccountError):
    """There is an account of that name."""


class NoSuchAccount(AccountError):
    """There is no account of that name."""


class LastAdmin(AccountError):
    """Without this account nobody could let anybody in any more."""


class WeakPassword(AccountError):
    """The password could be guessed."""


class OwnAccount(AccountError):
    """Nobody changes what he himself may do, nor shuts himself out."""


class LastAdministrator(AccountError):
    """Without this account nobody could let anybody in any more."""


class FallbackPerson(AccountError):
    """Without this account nobody could be asked where nobody on duty answers."""


def is_name(text: str) -> bool:
    """Tell whether an account could be called ``text``."""
    return _NAME.fullmatch(text) is not None


def add_user(
    uow: UnitOfWork, name: str, *, role: Role | str, by: Actor, now: datetime, password: str | None = None
) -> str:
    """Add an account and return its password: the given one, else a random one to be changed at the first sign-in.

    Raises:
        BadAccountName: it has other characters than letters, digits and ``. _ - @``, or more than 64 of them.
        WeakPassword: the given password could be guessed.
        AccountExists: the name is taken.
    """
    if not is_name(name):
        raise BadAccountName("账号名只能包含文字、数字和 . _ - @，最多 64 个字符。")
    role = Role(role)
    chosen, hashed = _hashed(name, password)  # before the transaction touches the database: hashing takes its time
    if uow.access.user_named(name) is not None:
        raise AccountExists(f"账号 {name} 已存在。")
    uow.access.save_user(
        User(name=name, role=role.value, password_hash=hashed, must_change=password is None, created_at=now)
    )
    uow.audit.record("user.add", by=by, at=now, subject=name, detail={"role": role.value})
    return chosen


def set_password(uow: UnitOfWork, name: str, *, by: Actor, now: datetime, password: str | None = None) -> str:
    """Set an account's password (a random one if None, to be changed), end its sessions, and return the password.

    Raises:
        NoSuchAccount: there is none of that name.
        WeakPassword: the given password could be guessed.
    """
    chosen, hashed = _hashed(name, password)
    user = _existing(uow, name)
    user.password_hash = hashed
    user.must_change = password is None
    user.session_epoch += 1
    uow.access.save_user(user)
    throttle.forget_account(uow, name)
    uow.audit.record("user.set_password", by=by, at=now, subject=name)
    return chosen


def set_role(uow: UnitOfWork, name: str, role: Role | str, *, by: Actor, now: datetime) -> bool:
    """Give an account another role, which counts from its next click; return False where it has that role already.

    Raises:
        NoSuchAccount: there is none of that name.
        OwnAccount: it is the actor's own.
        LastAdministrator: it is the only open account of an administrator.
    """
    role = Role(role)
    user = _not_ones_own(uow, name, by=by)
    if role != Role.ADMIN:
        _keep_an_administrator(uow, user)
    before, user.role = user.role, role.value
    if before == role:
        return False
    uow.access.save_user(user)
    uow.audit.record("user.set_role", by=by, at=now, subject=name, detail={"role": role.value, "before": before})
    return True


def disable_user(uow: UnitOfWork, name: str, *, by: Actor, now: datetime) -> None:
    """Close an account and end its sessions.

    Raises:
        NoSuchAccount: there is none of that name.
        OwnAccount: it is the actor's own.
        LastAdministrator: it is the only open account of an administrator.
        FallbackPerson: it is that of the roster's fallback person.
    """
    user = _not_ones_own(uow, name, by=by)
    _keep_an_administrator(uow, user)
    _keep_a_fallback(uow, user)
    user.disabled_at = user.disabled_at or now
    user.session_epoch += 1
    uow.access.save_user(user)
    uow.audit.record("user.disable", by=by, at=now, subject=name)


def enable_user(uow: UnitOfWork, name: str, *, by: Actor, now: datetime) -> None:
    """Open a closed account again, with the password it had.

    Raises:
        NoSuchAccount: there is none of that name.
    """
    user = _existing(uow, name)
    user.disabled_at = None
    uow.access.save_user(user)
    uow.audit.record("user.enable", by=by, at=now, subject=name)


def end_sessions(uow: UnitOfWork, name: str, *, by: Actor, now: datetime) -> None:
    """Sign an account out on every device.

    Raises:
        NoSuchAccount: there is none of that name.
    """
    user = _existing(uow, name)
    user.session_epoch += 1
    uow.access.save_user(user)
    uow.audit.record("user.end_sessions", by=by, at=now, subject=name)


def _existing(uow: UnitOfWork, name: str) -> User:
    user = uow.access.user_named(name)
    if user is None:
        raise NoSuchAccount(f"没有账号 {name}。")
    return user


def _not_ones_own(uow: UnitOfWork, name: str, *, by: Actor) -> User:
    if by.name == name:
        raise OwnAccount("不能改自己的角色，也不能停用自己；请另一位管理员操作。")
    return _existing(uow, name)


def _keep_an_administrator(uow: UnitOfWork, user: User) -> None:
    """Refuse where ``user`` is the last; two who take the role from each other at once wait for one another here."""
    if uow.access.lock_administrators(Role.ADMIN.value) == [user.id]:
        raise LastAdministrator(f"{user.name} 是唯一在用的管理员，请先另设一位管理员。")


def _keep_a_fallback(uow: UnitOfWork, user: User) -> None:
    """Refuse where ``user`` is the roster's fallback person, who is replaced and never missing."""
    fallback = uow.roster.fallback()
    if fallback is not None and fallback.user_id == user.id:
        raise FallbackPerson(f"{user.name} 是值班表的兜底人，请先在“值班”另设一位。")


def _hashed(name: str, password: str | None) -> tuple[str, str]:
    chosen = passwords.first_password() if password is None else password
    if password is not None and (why := passwords.weakness(password, name)):
        raise WeakPassword(why)
    return chosen, passwords.hash_password(chosen)
