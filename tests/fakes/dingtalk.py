"""A fake DingTalk: robots with a signing secret or without, a keyword, and ten minutes of silence after too much."""

import base64
import hashlib
import hmac
import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.faults import Fake, break_down

MOST_BYTES = 20_000
PER_MINUTE = 20
PENALTY = 600
HOUR_MS = 3_600_000
MOST_MENTIONED = 50

KEYWORD, SIGN, TIME, ADDRESS = "keyword", "sign", "time", "address"
_SAFETY = {
    KEYWORD: ("keywords not in content, more: [https://ding-doc.test/]", "关键词不匹配"),
    SIGN: ("sign not match, more: [https://ding-doc.test/]", "机器人发送签名不匹配"),
    TIME: ("invalid timestamp, more: [https://ding-doc.test/]", "机器人发送时间戳不合法"),
    ADDRESS: ("ip 203.0.113.7 not in whitelist, more: [https://ding-doc.test/]", "ip 203.0.113.7 不在白名单中"),
}
_TEXTS = {
    -1: "system busy",
    40035: "缺少参数 access_token",
    43002: "需要POST请求",
    43004: "invalid Content-Type",
    90030: "webhook over limit",
    130101: "send too fast, exceed 20 times per minute",
    300005: "token is not exist",
    400402: "miss param : markdown->title",
    400403: "miss param : markdown->text",
    410100: "发送速度太快而限流",
    460101: "message too long, exceed 20000 bytes",
    660026: "sending too many messages per minute",
}
_PUNISHED = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "x"}
_NEEDED = {
    "text": (("content", 400401),),
    "markdown": (("title", 400402), ("text", 400403)),
    "link": (("title", 400402), ("text", 400403), ("messageUrl", 400401)),
    "actionCard": (("title", 400402), ("text", 400403)),
    "feedCard": (("links", 400401),),
}


@dataclass
class DingtalkFake(Fake):
    """What the provider knows.

    ``robots`` are the tokens there are, each with its signing secret or none (None: any token, unsigned). ``keyword``
    is what every message must hold, ``forbidden`` what none may. ``too_fast`` is the code over the limit,
    ``strings`` whether codes are strings, ``chinese`` whether safety settings refuse in Chinese.
    """

    robots: Mapping[str, str] | None = None
    keyword: str = ""
    forbidden: str = ""
    our_address: bool = True
    quota_spent: bool = False
    too_fast: int = 130101
    strings: bool = False
    chinese: bool = False
    now: Callable[[], float] = time.time
    _taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _silent_until: dict[str, float] = field(default_factory=dict)

    def app(self) -> Starlette:
        """Return the server."""
        methods = ["GET", "POST"]
        return Starlette(routes=[Route("/robot/send", self.send, methods=methods), *self.control_routes()])

    async def send(self, request: Request) -> Response:
        """Take one message, or say why not; the status is 200 either way."""
        answer = await self._answer(request)
        answer.headers["Date"] = formatdate(self.now(), usegmt=True)
        return answer

    async def _answer(self, request: Request) -> Response:
        token, raw = request.query_params.get("access_token", ""), await request.body()
        self.heard.append({"at": self.now(), "token": token})
        before, after = self.faults.take()
        if before:
            return await self._broken(request, before)
        if refusal := self._refusal(request, raw):
            return self._say(refusal) if isinstance(refusal, int) else self._unsafe(refusal)
        self._taken[token].append(self.now())
        body = json.loads(raw)
        part = {"at": {}, **body, **body[body["msgtype"]]}
        self.accepted.append({"received_at": self.now(), "token": token, **part})
        return await self._broken(request, after) if after else self._say(0)

    def _refusal(self, request: Request, raw: bytes) -> int | str:
        """Return the code of the first check that fails, or which safety setting refuses, or 0."""
        token = request.query_params.get("access_token", "")
        if request.method != "POST":
            return 43002
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return 43004
        if not token:
            return 40035
        if self.robots is not None and token not in self.robots:
            return 300005
        if wrong := self._wrongly_signed(request.query_params, (self.robots or {}).get(token, "")):
            return wrong
        if not self.our_address:
            return ADDRESS
        return self._refused_content(raw) or self._over_limit(token)

    def _wrongly_signed(self, query: Mapping[str, str], secret: str) -> str:
        if not secret:
            return ""
        timestamp = query.get("timestamp", "")
        if not timestamp.isdecimal() or abs(int(timestamp) - self.now() * 1000) > HOUR_MS:
            return TIME
        wanted = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
        return "" if query.get("sign") == base64.b64encode(wanted).decode() else SIGN

    def _refused_content(self, raw: bytes) -> int | str:
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        said = json.dumps(body, ensure_ascii=False)
        if self.keyword and self.keyword not in said:
            return KEYWORD
        if self.forbidden and self.forbidden in said:
            return 430104
        return _misshapen(body) or (460101 if len(raw) > MOST_BYTES else 0)

    def _over_limit(self, token: str) -> int:
        now = self.now()
        if self.quota_spent:
            return 90030
        if now < self._silent_until.get(token, 0.0):
            return self.too_fast
        if sum(now - then < 60 for then in self._taken[token]) < PER_MINUTE:
            return 0
        self._silent_until[token] = now + PENALTY
        return self.too_fast

    async def _broken(self, request: Request, fault: str) -> Response:
        if fault == "punish":
            return JSONResponse(_PUNISHED)
        if fault in _SAFETY:
            return self._unsafe(fault)
        if broken := await break_down(request, fault):
            return broken
        code, _, text = fault.partition("|")
        return self._say(int(code), text)

    def _say(self, code: int, text: str = "") -> Response:
        errmsg = text or ("ok" if code == 0 else _TEXTS.get(code, "error"))
        return JSONResponse({"errcode": str(code) if self.strings else code, "errmsg": errmsg})

    def _unsafe(self, setting: str) -> Response:
        english, chinese = _SAFETY[setting]
        solution = "请联系群管理员查看此机器人的关键词、签名、时间戳和白名单"
        described = f"description:{chinese};solution:{solution};link:https://ding-doc.test/"
        return self._say(310000, described if self.chinese else english)


def _misshapen(body: object) -> int:
    if not isinstance(body, dict) or body.get("msgtype") not in _NEEDED:
        return 400105
    part, at = body.get(body["msgtype"]), body.get("at", {})
    missing = [code for name, code in _NEEDED[body["msgtype"]] if not (isinstance(part, dict) and part.get(name))]
    if missing:
        return missing[0]
    return 400401 if not isinstance(at, dict) or len(at.get("atMobiles", [])) > MOST_MENTIONED else 0
