"""Passwords: argon2id for those people choose, and first passwords nobody could guess."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 256
"""Characters; a longer one is no safer and would only cost time to hash."""

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is misread when a password is typed from a screen
_FEWEST_DIFFERENT = 4


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, its parameters included."""
    return _hasher().hash(password)


def fits(known_hash: str, password: str) -> bool:
    """Tell whether ``password`` is the one that was hashed."""
    try:
        return _hasher().verify(known_hash, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False


def is_dated(known_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than ours."""
    return _hasher().check_needs_rehash(known_hash)


def pretend_to_verify(password: str) -> None:
    """Take as long as a real verification, so that time does not tell whether an account exists."""
    fits(_nobody(), password)


def first_password() -> str:
    """Return a random password of 79 bits that can be read aloud: ``k7mq-x2hp-9wtc-4rnd``."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def weakness(password: str, name: str) -> str | None:
    """Return why a password is refused, in Chinese; None if it is good."""
    if len(password) < SHORTEST:
        return f"密码至少 {SHORTEST} 位。"
    if len(password) > LONGEST:
        return f"密码最多 {LONGEST} 位。"
    if len(set(password)) < _FEWEST_DIFFERENT:
        return "密码过于简单，请不要重复同一个字符。"
    if name.casefold() in password.casefold() and len(password) < len(name) + SHORTEST:
        return "密码不能包含账号名。"
    return None


@cache
def _hasher() -> PasswordHasher:
    # OWASP's parameters for argon2id: 19 MiB, two passes, one lane. Stronger ones would take both cores of a small
    # machine from the orders for each sign-in, and the back-off already allows no more than some guesses an hour.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobody() -> str:
    return hash_password(secrets.token_hex(16))
