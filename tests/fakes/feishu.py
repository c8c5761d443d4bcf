"""A fake Feishu: robots with a signing secret or without, a keyword, and limits a second and a minute."""

import base64
import hashlib
import hmac
import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.faults import Fake, break_down

MOST_BYTES = 20 * 1024
PER_SECOND, PER_MINUTE = 5, 100
HOUR = 3600
_TEXTS = {
    9499: "Bad Request",
    11232: "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]",
    19001: "param invalid: incoming webhook access token invalid",
    19002: "param invalid: msg_type",
    19021: "sign match fail or timestamp is not within one hour from current time",
    19022: "Ip Not Allowed",
    19024: "Key Words Not Found",
    99991400: "request trigger frequency limit",
}
_OLD_FORM = {"Extra": None, "StatusCode": 0, "StatusMessage": "success"}
_CONTENT = {"text": "text", "post": "post", "image": "image_key", "share_chat": "share_chat_id"}


@dataclass
class FeishuFake(Fake):
    """What the provider knows.

    ``robots`` are the tokens there are, each with its signing secret or none (None: any token, unsigned). ``keyword``
    is what every message must hold, ``gasping`` whether it refuses everything in the ten seconds after a half hour.
    """

    robots: Mapping[str, str] | None = None
    keyword: str = ""
    our_address: bool = True
    gasping: bool = False
    now: Callable[[], float] = time.time
    _taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def app(self) -> Starlette:
        """Return the server."""
        send = Route("/open-apis/bot/v2/hook/{token}", self.send, methods=["POST"])
        return Starlette(routes=[send, *self.control_routes()])

    async def send(self, request: Request) -> Response:
        """Take one message, or say why not; the status is 200 either way."""
        answer = await self._answer(request)
        answer.headers["Date"] = formatdate(self.now(), usegmt=True)
        return answer

    async def _answer(self, request: Request) -> Response:
        token, raw = request.path_params["token"], await request.body()
        self.heard.append({"at": self.now(), "token": token})
        before, after = self.faults.take()
        if before:
            return await self._broken(request, before)
        if code := self._refusal(token, raw):
            return _refused(code)
        self._taken[token].append(self.now())
        body = json.loads(raw)
        content = body["content"] if "content" in body else body["card"]
        self.accepted.append({"received_at": self.now(), "token": token, "msg_type": body["msg_type"], **content})
        if after:
            return await self._broken(request, after)
        return JSONResponse({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})

    def _refusal(self, token: str, raw: bytes) -> int:
        """Return the code of the first check that fails, or 0."""
        body = _json_object(raw)
        if self.robots is not None and token not in self.robots:
            return 19001
        if not self._signed(body or {}, (self.robots or {}).get(token, "")):
            return 19021
        if not self.our_address:
            return 19022
        if self.keyword and self.keyword not in "\n".join(_values(body)):
            return 19024
        if body is None or len(raw) > MOST_BYTES:
            return 9499
        return _misshapen(body) or (11232 if self._over_limit(token) else 0)

    def _signed(self, body: Mapping[str, object], secret: str) -> bool:
        if not secret:
            return True
        timestamp = str(body.get("timestamp", ""))
        if not timestamp.isdecimal() or abs(int(timestamp) - self.now()) > HOUR:
            return False
        wanted = hmac.digest(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256)
        return body.get("sign") == base64.b64encode(wanted).decode()

    def _over_limit(self, token: str) -> bool:
        now = self.now()
        if self.gasping and datetime.fromtimestamp(now, tz=UTC).minute % 30 == 0 and now % 60 < 10:
            return True
        ages = [now - then for then in self._taken[token]]
        return sum(age < 1 for age in ages) >= PER_SECOND or sum(age < 60 for age in ages) >= PER_MINUTE

    async def _broken(self, request: Request, fault: str) -> Response:
        if fault == "old_form":
            return JSONResponse(_OLD_FORM)
        if broken := await break_down(request, fault):
            return broken
        code, _, text = fault.partition("|")
        return _refused(int(code), text)


def _misshapen(body: Mapping[str, object]) -> int:
    kind = body.get("msg_type")
    if kind == "interactive":
        return 0 if isinstance(body.get("card"), dict) else 9499
    if kind not in _CONTENT:
        return 19002
    content = body.get("content")  # the app API takes a string here, a webhook does not
    return 0 if isinstance(content, dict) and content.get(_CONTENT[str(kind)]) else 9499


def _values(part: object) -> list[str]:
    """Return every text in a body, but no address."""
    match part:
        case str():
            return [part]
        case dict():
            return [text for name, value in part.items() if name != "href" for text in _values(value)]
        case list():
            return [text for value in part for text in _values(value)]
    return []


def _json_object(raw: bytes) -> dict[str, object] | None:
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _refused(code: int, text: str = "") -> Response:
    return JSONResponse({"code": code, "data": {}, "msg": text or _TEXTS.get(code, "error")})
