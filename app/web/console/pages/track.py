"""``/track``: a buyer asks how his order stands. No account, no script, and nothing for whoever guesses."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.allowance import Allowance
from app.access.throttle import customer_of
from app.orders.find import in_one_piece
from app.orders.track import status_of, track_order
from app.store.database.engine import StoreAway
from app.store.repositories.overview import OrderListRow
from app.web.console.auth import address_of
from app.web.console.page import Frame
from app.words.buyers import TRACK_WORDS

TRACK = "/track"

FROM_ONE_ADDRESS = 60
"""Looks a minute: the customers of one mobile network often share an address."""

WRONG_OF_ONE_NUMBER = 10
"""Wrong digits an hour for one order number; with these, ten thousand combinations take six weeks."""


class TrackPage:
    """The form, and what it answers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._boat = frame.boat
        self._looks = Allowance(FROM_ONE_ADDRESS, every=60.0, now=self._boat.clock.now)
        self._wrong = Allowance(WRONG_OF_ONE_NUMBER, every=3600.0, now=self._boat.clock.now)

    async def index(self, _request: Request) -> Response:
        """Lead whoever opens the bare address to where a buyer's question is answered."""
        return RedirectResponse(TRACK, status_code=303)

    async def track(self, request: Request) -> Response:
        """Show the form, or how an order stands."""
        number = in_one_piece(request.query_params.get("number", "")[:64])
        last4 = in_one_piece(request.query_params.get("last4", "")[:16])
        if not number and not last4:
            return self._shown(request, "ask")
        if not self._looks.take(customer_of(address_of(request))):
            return self._shown(request, "limited", code=429)
        try:
            row = await self._found(number, last4)
        except StoreAway:
            return self._shown(request, "away", code=503)
        return self._shown(request, "unknown" if row is None else status_of(row), row=row, number=number, last4=last4)

    async def _found(self, number: str, last4: str) -> OrderListRow | None:
        if not number.isascii() or not last4.isascii() or not self._wrong.allows(number):
            return None  # the same answer as for a wrong guess
        row = await run_in_threadpool(self._look_up, number, last4)
        if row is None:
            self._wrong.take(number)
        return row

    def _look_up(self, number: str, last4: str) -> OrderListRow | None:
        with self._boat.store.reading() as uow:
            return track_order(uow, number, last4)

    def _shown(self, request: Request, status: str, *, code: int = 200, **shown: object) -> Response:
        said = TRACK_WORDS.get(status, TRACK_WORDS["unknown"])
        answer = self._frame.render(
            request, "public/track.html", status=code, standing=status, said=said, title="查询订单", **shown
        )
        answer.headers["x-robots-tag"] = "noindex"
        if code != 200:  # noqa: PLR2004 - OK
            answer.headers["retry-after"] = "60"
        return answer
