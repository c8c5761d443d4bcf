"""The order number is derived, not counted: the same client and key give the same number on every replica.

Shape: prefix (letters and digits, beginning with a letter) + 12 characters of Crockford's base 32 (60 bits of
HMAC-SHA256 over client and key) + one ISO 7064 MOD 37,36 check character over all before it.
"""

import hmac
import re
from functools import lru_cache

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_37_36

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STEP = tuple(bytes((((check or 36) * 2) % 37 + value) % 36 for value in range(36)) for check in range(36))
"""ISO 7064 MOD 37,36, one character further: the door makes a number for every order, and stdnum would take a fifth of
the time an order has there. The tests hold every number against stdnum."""

_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
_VALUES = tuple((_ALPHABET.index(pair[0]), _ALPHABET.index(pair[1])) for pair in _PAIRS)
_PAIR_STEP = tuple(bytes(_STEP[step[first]][second] for first, second in _VALUES) for step in _STEP)
"""The same two characters further, for each check character and each ten bits of a number."""

_CLOSING = tuple(_ALPHABET[(1 - ((check or 36) * 2) % 37) % 36] for check in range(36))
"""The last character of a number, for each check character over all before it."""

_SHIFTS = tuple(range(50, -1, -10))
BODY_LENGTH = 12
PREFIX = re.compile(r"[A-Z][0-9A-Z]{0,6}")
"""Seven characters at most, so that a number never exceeds twenty."""


def derive(secret: bytes, client_id: str, key: str, *, prefix: str = "LB") -> str:
    """Return the order number of ``key`` as used by ``client_id``."""
    keyed = _keyed(secret).copy()
    keyed.update(b"%b\x00%b" % (client_id.encode(), key.encode()))
    bits = int.from_bytes(keyed.digest()[:8]) >> 4
    check = _after(prefix)
    number = prefix
    for shift in _SHIFTS:
        ten = bits >> shift & 1023
        number += _PAIRS[ten]
        check = _PAIR_STEP[check][ten]
    return number + _CLOSING[check]


@lru_cache(maxsize=8)
def _keyed(secret: bytes) -> hmac.HMAC:
    """Return an HMAC-SHA256 that has taken in the secret; copied for each number, it spares two of four blocks."""
    return hmac.new(secret, digestmod="sha256")


def check_character(payload: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character of ``payload``."""
    return _CLOSING[_after(payload)]


@lru_cache(maxsize=64)
def _after(payload: str) -> int:
    check = 18
    for char in payload:
        check = _STEP[check][_ALPHABET.index(char)]
    return check


def is_number(text: str) -> bool:
    """Tell whether ``text`` has the shape of an order number and its check character fits."""
    if not re.fullmatch(r"[A-Z][0-9A-Z]{12,19}", text):
        return False
    try:
        mod_37_36.validate(text)
    except ValidationError:
        return False
    return True
