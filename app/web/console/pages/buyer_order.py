"""/order: where a buyer may order while the shop is down, if the merchant wants it; no script, no cookie.

Strangers open no incident: the form takes orders while one is open. What they send is unpaid, so nothing of it ships
before somebody has seen the money.
"""

import asyncio
import math
import secrets
from typing import Any
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.lookups import BuyersOrders
from app.domain.own_clients import BY_BUYER
from app.domain.problems import IdempotencyConflict, InvalidOrder, Problem
from app.intake.accept import Intake
from app.intake.buyer_offer import Offer, WrongOffer, read_offer
from app.intake.schemas import OrderIn
from app.store.database.engine import StoreAway
from app.web.console.auth import address_of
from app.web.console.page import Frame
from app.web.console.pages.buyer_form import RECIPIENT, read_buyers_form
from app.web.console.pages.strangers import STRANGERS_HEADERS, strangers_page
from app.web.door.body import BODY_WITHIN, BodyReader

log = structlog.get_logger()

ORDER = "/order"
THANKS = "/order/thanks"
MAX_FORM = 16 * 1024
"""Bytes of a form: a hundred goods and a long address."""

GOOD_FOR = 24 * 60 * 60
"""Seconds for which a form may be sent."""

AT_ONCE = 8
"""Forms under way in one process."""


def add_buyer_form(api: FastAPI, frame: Frame, intake: Intake) -> None:
    """Add the form where the merchant has set what it offers; a file that is wrong closes the form and nothing else."""
    path = frame.boat.settings.buyer_form
    if path is None:
        return
    offer: Offer | None = None
    try:
        offer = read_offer(path)
    except WrongOffer as error:
        log.error("buyer_form_wrong", reason=str(error))  # noqa: TRY400 - the sentence says it all
    page = BuyerOrderPage(frame, intake, offer)
    api.add_route(ORDER, page.show, include_in_schema=False)
    api.add_route(ORDER, page.send, methods=["POST"], include_in_schema=False)
    api.add_route(THANKS, page.thanks, include_in_schema=False)


class BuyerOrderPage:
    """The form, and the page that thanks."""

    def __init__(self, frame: Frame, intake: Intake, offer: Offer | None) -> None:
        self._frame, self._boat, self._intake, self._offer = frame, frame.boat, intake, offer
        self._signer = URLSafeSerializer(frame.boat.keyring.session, salt="lifeboat buyers form")
        self._thanks = URLSafeSerializer(frame.boat.keyring.session, salt="lifeboat buyers thanks")
        self._shares = BuyersOrders()
        self._bodies = BodyReader(limit=MAX_FORM)
        self._under_way = 0

    async def show(self, request: Request) -> Response:
        """Show the form."""
        if self._offer is None or not await run_in_threadpool(self._is_open):
            return self._page(request, condition="closed", status=503)
        return self._page(request)

    async def send(self, request: Request) -> Response:
        """Take an order; the token of its form is its key, so that a form is one order."""
        if self._offer is None or self._under_way >= AT_ONCE:
            return self._page(request, condition="closed", status=503)
        self._under_way += 1
        try:
            return await self._taken(request, self._offer, await self._fields(request))
        except (Problem, TimeoutError):
            return self._page(request, condition="away", status=503)
        finally:
            self._under_way -= 1

    async def thanks(self, request: Request) -> Response:
        """Tell the number; the address of this page holds nothing of the buyer."""
        try:
            number, total = self._thanks.loads(request.query_params.get("of", ""))
        except (BadSignature, ValueError, TypeError):
            return RedirectResponse(ORDER, status_code=303, headers=STRANGERS_HEADERS)
        return self._page(request, condition="thanks", number=number, total=total)

    # ---- what lies under -------------------------------------------------------------------------------------------

    async def _taken(self, request: Request, offer: Offer, fields: dict[str, str]) -> Response:
        form, token = read_buyers_form(fields, offer), fields.get("token", "")
        key = self._key_of(token, offer)
        if key is None:
            return self._page(request, condition="stale", status=409, typed=form.typed)
        if form.order is None:
            return self._page(request, status=422, typed=form.typed, errors=form.errors, token=token)
        if not await run_in_threadpool(self._is_open):
            return self._page(request, condition="closed", status=503)
        address = address_of(request)
        wait = self._shares.wait(address, form.order.phone)
        if wait > 0:
            return self._page(request, condition="wait", status=429, retry_after=math.ceil(wait))
        try:
            accepted = await self._intake.accept(form.order, BY_BUYER, idempotency_key=key)
        except IdempotencyConflict:
            return self._page(request, condition="used", status=409, number=self._number(form.order, key))
        except InvalidOrder:
            return self._page(request, status=422, typed=form.typed, errors={"q-0": "数量过多"}, token=token)
        if not accepted.replayed:
            self._shares.ordered(address, form.order.phone)
        total = sum((one.unit_price or 0) * one.quantity for one in form.order.items)
        told = self._thanks.dumps([accepted.number, total])
        return RedirectResponse(f"{THANKS}?of={told}", status_code=303, headers=STRANGERS_HEADERS)

    async def _fields(self, request: Request) -> dict[str, str]:
        async with asyncio.timeout(BODY_WITHIN):
            body = await self._bodies.read(dict(request.headers.raw), request.receive)
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=200))

    def _token(self) -> str:
        now = int(self._boat.clock.now().timestamp())
        mark = self._offer.mark if self._offer else ""
        return str(self._signer.dumps([secrets.token_hex(16), now, mark]))

    def _key_of(self, token: str, offer: Offer) -> str | None:
        """Return the key of a form's order; None where the form is none of ours, too old, or showed other prices."""
        try:
            key, at, mark = self._signer.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        is_fresh = abs(self._boat.clock.now().timestamp() - at) <= GOOD_FOR
        return f"buyer:{key}" if is_fresh and mark == offer.mark else None

    def _number(self, order: OrderIn, key: str) -> str:
        return self._intake.prepare(order, BY_BUYER, idempotency_key=key).number

    def _is_open(self) -> bool:
        """Tell whether an incident is open; while the database is away nobody knows, and orders are taken."""
        try:
            with self._boat.store.reading() as uow:
                return uow.incidents.open_one(drill=False) is not None
        except StoreAway:
            return True

    def _page(
        self,
        request: Request,
        *,
        condition: str = "form",
        status: int = 200,
        retry_after: int | None = None,
        **shown: Any,  # noqa: ANN401 - what the template shows
    ) -> Response:
        known = {"typed": {}, "errors": {}, "token": shown.get("token") or self._token(), "recipient": RECIPIENT}
        context = {"condition": condition, "offer": self._offer, **known, **shown}
        return strangers_page(self._frame, request, "buyer_order.html", context, status=status, retry_after=retry_after)
