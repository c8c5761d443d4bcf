"""/a: whoever was told of an alert takes it on, by a six-character code or his own link; no account's password needed.

Programs that scan mail, and chats that show previews, open links by themselves: so a link only shows what it is about,
and the button alone takes anything on. There is no script and no cookie; what is typed or signed is the authority.
"""

import asyncio
import math
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.access.throttle import of_claims, take_back, take_turn
from app.domain.marks import STAGES
from app.domain.problems import Problem
from app.notify.alert_messages import CLAIM
from app.store.ack import Claimant, ack_token
from app.watch.claim_by_proof import Claimable, by_code, by_link, claim
from app.web.console.auth import address_of
from app.web.console.page import Frame
from app.web.console.pages.track import SHEET, TRACK_HEADERS
from app.web.door.body import BODY_WITHIN, BodyReader

log = structlog.get_logger()

MAX_FORM = 4 * 1024
"""Bytes; the form has one field of six characters."""


def add_claim(api: FastAPI, frame: Frame) -> None:
    """Add the page."""
    page = ClaimPage(frame)
    api.add_route(CLAIM, page.form, include_in_schema=False)
    api.add_route(CLAIM, page.typed, methods=["POST"], include_in_schema=False)
    api.add_route(f"{CLAIM}/{{token}}", page.linked, include_in_schema=False)
    api.add_route(f"{CLAIM}/{{token}}", page.take, methods=["POST"], include_in_schema=False)


class ClaimPage:
    """The page: a form for a code, what the alert is and a button, and what became of it."""

    def __init__(self, frame: Frame) -> None:
        self._frame, self._boat = frame, frame.boat
        self._bodies = BodyReader(limit=MAX_FORM)

    async def form(self, request: Request) -> Response:
        """Show the form."""
        return self._page(request, "form")

    async def typed(self, request: Request) -> Response:
        """Show the alert a code was sent for; wrong ones are counted before they are looked at."""
        code, address = (await self._fields(request)).get("code", ""), address_of(request)
        if wait := await run_in_threadpool(self._wait, address):
            return self._page(request, "wait", status=429, retry_after=math.ceil(wait.total_seconds()))
        found = await run_in_threadpool(self._by_code, code, address)
        if found is None:
            return self._page(request, "unknown", status=404, code=code)
        return self._page(request, "over" if found.alert.ended_at else "ask", found=found)

    async def linked(self, request: Request) -> Response:
        """Show the alert a link was sent for."""
        found = await run_in_threadpool(self._by_link, request.path_params["token"])
        if found is None:
            return self._page(request, "unknown", status=404)
        return self._page(request, "over" if found.alert.ended_at else "ask", found=found)

    async def take(self, request: Request) -> Response:
        """Take the alert on."""
        found = await run_in_threadpool(self._by_link, request.path_params["token"])
        if found is None:
            return self._page(request, "unknown", status=404)
        try:
            await run_in_threadpool(self._claim, found, address_of(request))
        except Problem:
            again = await run_in_threadpool(self._by_link, request.path_params["token"])
            return self._page(request, "over" if again and again.alert.ended_at else "moved", status=409, found=again)
        return self._page(request, "done", found=found)

    # ---- what lies under -------------------------------------------------------------------------------------------

    async def _fields(self, request: Request) -> dict[str, str]:
        try:
            async with asyncio.timeout(BODY_WITHIN):
                body = await self._bodies.read(dict(request.headers.raw), request.receive)
        except (Problem, TimeoutError):
            raise HTTPException(400) from None
        return dict(parse_qsl(body.decode(errors="replace"), max_num_fields=10))

    def _wait(self, address: str) -> timedelta | None:
        with self._boat.store.writing() as uow:
            return take_turn(uow, (of_claims(address),), now=self._boat.clock.now())

    def _by_code(self, code: str, address: str) -> Claimable | None:
        now = self._boat.clock.now()
        with self._boat.store.reading() as uow:
            found = by_code(uow, self._boat.keyring, code, now=now)
        if found is not None:
            with self._boat.store.writing() as uow:
                take_back(uow, of_claims(address), now=now)
        return found

    def _by_link(self, token: str) -> Claimable | None:
        with self._boat.store.reading() as uow:
            return by_link(uow, self._boat.keyring, token)

    def _claim(self, found: Claimable, address: str) -> None:
        with self._boat.store.writing() as uow:
            claim(uow, found, address=address, now=self._boat.clock.now())

    def _page(
        self,
        request: Request,
        condition: str,
        *,
        status: int = 200,
        retry_after: int | None = None,
        found: Claimable | None = None,
        code: str = "",
    ) -> Response:
        context: dict[str, Any] = {"condition": condition, "found": found, "code": code, "sheet": SHEET, "way": CLAIM}
        if found is not None:
            context["stage"] = next((one.word for one in STAGES if one.number == found.alert.stage), "")
            claimant = Claimant(found.alert.id or 0, found.user.id or 0)
            context["token"] = ack_token(self._boat.keyring, claimant)
        headers = TRACK_HEADERS if retry_after is None else {**TRACK_HEADERS, "retry-after": str(retry_after)}
        return self._frame.templates.TemplateResponse(
            request, "claim.html", context, status_code=status, headers=headers
        )
