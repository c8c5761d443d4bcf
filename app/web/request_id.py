"""What every request but an order passes first: it gets the id under which it stands in the log, and holds no NUL."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.problems import NotFound
from app.web.door.door import request_ids
from app.web.problems import REQUEST_ID, answer


class RequestIds:
    """ASGI middleware before FastAPI; orders at the door never come here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._request_ids = request_ids()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope[REQUEST_ID] = next(self._request_ids)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("x-request-id", request_id)
            await send(message)

        # PostgreSQL holds no NUL in a text and breaks where it is asked for one: nothing of ours is called so.
        nowhere = "\0" in scope["path"] or b"%00" in scope["query_string"]
        await (answer(NotFound(), request_id=request_id) if nowhere else self._app)(scope, receive, named)
