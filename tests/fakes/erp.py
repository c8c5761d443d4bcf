"""What every fake ERP has: orders with a history on a clock that a test turns, and the traps that all ERPs share.

A row is what an order's history says at the moment of the call, so that rows change between two pages whenever the
clock is turned or an order is touched there.
"""

import hashlib
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.faults import Fake, break_down

BEIJING = ZoneInfo("Asia/Shanghai")
ON_THE_WAY = ("placed", "paid", "queued", "waybill", "picking_printed", "picked", "packed", "shipped")


@dataclass
class ErpOrder:
    """An order: what happened to it and when (``touched`` changes nothing but the time of its last change)."""

    number: str
    shop: str = "001"
    history: list[tuple[datetime, str]] = field(default_factory=list)
    waybill: str = ""
    carrier: str = "圆通速递"
    late: timedelta = timedelta()
    """So much later than its times say it can be seen: a transaction that was slow to commit."""

    def so_far(self, now: datetime) -> dict[str, datetime]:
        """Return what holds at a moment: what was sent back is forgotten from the warehouse on."""
        found: dict[str, datetime] = {}
        for at, what in sorted(one for one in self.history if one[0] + self.late <= now):
            if what == "reopened":
                found = {name: moment for name, moment in found.items() if name in {"placed", "paid"}}
            found[what] = at
        return found

    def modified(self, now: datetime) -> datetime:
        return max(at for at, _ in self.history if at + self.late <= now)


@dataclass
class ErpFake(Fake):
    """The state of one ERP; ``ahead`` is how far its clock is from ours, ``per_minute`` when it begins to refuse."""

    source: ClassVar[str] = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    orders: dict[str, ErpOrder] = field(default_factory=dict)
    ahead: timedelta = timedelta()
    tells_date: bool = True
    per_minute: int | None = None
    hidden_shops: set[str] = field(default_factory=set)
    empty_pages: int = 0
    """So many pages that are not the last come back empty, although there are rows."""
    between_pages: Callable[[int], None] | None = None
    """Called after each page, with how many were given."""
    pages: int = 0
    writes: int = 0
    """Calls that would change something at the shop; a test asserts that there are none."""
    moments: deque[datetime] = field(default_factory=deque)

    def app(self) -> Starlette:
        raise NotImplementedError

    def feed(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take orders from a simulated day; what tells of a packed parcel has it shipped at the same moment."""
        for one in events:
            if one["source"] != self.source or one["mark"] == "collected":
                continue
            order = self.orders.setdefault(one["order"], ErpOrder(one["order"], shop=one["channel"]))
            at = datetime.fromisoformat(one["at"])
            order.history.append((at, one["mark"]))
            if one["mark"] == "packed":
                order.history.append((at, "shipped"))
                order.waybill = order.waybill or f"YT{one['order']}"

    def add(self, number: str, *, shop: str = "001", **moments: datetime) -> ErpOrder:
        """Add an order by the moments of its marks."""
        order = ErpOrder(number, shop, [(at, what) for what, at in moments.items()], waybill=f"YT{number}")
        self.orders[number] = order
        return order

    def seen(self) -> Iterator[tuple[ErpOrder, dict[str, datetime], datetime]]:
        """Yield the orders that can be seen now, what holds of them, and when they were changed last."""
        now = self.now()
        for order in self.orders.values():
            if order.shop not in self.hidden_shops and (so_far := order.so_far(now)):
                yield order, so_far, order.modified(now) + self.ahead

    def server_now(self) -> datetime:
        return self.now() + self.ahead

    def wall(self, at: datetime | None) -> str | None:
        return None if at is None else f"{(at + self.ahead).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"

    def milliseconds(self, at: datetime | None) -> int | None:
        return None if at is None else int((at + self.ahead).timestamp() * 1000)

    def page_of(self, rows: list[Any], number: int, size: int) -> list[Any]:
        """Return a page counted from 0; now and then an empty one, as under load."""
        last = max(0, math.ceil(len(rows) / size) - 1)
        if self.empty_pages and number < last:
            self.empty_pages -= 1
            return []
        return rows[number * size : (number + 1) * size]

    def after_a_page(self) -> None:
        self.pages += 1
        if self.between_pages is not None:
            self.between_pages(self.pages)

    def is_too_often(self) -> bool:
        now = self.now()
        self.moments.append(now)
        while self.moments[0] <= now - timedelta(minutes=1):
            self.moments.popleft()
        return self.per_minute is not None and len(self.moments) > self.per_minute

    def answer(self, document: object, status: int = 200) -> Response:
        date = {"Date": format_datetime(self.server_now(), usegmt=True)} if self.tells_date else {}
        return JSONResponse(document, status, headers=date)

    async def broken(self, request: Request) -> Response | None:
        """Return the answer of a fault that was ordered."""
        before, _ = self.faults.take()
        return await break_down(request, before) if before else None

    def feeding_routes(self) -> list[Route]:
        """Return the routes by which a test in another process brings orders and turns the clock."""
        return [
            *self.control_routes(),
            Route("/_orders", self._feed, methods=["POST"]),
            Route("/_now", self._turn, methods=["POST"]),
            Route("/_writes", self._show_writes, methods=["GET"]),
        ]

    async def _feed(self, request: Request) -> Response:
        self.feed(await request.json())
        return JSONResponse({"orders": len(self.orders)})

    async def _turn(self, request: Request) -> Response:
        at = datetime.fromisoformat((await request.json())["now"])
        self.now = lambda: at
        return JSONResponse({"now": at.isoformat()})

    async def _show_writes(self, _: Request) -> Response:
        return JSONResponse({"writes": self.writes})


def text_of(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def md5_of(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def moment_in(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)


class Vendors(httpx.AsyncBaseTransport):
    """The vendors' hosts, each a fake, without a network."""

    def __init__(self, hosts: Mapping[str, ErpFake | Any]) -> None:
        self._hosts = {host: httpx.ASGITransport(fake.app()) for host, fake in hosts.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._hosts[request.url.host].handle_async_request(request)
