"""Serves an ASGI app on a free port of this machine in a thread of its own, or talks to it without a port."""

import asyncio
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = "127.0.0.1"


@dataclass
class Stage:
    """An app whose server stays while tests put one fake after another in its place."""

    app: ASGIApp = field(default_factory=Starlette)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        await self.app(scope, receive, send)


def server_of(
    app: ASGIApp, *, host: str = LOOPBACK, port: int = 0, lifespan: Literal["on", "off"] = "off"
) -> uvicorn.Server:
    """Return a server for ``app`` that keeps quiet and stops without waiting for those who hang.

    It tells no date: a fake that has a clock says what that shows.
    """
    quiet: dict[str, Any] = {"log_level": "critical", "lifespan": lifespan, "ws": "none", "date_header": False}
    config = uvicorn.Config(app, host=host, port=port, timeout_graceful_shutdown=0, **quiet)
    return uvicorn.Server(config)


@contextmanager
def serve(app: ASGIApp, *, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """Serve ``app`` and yield its base URL, ``http://127.0.0.1:<port>``."""
    server = server_of(app, lifespan=lifespan)
    with socket.create_server((LOOPBACK, 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"  # whoever comes early waits in the backlog
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port that nobody listens on and nobody else gets."""
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        yield bound.getsockname()[1]


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """Start and stop an ASGI application as a server would, over its own lifespan protocol."""
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.create_task(app(scope, to_app.get, from_app.put))  # type: ignore[arg-type]

    async def step(name: str) -> None:
        to_app.put_nowait({"type": f"lifespan.{name}"})
        answer = asyncio.create_task(from_app.get())
        await asyncio.wait({answer, task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            with suppress(asyncio.CancelledError):
                await answer
            task.result()
        assert answer.result()["type"] == f"lifespan.{name}.complete", answer.result()

    await step("startup")
    try:
        yield
    finally:
        await step("shutdown")
        await task


async def send_raw(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    headers: Iterable[tuple[bytes, bytes]] = (),
    pieces: Sequence[bytes | None] = (b"",),
) -> tuple[int, dict[bytes, bytes], bytes] | None:
    """Send one request piece by piece; a piece of None hangs up. None if the application did not answer."""
    waiting = deque(pieces)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not waiting or waiting[0] is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.popleft(), "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
    }
    extra = {
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    await app({**scope, **extra}, receive, send)  # type: ignore[arg-type]
    if not sent:
        return None
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body
