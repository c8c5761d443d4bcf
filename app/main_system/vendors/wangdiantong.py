"""旺店通 flagship edition's API: the address, the signature over the body as it is sent, and what its codes mean.

Refusals come as HTTP 200 with a status and a text.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.main_system.vendors.refusal import VendorRefusal, code_in
from app.outbound.api_call import ApiCall

ADDRESS = "https://wdt.wangdian.cn/openapi"
HOSTS = frozenset({"wdt.wangdian.cn"})

_COUNTED_FROM = datetime(2011, 12, 31, 16, tzinfo=UTC)
"""Midnight of 1 January 2012 in Beijing: its timestamps are seconds since then."""

_THROTTLED = timedelta(minutes=5)
_STATUSES: Mapping[int, str] = {1: "key", 3: "key", 6: "ip", 7: "clock", 8: "our_call"}
_TEXTS: tuple[tuple[str, str], ...] = (
    ("调用频率限制", "throttled"),
    ("并发次数限制", "throttled"),
    ("权限", "permission"),
    ("分页查询", "our_call"),
    ("查询时间过宽", "our_call"),
    ("整数数组", "our_call"),
    ("签名", "key"),
    ("sign", "key"),
    ("signature", "key"),
)
"""What a text of status 100 means; its punctuation differs from one answer to the next."""


def signed(parameters: Mapping[str, str], body: str, *, secret: str) -> str:
    """Return the signature of a call over its parameters and its body as it is sent."""
    said = "".join(f"{name}{value}" for name, value in sorted({**parameters, "body": body}.items()))
    return hashlib.md5(f"{secret}{said}{secret}".encode(), usedforsecurity=False).hexdigest()


def signed_call(
    method: str,
    arguments: list[Any],
    *,
    address: str,
    access: Mapping[str, str],
    at: datetime,
    pager: Mapping[str, str] | None = None,
) -> ApiCall:
    """Return the call of a method; ``access`` holds sid, key and secret, which is ``secret:salt``."""
    secret, _, salt = access["secret"].partition(":")
    body = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    parameters = {
        "sid": access["sid"],
        "key": access["key"],
        "salt": salt,
        "method": method,
        "timestamp": str((at - _COUNTED_FROM) // timedelta(seconds=1)),
        "v": "1.0",
        **(pager or {}),
    }
    return ApiCall(
        address,
        query={**parameters, "sign": signed(parameters, body, secret=secret)},
        body=body.encode(),
        headers={"Content-Type": "application/json"},
    )


def refusal_of(status: int, words: str) -> VendorRefusal:
    """Return what a status other than 0 means."""
    plain = words.replace("，", "").replace(",", "")
    code = _STATUSES.get(status) or code_in(plain, _TEXTS) or "refused"
    return VendorRefusal(code, f"{status} {words}", _THROTTLED if code == "throttled" else timedelta())
