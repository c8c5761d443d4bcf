"""Gives each request of a route the id under which it stands in the log, and answers 404 to a NUL in its address."""

import itertools
import os
from collections.abc import Iterator

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.problems import InternalError, NotFound
from app.web.door.door import ORDERS
from app.web.problems import REQUEST_ID, answer

log = structlog.get_logger()


def request_ids() -> Iterator[str]:
    """Yield ids by which requests are found in the log: one random word a process, then a count."""
    process = os.urandom(4).hex()
    return (f"{process}-{n:x}" for n in itertools.count(1))


class RequestIds:
    """ASGI middleware around FastAPI and all that it puts before a route; see the module.

    An exception that nothing inside has answered becomes a problem like any other, with its id.
    """

    def __init__(self, app: ASGIApp, request_ids: Iterator[str]) -> None:
        self._app = app
        self._request_ids = request_ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope[REQUEST_ID] = next(self._request_ids)
        begun = False

        async def named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).setdefault("x-request-id", request_id)
            await send(message)

        try:
            nowhere = _names_a_nul(scope)
            await (answer(NotFound(), request_id=request_id) if nowhere else self._app)(scope, receive, named)
        except Exception as error:
            if begun:
                raise
            log.exception("request_broke", request_id=request_id, reason=type(error).__name__)
            await answer(InternalError(), request_id=request_id)(scope, receive, named)


def _names_a_nul(scope: Scope) -> bool:
    """Tell whether the path or the query holds a NUL: PostgreSQL refuses it in any text, and no name of ours has one.

    The query of an order is not read, so nothing in it turns the order away.
    """
    return "\0" in scope["path"] or (b"%00" in scope["query_string"] and scope["path"] != ORDERS)
