"""Middleware around the console: limits the size of forms, sets strict headers, and answers a fault in Chinese."""

import asyncio
from html import escape

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.problems import TooLarge, TooSlow
from app.web.console.filters import BASE
from app.web.door.body import BODY_WITHIN, BodyReader, ClientGone
from app.web.uploads import FORM

log = structlog.get_logger()

MAX_FORM = 64 * 1024
"""Bytes of a form; the longest is a search of a few words."""

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_STATIC = f"{BASE}/static/"


class ConsoleMiddleware:
    """ASGI middleware around everything under ``/console``."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure
        self._bodies = BodyReader(limit=MAX_FORM)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, secure=self._secure, static=scope["path"].startswith(_STATIC))
        try:
            if scope["method"] not in {"GET", "HEAD"} and not _brings_a_file(scope):
                async with asyncio.timeout(BODY_WITHIN):
                    body = await self._bodies.read(dict(scope["headers"]), receive)
                receive = _replayed(body, receive)
            await self._app(scope, receive, answer.send)
        except ClientGone:
            return
        except (TooLarge, TooSlow, TimeoutError):
            await answer.page(413, "内容过大", "提交的内容过大或传输过慢，请返回重试。")
        except Exception as error:
            log.error("console_broke", path=scope["path"], reason=type(error).__name__, exc_info=True)  # noqa: G201
            if answer.begun:
                raise
            await answer.page(500, "页面出错", "这是控制台的故障，已记入运行日志；接单不受影响，请稍后重试。")


class _Answer:
    """Sends an answer on, with our headers."""

    def __init__(self, send: Send, *, secure: bool, static: bool) -> None:
        self._send = send
        self._secure = secure
        self._static = static
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self._dress(MutableHeaders(scope=message))
        await self._send(message)

    async def page(self, status: int, title: str, sentence: str) -> None:
        """Send a page that needs neither templates nor the database."""
        body = bare_page(title, sentence)
        message: Message = {"type": "http.response.start", "status": status, "headers": []}
        headers = MutableHeaders(scope=message)
        headers["content-type"] = "text/html; charset=utf-8"
        headers["content-length"] = str(len(body))
        self._dress(headers)
        self.begun = True
        await self._send(message)
        await self._send({"type": "http.response.body", "body": body})

    def _dress(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        headers["cache-control"] = "public, max-age=604800" if self._static else "no-store"
        if self._secure:
            for i, (field, cookie) in enumerate(headers.raw):
                if field == b"set-cookie" and b"secure" not in cookie.lower():
                    headers.raw[i] = (field, cookie + b"; Secure")


def bare_page(title: str, sentence: str) -> bytes:
    """Return a page that stands by itself."""
    return (
        f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)} · 订单救生艇</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{_STATIC}console/bare.css"></head><body><main><h1>{escape(title)}</h1>'
        f'<p>{escape(sentence)}</p><p><a href="{BASE}/">回到首页</a></p></main></body></html>'
    ).encode()


def _brings_a_file(scope: Scope) -> bool:
    """Tell whether a form may be long: it is read by a route that expects it, within the limits of an upload."""
    return any(name == b"content-type" and value.startswith(FORM.encode()) for name, value in scope["headers"])


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
