"""/track: where a buyer's order stands, for whoever knows its number and the end of the phone; no script, no cookie.

It is the one page for strangers. It stands outside the console and needs nothing of it but its look.
"""

import math
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from app.access.lookups import Lookups
from app.orders.track import LONGEST, BuyersQuestion, Tracked, asked, track
from app.web.console.auth import address_of
from app.web.console.filters import STATICS
from app.web.console.page import Frame
from app.web.console.pages.strangers import AT_ONCE, SHEET, STRANGERS_HEADERS, strangers_page

log = structlog.get_logger()

TRACK = "/track"
_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def add_track(api: FastAPI, frame: Frame) -> None:
    """Add the page, its sheet, and the way to it from the root."""
    page = TrackPage(frame, Lookups())
    api.add_route(TRACK, page.show, include_in_schema=False)
    api.add_route(SHEET, _sheet, include_in_schema=False)
    api.add_route("/", _to_track, methods=_ANY_METHOD, include_in_schema=False)


class TrackPage:
    """The page in its five conditions: a form, an answer, none, too often, and not now."""

    def __init__(self, frame: Frame, lookups: Lookups) -> None:
        self._frame = frame
        self._boat = frame.boat
        self._lookups = lookups
        self._under_way = 0

    async def show(self, request: Request) -> Response:
        """Show the form, and below it what is known."""
        typed = {name: request.query_params.get(name, "")[:LONGEST] for name in ("number", "last4")}
        if not any(typed.values()):
            return self._page(request, "form")
        if "last4" not in request.query_params:  # a link that knows the number: the form itself always sends both
            return self._page(request, "form", number=typed["number"])
        wanted = asked(typed["number"], typed["last4"])
        wait = self._lookups.ask(address_of(request), wanted.tail if wanted else "")
        if wait > 0:
            return self._page(request, "wait", status=429, retry_after=math.ceil(wait))
        if wanted is None:
            return self._page(request, "unknown", status=404, number=typed["number"])
        if self._under_way >= AT_ONCE:
            return self._page(request, "away", status=503, retry_after=5, number=typed["number"])
        self._under_way += 1
        try:
            found = await run_in_threadpool(self._look, wanted)
        except Exception as error:  # noqa: BLE001 - it reads one row: the database is away
            log.warning("track_without_store", reason=type(error).__name__)
            return self._page(request, "away", status=503, retry_after=30, number=typed["number"])
        finally:
            self._under_way -= 1
        if found is None:
            self._lookups.missed(wanted.tail)
            return self._page(request, "unknown", status=404, number=typed["number"])
        return self._page(request, found.state.value, found=found, number=typed["number"])

    def _look(self, wanted: BuyersQuestion) -> Tracked | None:
        with self._boat.store.reading() as uow:
            return track(uow, wanted)

    def _page(
        self,
        request: Request,
        condition: str,
        *,
        status: int = 200,
        retry_after: int | None = None,
        **shown: Any,  # noqa: ANN401 - what the template shows
    ) -> Response:
        context = {"condition": condition, "found": None, "number": "", "longest": LONGEST, **shown}
        return strangers_page(self._frame, request, "track.html", context, status=status, retry_after=retry_after)


async def _sheet(_request: Request) -> Response:
    headers = {**STRANGERS_HEADERS, "cache-control": "public, max-age=3600"}
    return FileResponse(STATICS / "console" / "track.css", media_type="text/css", headers=headers)


async def _to_track(request: Request) -> Response:
    """Lead whoever opens the bare address to the page for everybody; from there a line leads to the console."""
    if request.method not in {"GET", "HEAD"}:
        raise HTTPException(404)
    return RedirectResponse(TRACK, status_code=303)
