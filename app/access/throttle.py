"""Failed sign-ins slow down the next ones, per account and per address, kept in the database.

Each try is counted before its password is looked at, so that a thousand tries at once are a thousand tries.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store.tables import LoginThrottle
from app.store.unit_of_work import UnitOfWork

LONGEST = timedelta(minutes=15)
FIRST = timedelta(seconds=15)
FORGOTTEN_AFTER = timedelta(hours=1)
"""Without a failure this long the count starts again: four guesses an hour find no password."""

ACCOUNT_FREE = 5
ADDRESS_FREE = 20
"""Failures before delays begin. A whole office shares one address; an account belongs to one person."""

_IPV6_NETWORK = 64
"""Leading bits that one customer of a provider holds; counting single addresses would count nothing."""


@dataclass(frozen=True, slots=True)
class ThrottleSubject:
    """What failures are counted of."""

    name: str
    free: int


def delay_after(failures: int, *, free: int) -> timedelta:
    """Return how long the next try has to wait: 15 s after ``free`` failures, then twice as long each, up to 15 min."""
    if failures < free:
        return timedelta()
    return min(FIRST * (1 << min(failures - free, 16)), LONGEST)


def of_account(name: str) -> ThrottleSubject:
    """Return the subject of an account, whether it exists or not."""
    return ThrottleSubject(f"account:{name}", ACCOUNT_FREE)


def of_address(address: str) -> ThrottleSubject:
    """Return the subject of a network address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ThrottleSubject(f"address:{address[:64]}", ADDRESS_FREE)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return ThrottleSubject(f"address:{ipaddress.ip_network((int(ip), _IPV6_NETWORK), strict=False)}", ADDRESS_FREE)
    return ThrottleSubject(f"address:{getattr(ip, 'ipv4_mapped', None) or ip}", ADDRESS_FREE)


def take_turn(uow: UnitOfWork, subjects: tuple[ThrottleSubject, ...], *, now: datetime) -> timedelta | None:
    """Count a try as failed until it succeeds; return how long to wait instead if it is too early for one."""
    rows = {
        subject: _current(uow, subject, now=now) for subject in sorted(subjects, key=lambda s: s.name)
    }  # one order: no deadlock
    waits = [
        min(row.blocked_until - now, LONGEST) for row in rows.values() if row.blocked_until and row.blocked_until > now
    ]
    if waits:
        return max(waits)  # capped, lest a clock that was set back keeps people out
    for subject, row in rows.items():
        failures = row.failures + 1
        wait = delay_after(failures, free=subject.free)
        uow.access.save_throttle(
            LoginThrottle(
                subject=subject.name, failures=failures, blocked_until=now + wait if wait else None, updated_at=now
            )
        )
    return None


def forgive(uow: UnitOfWork, account: ThrottleSubject, address: ThrottleSubject, *, now: datetime) -> None:
    """After a success: forget the account's failures and take back this one try of the address."""
    uow.access.forget_throttle(account.name)
    take_back(uow, address, now=now)
    uow.access.forget_throttles(before=now - 24 * FORGOTTEN_AFTER)


def take_back(uow: UnitOfWork, subject: ThrottleSubject, *, now: datetime) -> None:
    """Count one try less: it was no failure. What else was counted stays, or one right guess would pay for many."""
    failures = max(_current(uow, subject, now=now).failures - 1, 0)
    if failures:
        uow.access.save_throttle(
            LoginThrottle(subject=subject.name, failures=failures, blocked_until=None, updated_at=now)
        )
    else:
        uow.access.forget_throttle(subject.name)


def forget_account(uow: UnitOfWork, name: str) -> None:
    """Let an account try again at once, for a person who was locked out."""
    uow.access.forget_throttle(of_account(name).name)


def _current(uow: UnitOfWork, subject: ThrottleSubject, *, now: datetime) -> LoginThrottle:
    row = uow.access.throttle_of(subject.name)
    if row is None or now - row.updated_at > FORGOTTEN_AFTER:
        return LoginThrottle(subject=subject.name, failures=0, updated_at=now)
    return row
