"""Serves an ASGI app on a free port of this machine, in a thread of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

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


def server_of(app: ASGIApp, *, host: str = LOOPBACK, port: int = 0) -> uvicorn.Server:
    """Return a server for ``app`` that keeps quiet and stops without waiting for those who hang.

    It tells no date: a fake that has a clock says what that shows.
    """
    quiet: dict[str, Any] = {"log_level": "critical", "lifespan": "off", "ws": "none", "date_header": False}
    config = uvicorn.Config(app, host=host, port=port, timeout_graceful_shutdown=0, **quiet)
    return uvicorn.Server(config)


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve ``app`` and yield its base URL, ``http://127.0.0.1:<port>``."""
    server = server_of(app)
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
