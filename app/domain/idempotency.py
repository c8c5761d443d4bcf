"""The key under which a storefront may send the same order again and get the same answer."""

import re

from app.domain.problems import BadIdempotencyKey

_KEY = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")


def read_idempotency_key(value: str) -> str:
    """Return the key in an ``Idempotency-Key`` header, bare or quoted (draft-ietf-httpapi-idempotency-key-header-07).

    Raises:
        BadIdempotencyKey: it is empty, too long, or holds a character outside ``A-Za-z0-9_.:-``.
    """
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if not _KEY.fullmatch(value):
        raise BadIdempotencyKey
    return value
