"""Two orders look alike if phone, goods and total agree: perhaps a retry under another key, perhaps two real orders.

Nobody but a person can tell them apart, so a look-alike is held for one and never dropped.
"""

import hashlib
from collections.abc import Iterable

LENGTH = 16


def look_alike_mark(secret: bytes, *, phone: str, goods: Iterable[tuple[str, int]], total_fen: int | None) -> bytes:
    """Return a mark equal for orders that look alike; ``goods`` are (sku, quantity) in any order."""
    lines = sorted(f"{sku}\x1f{quantity}" for sku, quantity in goods)
    text = "\x1e".join((phone, "" if total_fen is None else str(total_fen), *lines))
    return hashlib.blake2b(text.encode(), key=secret, digest_size=LENGTH).digest()
