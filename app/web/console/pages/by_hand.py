"""代客下单: an order that somebody types for a customer goes through the intake as any storefront's does."""

from dataclasses import replace

import structlog
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.domain.actor import Actor
from app.domain.own_clients import BY_HAND
from app.domain.problems import IdempotencyConflict, InvalidOrder, Problem
from app.intake.accept import Accepted, Intake
from app.intake.schemas import OrderIn
from app.intake.taken import record_by_hand
from app.store.database.engine import StoreAway
from app.web.console.auth import actor_of, person_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, Frame
from app.web.console.pages.hand_form import (
    MOST_LINES,
    HandForm,
    HandLine,
    empty_form,
    form_in,
    new_token,
    order_in,
    total_of_order,
)
from app.web.console.routing import route
from app.web.console.said import say

log = structlog.get_logger()


class ByHandPage(ConsolePage):
    """The form, and the page that tells the number."""

    path = "/orders/new"
    title = "代客下单"
    entry = "orders"

    def __init__(self, frame: Frame, intake: Intake) -> None:
        super().__init__(frame)
        self._intake = intake
        self._signer = URLSafeSerializer(frame.boat.keyring.session, salt="lifeboat order by hand")

    @route("", name="order-new")
    async def index(self, request: Request) -> Response:
        """Show an empty form; its token makes it one order, however often it is sent."""
        return self._form(request, empty_form())

    @route("", name="order-new-send", methods=("POST",))
    async def send(self, request: Request) -> Response:
        """Take what was typed, or show it again with what is wrong; another line costs nothing of it."""
        fields = await request.form()
        form, act = form_in(fields), str(fields.get("act") or "send")
        if act == "line":
            lines = (*form.lines, HandLine(quantity="1"))[:MOST_LINES]
            return self._form(request, replace(form, lines=lines))
        if act == "sum":
            return self._form(request, form)
        if act == "another":
            form = replace(form, key=form.fresh, fresh=new_token())
        try:
            order = order_in(form)
            accepted = await self._intake.accept(order, BY_HAND, idempotency_key=self._key(request, form.key))
        except IdempotencyConflict:
            return self._form(request, form, status=409, conflict=self._number(request, form, order))
        except InvalidOrder as problem:
            errors = {one.pointer.strip("/"): one.detail for one in problem.errors}
            return self._form(request, replace(form, errors=errors), status=422)
        except Problem as problem:
            return self._form(request, form, status=503, refused=problem.detail)
        written = await self._recorded(accepted, actor_of(request))
        if accepted.replayed:
            say(request, "这张表单先前已经提交过，就是下面这一笔，没有再下一单。", "info")
        if not written:
            say(
                request,
                "订单已受理并落盘；数据库暂时写不进，操作记录没有写上，单在本机暂存里，恢复后自动补入。",
                "warning",
            )
        told = self._signer.dumps([accepted.number, accepted.priority, total_of_order(order), accepted.replayed])
        return RedirectResponse(f"{BASE}/orders/new/done?of={told}", status_code=303)

    @route("/done", name="order-new-done")
    async def done(self, request: Request) -> Response:
        """Tell the number of an order that was taken; what is told is signed, since the order may still be spooled."""
        try:
            number, priority, total, replayed = self._signer.loads(request.query_params.get("of", ""))
        except (BadSignature, ValueError, TypeError):
            raise HTTPException(404) from None
        shown = {"number": number, "high": priority == "high", "total": total, "replayed": replayed}
        return self.render(request, "order_new_done.html", **shown)

    def _form(
        self, request: Request, form: HandForm, *, status: int = 200, refused: str = "", conflict: str = ""
    ) -> Response:
        context = {"f": form, "refused": refused, "conflict": conflict, "most_lines": MOST_LINES}
        return self.render(request, "order_new.html", status=status, payments=words.PAYMENTS, **context)

    def _key(self, request: Request, token: str) -> str:
        """Return the key of a form: it tells who sent it, also of an order that is spooled, and is nobody else's."""
        return f"hand:{person_of(request).user_id}:{token}"

    def _number(self, request: Request, form: HandForm, order: OrderIn) -> str:
        """Return the number of the order that this form's token stands for already."""
        return self._intake.prepare(order, BY_HAND, idempotency_key=self._key(request, form.key)).number

    async def _recorded(self, accepted: Accepted, by: Actor) -> bool:
        """Write down who gave the order; an order that is on disk is not refused because that fails."""
        try:
            await run_in_threadpool(self._record, accepted.number, by)
        except StoreAway as error:
            log.warning("by_hand_not_recorded", order=accepted.number, by=by.name, reason=type(error).__name__)
            return False
        return True

    def _record(self, number: str, by: Actor) -> None:
        with self.boat.store.writing() as uow:
            record_by_hand(uow, number, by=by, now=self.boat.clock.now())
