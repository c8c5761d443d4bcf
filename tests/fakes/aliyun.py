"""A fake Aliyun SMS: SendSms and QuerySendDetails over one record (facts/sms-aliyun.md §2, §5, §6, §9)."""

import itertools
import json
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.aliyun_gate import MESSAGES, STATUSES, Call, Denied, Gate
from tests.fakes.faults import Fake, break_down

SHANGHAI = timezone(timedelta(hours=8))
DAY = 24 * 3600.0
LONGEST_VALUE = 35
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_LEVELS = (("分钟级", 60.0, 1), ("小时级", 3600.0, 5), ("天级", DAY, 10))
_NOTICES_A_DAY = 50
_MOST_PER_PAGE = 50
_GATEWAY = re.compile(r"Throttling|Signature|Invalid|Forbidden|Missing|ServiceUnavailable|InternalError")
_REQUIRED = {
    "SendSms": ("PhoneNumbers", "SignName", "TemplateCode"),
    "QuerySendDetails": ("PhoneNumber", "SendDate", "PageSize", "CurrentPage"),
}


@dataclass(frozen=True)
class FakeTemplate:
    variables: tuple[str, ...]
    kind: Literal["notice", "code"] = "notice"


@dataclass
class AliyunFake(Fake):
    """One account with its approved signatures and templates."""

    gate: Gate = field(default_factory=lambda: Gate({"testid": "testsecret"}))
    sign_names: set[str] = field(default_factory=lambda: {"测试商城"})
    templates: Mapping[str, FakeTemplate] = field(
        default_factory=lambda: {
            "SMS_154950909": FakeTemplate(("code",), kind="code"),
            "SMS_100000001": FakeTemplate(("number",)),
            "SMS_100000002": FakeTemplate(("code",)),
            "SMS_100000003": FakeTemplate(("number", "code")),
            "SMS_100000004": FakeTemplate(()),
        }
    )
    now: Callable[[], float] = time.time
    retry_after_ms: int | None = None
    _of_phone: dict[str, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))
    _serial: "itertools.count[int]" = field(default_factory=lambda: itertools.count(607300000000000000))

    def app(self) -> Starlette:
        """Return the server."""
        return Starlette(routes=[Route("/", self.call, methods=["POST", "GET"]), *self.control_routes()])

    async def call(self, request: Request) -> Response:
        """Answer one signed call."""
        query = tuple(request.query_params.multi_items())
        call = Call(request.method, query, request.headers, await request.body())
        action = request.headers.get("x-acs-action") or call.parameters.get("Action", "")
        self.heard.append({"at": self.now(), "action": action, **call.parameters})
        before, after = self.faults.take()
        if before:
            return await self._broken(request, before)
        if denied := self.gate.denies(call, self.now()) or _denies_action(action, call):
            return self._denied(denied)
        answer = self.send(call.parameters) if action == "SendSms" else self.details(call.parameters)
        if after and answer["Code"] == "OK":
            return await self._broken(request, after)
        return JSONResponse({**answer, "RequestId": _request_id()})

    def send(self, parameters: Mapping[str, str]) -> dict[str, object]:
        if refusal := self._refusal(parameters):
            return {"Code": refusal[0], "Message": refusal[1]}
        biz_id = f"{next(self._serial)}^0"
        for phone in map(_bare, parameters["PhoneNumbers"].split(",")):
            message: dict[str, object] = {
                "received_at": self.now(),
                "phone": phone,
                "sign_name": parameters["SignName"],
                "template": parameters["TemplateCode"],
                "values": json.loads(parameters.get("TemplateParam") or "{}"),
                "out_id": parameters.get("OutId", ""),
                "biz_id": biz_id,
                "send_status": 1,
            }
            self.accepted.append(message)
            self._of_phone[phone].append(message)
        return {"Code": "OK", "Message": "OK", "BizId": biz_id}

    def _refusal(self, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        numbers = parameters["PhoneNumbers"].split(",")
        if len(numbers) > 1000:
            return "isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制"
        for number in numbers:
            if not _bare(number):
                return "isv.MOBILE_NUMBER_ILLEGAL", f"{number}invalid mobile number"
        if parameters["SignName"] not in self.sign_names:
            return "isv.SMS_SIGNATURE_ILLEGAL", "签名不合法(不存在或被拉黑)"
        template = self.templates.get(parameters["TemplateCode"])
        if template is None:
            return "isv.SMS_TEMPLATE_ILLEGAL", "模板不合法(不存在或被拉黑)"
        return _refuse_values(parameters.get("TemplateParam"), template) or self._limit(parameters, template)

    def _limit(self, parameters: Mapping[str, str], template: FakeTemplate) -> tuple[str, str] | None:
        for number in map(_bare, parameters["PhoneNumbers"].split(",")):
            of_number = [m for m in self._of_phone[number] if m["sign_name"] == parameters["SignName"]]
            if template.kind == "code":
                codes = {code for code, one in self.templates.items() if one.kind == "code"}
                ages = [self._age(m) for m in of_number if m["template"] in codes]
                levels: tuple[tuple[str, float, int], ...] = _LEVELS
            else:
                ages = [self._age(m) for m in of_number if m["template"] == parameters["TemplateCode"]]
                levels = (("天级", DAY, _NOTICES_A_DAY),)
            for level, seconds, permits in levels:
                if sum(age < seconds for age in ages) >= permits:
                    return "isv.BUSINESS_LIMIT_CONTROL", f"触发{level}流控Permits:{permits}"
        return None

    def details(self, parameters: Mapping[str, str]) -> dict[str, object]:
        size = int(parameters["PageSize"])
        if not 1 <= size <= _MOST_PER_PAGE:
            return {"Code": "isv.INVALID_PARAMETERS", "Message": "PageSize"}
        rows = [
            _detail(m)
            for m in reversed(self.accepted)
            if m["phone"] == parameters["PhoneNumber"] and _local(m).strftime("%Y%m%d") == parameters["SendDate"]
        ]
        first = (int(parameters["CurrentPage"]) - 1) * size
        page = {"SmsSendDetailDTO": rows[first : first + size]}
        return {"Code": "OK", "Message": "OK", "TotalCount": str(len(rows)), "SmsSendDetailDTOs": page}

    def _age(self, message: Mapping[str, object]) -> float:
        return self.now() - float(str(message["received_at"]))

    async def _broken(self, request: Request, fault: str) -> Response:
        if broken := await break_down(request, fault):
            return broken
        code, _, message = fault.partition("|")
        if code in STATUSES or _GATEWAY.match(code):
            return self._denied(Denied(code, message))
        return JSONResponse({"Code": code, "Message": message, "RequestId": _request_id()})

    def _denied(self, denied: Denied) -> Response:
        body = {
            "RequestId": _request_id(),
            "HostId": "dysmsapi.aliyuncs.com",
            "Code": denied.code,
            "Message": denied.message or MESSAGES.get(denied.code, denied.code),
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={denied.code}",
        }
        headers = {} if self.retry_after_ms is None else {"x-acs-retry-after": str(self.retry_after_ms)}
        return JSONResponse(body, status_code=denied.status, headers=headers)


def _denies_action(action: str, call: Call) -> Denied | None:
    version = call.headers.get("x-acs-version") or call.parameters.get("Version", "")
    if action not in _REQUIRED:
        return Denied("InvalidAction.NotFound")
    if version != "2017-05-25":
        return Denied("InvalidVersion")
    missing = [name for name in _REQUIRED[action] if not call.parameters.get(name)]
    return Denied(f"Missing{missing[0]}", f"{missing[0]} is mandatory for this action.") if missing else None


def _refuse_values(raw: str | None, template: FakeTemplate) -> tuple[str, str] | None:
    try:
        values = json.loads(raw or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return "isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值"
    if any(name not in values for name in template.variables):
        return "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值"
    for value in map(str, values.values()):
        if len(value) > LONGEST_VALUE:
            return "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"
        if "://" in value:
            return "isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL"
    return None


def _detail(message: Mapping[str, object]) -> dict[str, object]:
    return {
        "PhoneNum": message["phone"],
        "SendStatus": message["send_status"],
        "ErrCode": "DELIVERED" if message["send_status"] == 3 else "",
        "TemplateCode": message["template"],
        "Content": "【测试商城】…",
        "SendDate": _local(message).strftime("%Y-%m-%d %H:%M:%S"),
        "OutId": message["out_id"],
    }


def _local(message: Mapping[str, object]) -> datetime:
    return datetime.fromtimestamp(float(str(message["received_at"])), SHANGHAI)


def _bare(number: str) -> str:
    match = _MOBILE.fullmatch(number)
    return match[1] if match else ""


def _request_id() -> str:
    return str(uuid.uuid4()).upper()
