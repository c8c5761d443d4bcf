"""/a: whoever was told of an alert takes it on, by a six-character code or his own link; no account's password needed.

Programs that scan mail, and chats that show previews, open links by themselves: so a link only shows what it is about,
and the button alone takes anything on. There is no script and no cookie; what is typed or signed is the authority.
"""

import asyncio
import math
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.access.lookups import Guesses
from app.domain.marks import STAGES
from app.domain.problems import Problem
from app.notify.alert_messages import CLAIM
from app.store.ack import Claimant, ack_token
from app.watch.claim_by_proof import Claimable, by_code, by_link, claim
from app.web.console.auth import address_of
from app.web.console.page import Frame
from app.web.console.pages.strangers import AT_ONCE, strangers_page
from app.web.door.body import BODY_WITHIN, BodyReader

log = structlog.get_logger()

T = TypeVar("T")

MAX_FORM = 4 * 1024
"""Bytes; the form has one field of six characters."""


class Away(Enum):
    """What is known while the database does not answer: nothing."""

    AWAY = "away"


AWAY = Away.AWAY


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
        self._guesses = Guesses()
        self._under_way = 0

    async def form(self, request: Request) -> Response:
        """Show the form."""
        return self._page(request, "form")

    async def typed(self, request: Request) -> Response:
        """Show the alert a code was sent for; each try is counted before it is looked at."""
        code, address = (await self._fields(request)).get("code", ""), address_of(request)
        if wait := self._guesses.begin(address):
            return self._page(request, "wait", status=429, retry_after=math.ceil(wait))
        found = await self._looked(self._by_code, code)
        if isinstance(found, Claimable):
            self._guesses.was_right(address)
        return self._shown(request, found, code=code)

    async def linked(self, request: Request) -> Response:
        """Show the alert a link was sent for."""
        return self._shown(request, await self._looked(self._by_link, request.path_params["token"]))

    async def take(self, request: Request) -> Response:
        """Take the alert on."""
        token = request.path_params["token"]
        found = await self._looked(self._by_link, token)
        if not isinstance(found, Claimable):
            return self._shown(request, found)
        try:
            done = await self._looked(self._claim, found, address_of(request))
        except Problem:
            again = await self._looked(self._by_link, token)
            is_over = isinstance(again, Claimable) and again.alert.ended_at is not None
            return self._page(request, "over" if is_over else "moved", status=409, found=found)
        return self._shown(request, done) if done is AWAY else self._page(request, "done", found=found)

    def _shown(self, request: Request, found: Claimable | Away | None, *, code: str = "") -> Response:
        if found is AWAY:
            return self._page(request, "away", status=503, retry_after=5, code=code)
        if not isinstance(found, Claimable):
            return self._page(request, "unknown", status=404, code=code)
        return self._page(request, "over" if found.alert.ended_at else "ask", found=found)

    # ---- what lies under -------------------------------------------------------------------------------------------

    async def _fields(self, request: Request) -> dict[str, str]:
        try:
            async with asyncio.timeout(BODY_WITHIN):
                body = await self._bodies.read(dict(request.headers.raw), request.receive)
        except (Problem, TimeoutError):
            raise HTTPException(400) from None
        return dict(parse_qsl(body.decode(errors="replace"), max_num_fields=10))

    async def _looked(self, look: Callable[..., T], *asked: object) -> T | Away:
        """Look on a thread, where few strangers are under way; while the database is away nobody knows anything."""
        if self._under_way >= AT_ONCE:
            return AWAY
        self._under_way += 1
        try:
            return await run_in_threadpool(look, *asked)
        except Problem:
            raise
        except Exception as error:  # noqa: BLE001 - it reads and writes few rows: the database is away
            log.warning("claim_without_store", reason=type(error).__name__)
            return AWAY
        finally:
            self._under_way -= 1

    def _by_code(self, code: str) -> Claimable | None:
        with self._boat.store.reading() as uow:
            return by_code(uow, self._boat.keyring, code, now=self._boat.clock.now())

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
        context: dict[str, Any] = {"condition": condition, "found": found, "code": code, "way": CLAIM}
        if found is not None:
            context["stage"] = next((one.word for one in STAGES if one.number == found.alert.stage), "")
            claimant = Claimant(found.alert.id or 0, found.user.id or 0)
            context["token"] = ack_token(self._boat.keyring, claimant)
        return strangers_page(self._frame, request, "claim.html", context, status=status, retry_after=retry_after)
