"""A fake Tencent Cloud SMS: every answer is HTTP 200 (facts/sms-tencent.md §2, §4, §5, §8)."""

import hmac
import itertools
import json
import re
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes import tencent_signature as signing
from tests.fakes.faults import Fake, break_down

SHANGHAI = timezone(timedelta(hours=8))
TOLERANCE = 300.0
PER_NUMBER = "number:"  # a fault in the answer for the number, not for the whole call
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<date>[0-9-]+)/sms/tc3_request, "
    r"SignedHeaders=content-type;host, Signature=(?P<signature>[0-9a-f]{64})"
)
_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_MOST_NUMBERS = 200
_MOST_ROWS = 100


@dataclass(frozen=True)
class FakeTemplate:
    variables: int
    longest: int = 20
    kind: Literal["notice", "marketing"] = "notice"


@dataclass
class TencentFake(Fake):
    """One application with its approved signature and templates; ``shows_session`` is what support may switch on."""

    secrets: dict[str, str] = field(default_factory=lambda: {"AKIDEXAMPLE": "SKEXAMPLE"})
    app_ids: set[str] = field(default_factory=lambda: {"1400006666"})
    sign_names: set[str] = field(default_factory=lambda: {"测试商城"})
    templates: Mapping[str, FakeTemplate] = field(
        default_factory=lambda: {
            "449739": FakeTemplate(1),
            "449740": FakeTemplate(1, longest=6),
            "449741": FakeTemplate(2),
            "449742": FakeTemplate(1, kind="marketing"),
            "449743": FakeTemplate(0),
        }
    )
    now: Callable[[], float] = time.time
    same_text_seconds: float = 30.0
    per_day: int = 2
    app_per_day: int = 100_000
    shows_session: bool = False
    _of_phone: dict[str, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))
    _of_day: Counter[date] = field(default_factory=Counter)
    _serial: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1045710669157053657849499619))

    def app(self) -> Starlette:
        """Return the server."""
        return Starlette(routes=[Route("/", self.call, methods=["POST"]), *self.control_routes()])

    async def call(self, request: Request) -> Response:
        """Answer one signed call."""
        raw = await request.body()
        self.heard.append({"at": self.now(), "action": request.headers.get("x-tc-action", "")})
        before, after = self.faults.take()
        if before and not before.startswith(PER_NUMBER):
            return await _broken(request, before)
        denied = self._denies(request, raw) or _denies_action(request)
        if denied:
            return _answer(_error(denied))
        body = json.loads(raw)
        action = {"SendSms": self.send, "PullSmsSendStatusByPhoneNumber": self.pull}[request.headers["x-tc-action"]]
        if before and action == self.send:
            code = before.removeprefix(PER_NUMBER)
            return _answer({"SendStatusSet": [_status(number, code) for number in body["PhoneNumberSet"]]})
        answer = action(body)
        if after and any(one["Code"] == "Ok" for one in answer.get("SendStatusSet", [])):
            return await _broken(request, after)
        return _answer(answer)

    def _denies(self, request: Request, raw: bytes) -> str | None:
        match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        timestamp = int(request.headers.get("x-tc-timestamp", "0"))
        if match is None:
            return "AuthFailure.SignatureFailure"
        if match["id"] not in self.secrets:
            return "AuthFailure.SecretIdNotFound"
        if abs(self.now() - timestamp) > TOLERANCE:
            return "AuthFailure.SignatureExpire"
        date = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
        request_hash = signing.hashed_request(
            raw, content_type=request.headers["content-type"], host=request.headers["host"]
        )
        expected = signing.signature(
            self.secrets[match["id"]], timestamp=timestamp, date=date, request_hash=request_hash
        )
        good = date == match["date"] and hmac.compare_digest(expected, match["signature"])
        return None if good else "AuthFailure.SignatureFailure"

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        numbers = body.get("PhoneNumberSet") or []
        if not numbers:
            return _error("MissingParameter.EmptyPhoneNumberSet")
        if len(numbers) > _MOST_NUMBERS:
            return _error("LimitExceeded.PhoneNumberCountLimit")
        code = self._refusal(body)
        return {"SendStatusSet": [self._send_one(number, body, code) for number in numbers]}

    def _refusal(self, body: Mapping[str, Any]) -> str | None:
        """Return the code for all numbers of a call."""
        template = self.templates.get(body.get("TemplateId", ""), FakeTemplate(0))
        values = body.get("TemplateParamSet") or []
        by_night = not 8 <= self._local(self.now()).hour < 22
        fits = len(values) == template.variables and all(isinstance(value, str) for value in values)
        refusals = {
            "InvalidParameterValue.SdkAppIdNotExist": body.get("SmsSdkAppId") not in self.app_ids,
            "FailedOperation.SignatureIncorrectOrUnapproved": body.get("SignName") not in self.sign_names,
            "FailedOperation.TemplateIncorrectOrUnapproved": body.get("TemplateId") not in self.templates,
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": not fits,
            "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": any("://" in str(one) for one in values),
            "InvalidParameterValue.TemplateParameterLengthLimit": any(len(str(v)) > template.longest for v in values),
            "FailedOperation.MarketingSendTimeConstraint": template.kind == "marketing" and by_night,
        }
        return next((code for code, applies in refusals.items() if applies), None)

    def _send_one(self, number: str, body: Mapping[str, Any], code: str | None) -> dict[str, Any]:
        match = _MOBILE.fullmatch(number)
        if match is None:
            return _status(number, "InvalidParameterValue.IncorrectPhoneNumber")
        values = body.get("TemplateParamSet") or []
        if refused := code or self._limit(match[1], body["TemplateId"], values):
            return _status(number, refused)
        serial = f"5000:{next(self._serial)}"
        session = body.get("SessionContext", "")
        message = {
            "received_at": self.now(),
            "phone": match[1],
            "sign_name": body["SignName"],
            "template": body["TemplateId"],
            "values": values,
            "session": session,
            "serial": serial,
            "report": "SUCCESS",  # what the carrier says; None while it says nothing
        }
        self.accepted.append(message)
        self._of_phone[match[1]].append(message)
        self._of_day[self._local(self.now()).date()] += 1
        return {**_status(number, "Ok"), "SerialNo": serial, "Fee": 1, "SessionContext": session}

    def _limit(self, phone: str, template: str, values: Sequence[str]) -> str | None:
        now = self.now()
        today = self._local(now).date()
        of_phone = [m for m in self._of_phone[phone] if self._local(m["received_at"]).date() == today]
        same = [m for m in of_phone if (m["template"], m["values"]) == (template, values)]
        if any(now - float(str(m["received_at"])) < self.same_text_seconds for m in same):
            return "LimitExceeded.PhoneNumberThirtySecondLimit"
        if len(of_phone) >= self.per_day:
            return "LimitExceeded.PhoneNumberDailyLimit"
        return "LimitExceeded.AppDailyLimit" if self._of_day[today] >= self.app_per_day else None

    def pull(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if not 0 < body["Limit"] <= _MOST_ROWS:
            return _error("InvalidParameterValue.LimitVerifyFail")
        match = _MOBILE.fullmatch(body["PhoneNumber"])
        rows = [
            {
                "UserReceiveTime": int(float(str(m["received_at"]))),
                "CountryCode": "86",
                "SubscriberNumber": m["phone"],
                "PhoneNumber": f"+86{m['phone']}",
                "SerialNo": m["serial"],
                "ReportStatus": m["report"],
                "Description": "DELIVRD",
                "SessionContext": m["session"] if self.shows_session else "",
            }
            for m in self.accepted
            if match
            and m["phone"] == match[1]
            and m["report"]
            and body["BeginTime"] <= int(float(str(m["received_at"]))) <= body["EndTime"]
        ]
        return {"PullSmsSendStatusSet": rows[: body["Limit"]]}

    @staticmethod
    def _local(moment: object) -> datetime:
        return datetime.fromtimestamp(float(str(moment)), SHANGHAI)


def _denies_action(request: Request) -> str | None:
    if request.headers.get("x-tc-action") not in {"SendSms", "PullSmsSendStatusByPhoneNumber"}:
        return "InvalidAction"
    if request.headers.get("x-tc-version") != "2021-01-11":
        return "NoSuchVersion"
    return None if request.headers.get("x-tc-region") else "MissingParameter"


async def _broken(request: Request, fault: str) -> Response:
    if fault == "no_status":
        return _answer({"SendStatusSet": []})
    return await break_down(request, fault) or _answer(_error(fault))


def _error(code: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": "The call was refused."}}


def _status(number: str, code: str) -> dict[str, Any]:
    message = "send success" if code == "Ok" else f"refused for {number}"
    return {
        "SerialNo": "",
        "PhoneNumber": number,
        "Fee": 0,
        "SessionContext": "",
        "Code": code,
        "Message": message,
        "IsoCode": "CN",
    }


def _answer(content: dict[str, Any]) -> Response:
    return JSONResponse({"Response": {**content, "RequestId": str(uuid.uuid4())}})
