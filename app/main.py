"""The ASGI target, so that ``uvicorn app.main:app`` works as people expect; nothing is opened before it is called."""

from functools import cache

from starlette.types import Receive, Scope, Send

from app import settings
from app.bootstrap import open_lifeboat
from app.telemetry import logging
from app.web.application import WebApp


@cache
def application() -> WebApp:
    """Return this process's application, put together at the first call."""
    chosen = settings.load()
    logging.configure(chosen.log_level, process="web")
    return WebApp(open_lifeboat(chosen))


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Take one request, or the lifespan."""
    await application()(scope, receive, send)
