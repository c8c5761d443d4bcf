"""管易's API: its address, the signature over the JSON as it is sent, and what its texts mean; no codes are known."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from app.domain.foreign_values import word_of
from app.main_system.vendors.refusal import VendorRefusal, code_in
from app.outbound.api_call import ApiCall

ADDRESS = "http://v2.api.guanyierp.com/rest/erp_open"
HOSTS = frozenset({"v2.api.guanyierp.com", "api.guanyierp.com"})

_TEXTS: tuple[tuple[str, str], ...] = (
    ("sign", "key"),
    ("signature", "key"),
    ("签名", "key"),
    ("appkey", "key"),
    ("sessionkey", "token"),
    ("频率", "throttled"),
    ("限流", "throttled"),
    ("ip", "ip"),
    ("权限", "permission"),
)
_THROTTLED = timedelta(minutes=5)


def signed(text: str, *, secret: str) -> str:
    """Return the signature over the JSON as it is before the signature is put into it."""
    return hashlib.md5(f"{secret}{text}{secret}".encode(), usedforsecurity=False).hexdigest().upper()


def compact(fields: Mapping[str, Any]) -> str:
    """Return JSON in the one form that is signed and sent."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def signed_call(
    method: str, asked: Mapping[str, Any], *, address: str, access: Mapping[str, str], url_encoded: bool = False
) -> ApiCall:
    """Return the call of a method; ``access`` holds appkey, sessionkey and secret.

    Both bodies are reported to work, raw JSON and JSON that is URL-encoded.
    """
    fields = {"appkey": access["appkey"], "sessionkey": access["sessionkey"], "method": method, **asked}
    sign = signed(compact(fields), secret=access["secret"])
    text = compact({**fields, "sign": sign})
    if url_encoded:
        return ApiCall(address, body=quote(text).encode(), headers={"Content-Type": "text/json"})
    return ApiCall(address, body=text.encode(), headers={"Content-Type": "application/json"})


def refusal_of(said: Mapping[str, Any]) -> VendorRefusal:
    """Return what an answer without success means."""
    words = " ".join(text for name in ("errorCode", "errorDesc", "subErrorDesc") if (text := word_of(said.get(name))))
    code = code_in(words, _TEXTS) or "refused"
    return VendorRefusal(code, words, _THROTTLED if code == "throttled" else timedelta())
