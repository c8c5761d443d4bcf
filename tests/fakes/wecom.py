"""A fake WeCom: one state for any number of robots, each with its own limit of 20 messages a minute."""

import hashlib
import itertools
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.faults import Fake, break_down
from tests.fakes.wecom_messages import check

MINUTE = 60.0
PER_MINUTE = 20
_UPLOAD_BYTES = {"file": 20 * 1024 * 1024, "voice": 2 * 1024 * 1024}
_MEDIA_SECONDS = 3 * 24 * 3600

ERRORS = {
    -1: "system busy",
    40058: "invalid Request Parameter",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    93000: "invalid webhook url",
    93004: "robot disabled",
    93008: "robot not in the group",
}


@dataclass
class WecomFake(Fake):
    """What the provider knows.

    ``keys`` are the robots there are (None: any key will do). ``penalty`` says whether exceeding the limit blocks a
    robot for a minute, and ``per_minute`` what it is. ``text_bytes`` is 2048 as documented, 5120 as seen once.
    """

    keys: set[str] | None = None
    penalty: bool = True
    per_minute: int = PER_MINUTE
    text_bytes: int = 2048
    now: Callable[[], float] = time.time
    calls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _blocked_until: dict[str, float] = field(default_factory=dict)
    _media: dict[str, tuple[str, float]] = field(default_factory=dict)

    def app(self) -> Starlette:
        """Return the server."""
        return Starlette(
            routes=[
                Route("/cgi-bin/webhook/send", self.send, methods=["POST"]),
                Route("/cgi-bin/webhook/upload_media", self.upload, methods=["POST"]),
                Route("/_worst_minute", self._show_worst_minute, methods=["GET"]),
                *self.control_routes(),
            ]
        )

    async def send(self, request: Request) -> Response:
        """Take one message, or say why not; the status is 200 either way."""
        key = request.query_params.get("key", "")
        if not self._knows(key):
            return _refused(93000)
        self.calls[key].append(self.now())
        self.heard.append({"at": self.now(), "key": key})
        before, after = self.faults.take()
        if before:
            return await self._broken(request, before)
        body = _json_object(await request.body())
        if body is None:
            return _refused(40008, "Warning: wrong json format. invalid message type")
        if refusal := check(body, text_bytes=self.text_bytes, media=self._media_of(key)):
            return _refused(refusal.errcode, refusal.errmsg)
        if self._over_limit(key):
            return _refused(45009)
        self._accept(key, body)
        return await self._broken(request, after) if after else JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def upload(self, request: Request) -> Response:
        """Take a file for a later message of the same robot."""
        key, kind = request.query_params.get("key", ""), request.query_params.get("type", "")
        if not self._knows(key):
            return _refused(40058, "invalid param 'key'")
        async with request.form() as form:
            media = form.get("media")
            content = b"" if media is None or isinstance(media, str) else await media.read()
        if kind not in _UPLOAD_BYTES:
            return _refused(40004, "invalid media type")
        if not 5 < len(content) <= _UPLOAD_BYTES[kind]:
            return _refused(40006, "invalid media size")
        media_id = hashlib.sha256(key.encode() + content).hexdigest()
        self._media[media_id] = (key, self.now() + _MEDIA_SECONDS)
        created_at = str(int(self.now()))
        return JSONResponse(
            {"errcode": 0, "errmsg": "ok", "type": kind, "media_id": media_id, "created_at": created_at}
        )

    def worst_minute(self) -> dict[str, int]:
        """Return the most calls and the most accepted messages any one robot had within 60 seconds."""
        return {
            "calls": max(map(_most_within_a_minute, self.calls.values()), default=0),
            "accepted": max(map(_most_within_a_minute, self._taken.values()), default=0),
        }

    async def _show_worst_minute(self, _: Request) -> Response:
        return JSONResponse(self.worst_minute())

    def _knows(self, key: str) -> bool:
        return bool(key) and (self.keys is None or key in self.keys)

    def _media_of(self, key: str) -> set[str]:
        return {media for media, (owner, until) in self._media.items() if owner == key and until > self.now()}

    def _over_limit(self, key: str) -> bool:
        now = self.now()
        if now < self._blocked_until.get(key, 0.0):
            return True
        if sum(now - then < MINUTE for then in self._taken[key]) < self.per_minute:
            return False
        if self.penalty:
            self._blocked_until[key] = now + MINUTE
        return True

    def _accept(self, key: str, body: dict[str, object]) -> None:
        now = self.now()
        self._taken[key].append(now)
        kind = str(body["msgtype"])
        part = body[kind]
        assert isinstance(part, dict)
        self.accepted.append({"received_at": now, "key": key, "msgtype": kind, **part})

    async def _broken(self, request: Request, fault: str) -> Response:
        return await break_down(request, fault) or _refused(int(fault))


def _most_within_a_minute(moments: list[float]) -> int:
    oldest = 0
    most = 0
    for newest, moment in enumerate(moments):
        while moment - moments[oldest] >= MINUTE:
            oldest += 1
        most = max(most, newest - oldest + 1)
    return most


def _json_object(raw: bytes) -> dict[str, object] | None:
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


_hints = itertools.count(1716264347466642)


def _refused(errcode: int, errmsg: str | None = None) -> Response:
    text = errmsg or ERRORS.get(errcode, "error")
    hint = f"{next(_hints)}{random.randrange(10**8):08d}"
    tail = f"hint: [{hint}], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    return JSONResponse(
        {"errcode": errcode, "errmsg": f"{text}, {tail}"}, headers={"Error-Code": str(errcode), "Error-Msg": text}
    )
