"""Aliyun's gateway: who calls, is the call signed, is it fresh and new (facts/sms-aliyun.md §3, §5, §9)."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.datastructures import Headers

from tests.fakes import aliyun_signature as signing

TOLERANCE = 15 * 60.0
_AUTHORIZATION = re.compile(
    rf"{signing.ALGORITHM} Credential=(?P<key>[^,]+),SignedHeaders=(?P<signed>[^,]+),Signature=(?P<signature>[0-9a-f]+)"
)
_MUST_BE_SIGNED = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)

STATUSES = {
    "InvalidAccessKeyId.NotFound": 404,
    "InvalidAction.NotFound": 404,
    "Forbidden.RAM": 403,
    "ServiceUnavailable": 503,
    "InternalError": 500,
    "GatewayTimeout": 504,
}
MESSAGES = {
    "InvalidAccessKeyId.NotFound": "Specified access key is not found.",
    "InvalidTimeStamp.Expired": "Specified time stamp or date value is expired.",
    "SignatureNonceUsed": "Specified signature nonce was used already.",
    "Throttling.User": "Request was denied due to user flow control.",
}


@dataclass(frozen=True)
class Denied:
    """A gateway error: never HTTP 200, unlike a business refusal."""

    code: str
    message: str = ""

    @property
    def status(self) -> int:
        return STATUSES.get(self.code, 400)


@dataclass(frozen=True)
class Call:
    """A call as the gateway sees it, parameters decoded."""

    method: str
    query: tuple[tuple[str, str], ...]
    headers: Headers
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        return dict(self.query)


@dataclass
class Gate:
    """The keys there are, and the nonces of the last quarter of an hour."""

    secrets: dict[str, str]
    nonces: dict[str, float] = field(default_factory=dict)

    def denies(self, call: Call, now: float) -> Denied | None:
        if "Signature" in call.parameters:
            return self._denies_old(call, now)
        return self._denies_new(call, now)

    def _denies_new(self, call: Call, now: float) -> Denied | None:
        match = _AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
        if match is None:
            return Denied("MissingAuthorization")
        if match["key"] not in self.secrets:
            return Denied("InvalidAccessKeyId.NotFound")
        signed = match["signed"].split(";")
        body_hash = call.headers.get("x-acs-content-sha256", "")
        if not set(_MUST_BE_SIGNED) <= set(signed) or hashlib.sha256(call.body).hexdigest() != body_hash:
            return Denied("SignatureDoesNotMatch")
        request = signing.canonical_request(
            call.method, call.query, headers=call.headers, signed=signed, body_hash=body_hash
        )
        to_sign = signing.string_to_sign(request)
        if not hmac.compare_digest(signing.signature(self.secrets[match["key"]], to_sign), match["signature"]):
            echo = f"server string to sign is:{to_sign} server canonical request is:{request}"
            return Denied("SignatureDoesNotMatch", f"Specified signature is not matched with our calculation. {echo}")
        return self._denies_stale(call.headers["x-acs-date"], call.headers["x-acs-signature-nonce"], now)

    def _denies_old(self, call: Call, now: float) -> Denied | None:
        parameters = call.parameters
        secret = self.secrets.get(parameters.get("AccessKeyId", ""))
        if secret is None:
            return Denied("InvalidAccessKeyId.NotFound")
        if not hmac.compare_digest(signing.rpc_signature(secret, call.method, call.query), parameters["Signature"]):
            return Denied("SignatureDoesNotMatch")
        return self._denies_stale(parameters.get("Timestamp", ""), parameters.get("SignatureNonce", ""), now)

    def _denies_stale(self, date: str, nonce: str, now: float) -> Denied | None:
        try:
            signed_at = datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            return Denied("InvalidTimeStamp.Format")
        if abs(now - signed_at) > TOLERANCE:
            return Denied("InvalidTimeStamp.Expired")
        if now - self.nonces.get(nonce, -TOLERANCE) < TOLERANCE:
            return Denied("SignatureNonceUsed")
        self.nonces[nonce] = now
        return None
