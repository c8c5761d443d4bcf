"""Decides by the head of a request whether an order may follow: whose it is, in which form, under which key.

Both ways in ask here, the fast path as it reads the head and the ordinary routes before they read the body.
"""

from app.domain.caller import Caller
from app.domain.idempotency import read_idempotency_key
from app.domain.problems import Forbidden, Unauthenticated, UnsupportedMedia
from app.web.auth import Access, bearer_of
from app.web.door.body import Fields

JSON = b"application/json"


def known_caller(fields: Fields, access: Access) -> Caller | None:
    """Return who sends this request, as far as we know without asking the store."""
    token = bearer_of(fields)
    return None if token is None else access.find(token)


async def caller_of(fields: Fields, access: Access) -> Caller:
    """Return who sends this request.

    Raises:
        Unauthenticated: there is no key, or none that we know.
    """
    token = bearer_of(fields)
    if token is None:
        raise Unauthenticated
    return await access.caller(token)


def admit(fields: Fields, caller: Caller) -> str | None:
    """Admit a canonical order of ``caller``; return its idempotency key, None where the head names none.

    Raises:
        Forbidden: this client places no orders.
        UnsupportedMedia: the body is not plain JSON.
        BadIdempotencyKey: the key has not the published form.
    """
    if not may_order(caller):
        raise Forbidden("该密钥没有下单权限，请使用 intake 密钥。")
    if not is_plain_json(fields):
        raise UnsupportedMedia
    return idempotency_key_of(fields)


def may_order(caller: Caller) -> bool:
    """Tell whether this client's key is one that places orders."""
    return caller.scope == "intake"


def is_plain_json(fields: Fields) -> bool:
    """Tell whether the body is JSON by its head, and not packed; a head that does not say is believed to mean JSON."""
    kind = fields.get(b"content-type", JSON)
    return b"content-encoding" not in fields and (kind == JSON or _is_json(kind))


def idempotency_key_of(fields: Fields) -> str | None:
    """Return the idempotency key among header fields.

    Raises:
        BadIdempotencyKey: there is one, and it has not the published form.
    """
    value = fields.get(b"idempotency-key")
    return None if value is None else read_idempotency_key(value.decode("latin-1"))


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == JSON or (kind.startswith(b"application/") and kind.endswith(b"+json"))
