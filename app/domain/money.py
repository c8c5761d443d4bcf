"""Money is yuan with at most two decimals outside and integer fen inside, never a float."""

import re
from functools import lru_cache

_YUAN = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,2}))?")
MAX_FEN = 10**12
"""Ten billion yuan: above any order, far below what a 64-bit column holds."""


class NotMoney(ValueError):
    """The value is not an amount of yuan with at most two decimals."""


def fen_of_yuan(value: object) -> int:
    """Read an amount of yuan, a decimal string or a number, as fen.

    A float is read by its shortest decimal form, so 599.99 is 59999 and 0.1 + 0.2 is refused.

    Raises:
        NotMoney: it is negative, has more than two decimals, or is no amount at all.
    """
    if isinstance(value, str):
        return _fen_of_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotMoney
    return _fen_of_text(repr(value).removesuffix(".0"))


@lru_cache(maxsize=4096)
def _fen_of_text(text: str) -> int:
    """Read the digits; a shop has few prices, and names each of them thrice in an order."""
    found = _YUAN.fullmatch(text)
    if found is None:
        raise NotMoney
    yuan, decimals = found.groups()
    return int(yuan) * 100 + (int(decimals.ljust(2, "0")) if decimals else 0)


def fen_of_fen(value: object) -> int:
    """Read an amount given in fen: a whole number, or the digits of one.

    Raises:
        NotMoney: it is negative, a fraction, or no number.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_FEN:
        raise NotMoney
    return value


def yuan(fen: int) -> str:
    """Write fen as yuan with two decimals: 59900 becomes ``599.00``."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"
