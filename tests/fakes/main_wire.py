"""Main systems that take orders, without a network: what each counts, and a wire between us and them that breaks as ordered."""

from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

Deed = Literal["create", "find", "token", "other"]

COMMITTED = ("commit_then_hang", "cut_half", "commit_then_html502", "commit_then_html200", "commit_then_empty")
COMMITTED += ("commit_then_500",)
LOST = ("hang", "refuse", "html502", "html200")
"""Faults after which the order is there, and such after which it is not."""


@dataclass
class TakenOrder:
    """An order as it is kept there."""

    number: str
    their_number: str
    content: dict[str, Any]
    void: bool = False
    archived: bool = False
    hidden_for: int = 0
    """So many looks do not find it: an index that lags."""


@dataclass
class MainFake:
    """What every fake main system has; ``created`` counts new orders, ``updated`` those that were sent again."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ahead: timedelta = timedelta()
    taken: dict[str, TakenOrder] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    lag: int = 0
    calls: int = 0
    throttles_at: int | None = None
    """The call, counted from 1, that is refused as one too many; the next goes through."""
    refuses: dict[str, str] = field(default_factory=dict)
    """Words by which an order is refused."""

    def app(self) -> Starlette:
        raise NotImplementedError

    def deed_of(self, request: httpx.Request) -> Deed:
        raise NotImplementedError

    def server_now(self) -> datetime:
        return self.now() + self.ahead

    def answer(self, document: object, status: int = 200) -> Response:
        return JSONResponse(document, status, headers={"Date": format_datetime(self.server_now(), usegmt=True)})

    def is_one_too_many(self) -> bool:
        self.calls += 1
        return self.calls == self.throttles_at

    def take(self, number: str, content: dict[str, Any]) -> tuple[TakenOrder, bool]:
        """Keep an order, new or in place of the one before; tell whether it is new."""
        known = self.taken.get(number)
        if known is not None:
            self.updated[number] += 1
            known.content = content
            return known, False
        self.created[number] += 1
        order = TakenOrder(number, f"9{len(self.taken):06d}", content, hidden_for=self.lag)
        self.taken[number] = order
        return order, True

    def shown(self, number: str) -> TakenOrder | None:
        """Return an order as a look finds it."""
        order = self.taken.get(number)
        if order is not None and order.hidden_for > 0:
            order.hidden_for -= 1
            return None
        return order


@dataclass
class MainWire(httpx.AsyncBaseTransport):
    """The way to a fake; the next calls of a deed meet the faults that were ordered for it."""

    fake: MainFake
    faults: dict[str, deque[str]] = field(default_factory=dict)
    heard: list[httpx.Request] = field(default_factory=list)
    _inner: httpx.ASGITransport | None = None

    def order(self, deed: Deed, *faults: str) -> None:
        self.faults[deed] = deque(faults)

    def forget(self) -> None:
        """Ask the fake for its app anew."""
        self._inner = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        self._inner = self._inner or httpx.ASGITransport(self.fake.app())
        waiting = self.faults.get(self.fake.deed_of(request))
        fault = waiting.popleft() if waiting else ""
        if fault and not (fault.startswith("commit_then_") or fault == "cut_half"):
            return self._broken(fault, request)
        answer = await self._inner.handle_async_request(request)
        return self._broken(fault.removeprefix("commit_then_"), request, answer) if fault else answer

    def _broken(self, fault: str, request: httpx.Request, answer: httpx.Response | None = None) -> httpx.Response:
        match fault:
            case "hang":
                raise httpx.ReadTimeout("", request=request)
            case "refuse":
                raise httpx.ConnectError("", request=request)
            case "cut_half":
                return httpx.Response(200, stream=_HalfAnAnswer())
            case "500" if answer is not None:
                return httpx.Response(500, stream=answer.stream)
            case "html502":
                return httpx.Response(502, html="<html><h1>502 Bad Gateway</h1></html>")
            case "html200":
                return httpx.Response(200, html="<html>please sign in</html>")
            case "empty":
                return httpx.Response(200, content=b"")
        raise AssertionError(fault)


class _HalfAnAnswer(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"code":0,"da'
        raise httpx.ReadError("")
