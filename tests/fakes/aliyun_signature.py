"""How Aliyun signs a call: ACS3-HMAC-SHA256, and the older RPC way it still takes (facts/sms-aliyun.md §3, §4)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def percent_encoded(text: str) -> str:
    return quote(text, safe="~")


def canonical_query(parameters: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{percent_encoded(name)}={percent_encoded(value)}" for name, value in sorted(parameters))


def canonical_request(
    method: str,
    query: Iterable[tuple[str, str]],
    *,
    headers: Mapping[str, str],
    signed: Sequence[str],
    body_hash: str,
) -> str:
    """Return what is signed; the parameters are given decoded, however the client had written them."""
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in sorted(signed))
    return "\n".join((method, "/", canonical_query(query), lines, ";".join(signed), body_hash))


def string_to_sign(request: str) -> str:
    return f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"


def signature(secret: str, to_sign: str) -> str:
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def rpc_signature(secret: str, method: str, parameters: Iterable[tuple[str, str]]) -> str:
    query = canonical_query((name, value) for name, value in parameters if name != "Signature")
    to_sign = f"{method}&%2F&{percent_encoded(query)}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()).decode()
