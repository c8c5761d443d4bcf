"""How Tencent Cloud signs a call: TC3-HMAC-SHA256 (facts/sms-tencent.md §3)."""

import hashlib
import hmac


def hashed_request(body: bytes, *, content_type: str, host: str) -> str:
    payload = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\ncontent-type:{content_type}\nhost:{host}\n\ncontent-type;host\n{payload}"
    return hashlib.sha256(canonical.encode()).hexdigest()


def signature(secret: str, *, timestamp: int, date: str, request_hash: str) -> str:
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{date}/sms/tc3_request\n{request_hash}"
    key = f"TC3{secret}".encode()
    for step in (date, "sms", "tc3_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
