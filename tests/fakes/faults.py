"""Faults to order: what the next calls to a fake server run into, and how a connection is broken.

A fault is ``hang``, ``reset``, ``html502``, ``html200``, ``not_json``, ``json_list``,
``empty_object``, ``slow_body``, or a code of the provider (``45009``,
``isv.OUT_OF_SERVICE``, with a text after ``|``). With ``accept_then_`` in front the message is taken first.
"""

import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

ACCEPT_THEN = "accept_then_"


@dataclass
class Faults:
    """A queue of faults for the next calls, then one for every call, if any."""

    next: deque[str] = field(default_factory=deque)
    every: str | None = None

    def take(self) -> tuple[str | None, str | None]:
        """Return the fault before accepting and the fault after accepting of one call; at most one is set."""
        fault = self.next.popleft() if self.next else self.every
        if fault is not None and fault.startswith(ACCEPT_THEN):
            return None, fault.removeprefix(ACCEPT_THEN)
        return fault, None

    def order(self, *faults: str, every: str | None = None) -> None:
        """Replace what was ordered before."""
        self.next = deque(faults)
        self.every = every


@dataclass
class Fake:
    """What every fake server keeps: what it heard, the messages it took, and the faults that were ordered."""

    faults: Faults = field(default_factory=Faults)
    accepted: list[dict[str, object]] = field(default_factory=list)
    heard: list[dict[str, object]] = field(default_factory=list)
    """Every call that came, also those that run into a fault: what was asked, and of what."""

    def control_routes(self) -> list[Route]:
        """Return the routes for a test in another process."""
        return [
            Route("/_accepted", self._show, methods=["GET"]),
            Route("/_heard", self._show_heard, methods=["GET"]),
            Route("/_faults", self._order, methods=["POST"]),
        ]

    async def _show(self, _: Request) -> Response:
        return JSONResponse(self.accepted)

    async def _show_heard(self, _: Request) -> Response:
        return JSONResponse(self.heard)

    async def _order(self, request: Request) -> Response:
        wanted = await request.json()
        self.faults.order(*wanted.get("next", []), every=wanted.get("every"))
        return JSONResponse({"next": list(self.faults.next), "every": self.faults.every})


async def break_down(request: Request, fault: str) -> Response | None:
    """Do to the connection what ``fault`` says; None if it is a code, for the provider to answer."""
    match fault:
        case "hang":
            await _client_left(request)
            return Response()
        case "reset":
            _reset(request)
            await _client_left(request)
            return Response()
        case "slow_body":
            return StreamingResponse(_slowly(request), media_type="application/json")
    answer = _ANSWERS.get(fault)
    return answer() if answer else None


_ANSWERS: dict[str, Callable[[], Response]] = {
    "html502": lambda: HTMLResponse("<html><head><title>502 Bad Gateway</title></head></html>", status_code=502),
    "html200": lambda: HTMLResponse("<html><body>please sign in</body></html>"),
    "empty_object": lambda: JSONResponse({}),
    "not_json": lambda: PlainTextResponse("ok", media_type="application/json"),
    "json_list": lambda: JSONResponse([]),
}


async def _slowly(request: Request) -> AsyncIterator[bytes]:
    yield b'{"'
    await _client_left(request)


async def _client_left(request: Request) -> None:
    await request.body()
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _reset(request: Request) -> None:
    """Cut the connection so that the client sees a reset and not an orderly end."""
    receive: Any = request.receive
    transport = receive.__self__.transport  # uvicorn's; ASGI has no word for this
    linger_not = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
    transport.abort()
