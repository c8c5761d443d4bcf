"""聚水潭's API: the address, the signature, and what its codes mean.

A refusal comes as HTTP 200 with a code; codes 140, 150 and 160 mean different things in its two lists, so that their
text decides.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from app.main_system.vendors.refusal import VendorRefusal
from app.outbound.api_call import ApiCall

ADDRESS = "https://openapi.jushuitan.com"
HOSTS = frozenset({"openapi.jushuitan.com", "dev-api.jushuitan.com"})

_CODES: Mapping[int, str] = {10: "key", 100: "token", 110: "ip", 120: "key", 180: "clock", 190: "permission"}
_WAITS = {199: timedelta(seconds=2), 200: timedelta(seconds=60)}
_TEXTS: tuple[tuple[str, str], ...] = (("时间戳", "clock"), ("token", "token"), ("签名", "key"), ("参数", "our_call"))


def signed(parameters: Mapping[str, str], *, secret: str) -> str:
    """Return the signature of a call over its parameters as they are before they are encoded."""
    said = "".join(f"{name}{value}" for name, value in sorted(parameters.items()))
    return hashlib.md5(f"{secret}{said}".encode(), usedforsecurity=False).hexdigest()


def signed_form(url: str, parameters: Mapping[str, str], *, secret: str) -> ApiCall:
    """Return a call with its parameters signed."""
    return ApiCall(
        url,
        body=urlencode({**parameters, "sign": signed(parameters, secret=secret)}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
    )


def signed_call(path: str, asked: object, *, address: str, access: Mapping[str, str], at: datetime) -> ApiCall:
    """Return the call of a path; ``asked`` is its argument, ``access`` holds app_key, app_secret and access_token."""
    parameters = {
        "app_key": access["app_key"],
        "access_token": access["access_token"],
        "timestamp": str(int(at.timestamp())),
        "version": "2",
        "charset": "utf-8",
        "biz": json.dumps(asked, ensure_ascii=False, separators=(",", ":")),
    }
    return signed_form(address.rstrip("/") + path, parameters, secret=access["app_secret"])


def refusal_of(code: int, words: str) -> VendorRefusal:
    """Return what a code other than 0 means."""
    if code in _WAITS:
        return VendorRefusal("throttled", f"{code} {words}", _WAITS[code])
    found = _CODES.get(code) or next((kind for text, kind in _TEXTS if text in words.casefold()), "refused")
    return VendorRefusal(found, f"{code} {words}")
