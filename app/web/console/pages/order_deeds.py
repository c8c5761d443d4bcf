"""What is done with one order beside deciding and completing: cancel, close, correct, and look after it."""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.problems import Problem
from app.domain.states import OrderState
from app.orders.attend import claim_order, let_go, mark_handled
from app.orders.correct import TARGETS, correct
from app.orders.decide import cancel, reject
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, cursor_of, with_query
from app.web.console.pages.order_lines import lines_of
from app.web.console.routing import route
from app.web.console.said import say

_LONGEST_REASON = 200

Deed = Callable[[UnitOfWork, str, Actor], str]
"""Does something with the order of a number, and returns the sentence that says so."""


class OrderDeeds(ConsolePage):
    """Orders that somebody has to look after, and the buttons of an order's page."""

    path = "/orders"
    title = "高优跟进"
    entry = "orders"

    @route("/urgent", name="urgent")
    async def urgent(self, request: Request) -> Response:
        """List open high-priority orders that nobody has finished with."""
        before = cursor_of(request)
        shown = await run_in_threadpool(self._open, before)
        more = with_query(request, before=shown["page"].before) if shown["page"].before else None
        return self.render(request, "urgent.html", more=more, paged=before, **shown)

    @route("/{number:str}/claim", methods=("POST",), name="order-claim")
    async def claim(self, request: Request) -> Response:
        """Take an order on, or over."""
        take_over = bool((await request.form()).get("take_over"))

        def act(uow: UnitOfWork, number: str, by: Actor) -> str:
            before = claim_order(uow, number, by=by, now=self.boat.clock.now(), take_over=take_over)
            return f"{number} 已由您接手（原由 {before} 跟进）。" if before else f"{number} 已由您认领。"

        return await self._done(request, act)

    @route("/{number:str}/handled", methods=("POST",), name="order-handled")
    async def handled(self, request: Request) -> Response:
        """Say that an order is taken care of."""
        note = str((await request.form()).get("note") or "")

        def act(uow: UnitOfWork, number: str, by: Actor) -> str:
            mark_handled(uow, number, note=note, by=by, now=self.boat.clock.now())
            return f"{number} 已标记为已处理；它照常进入批次。点错了可以在订单页撤销。"

        return await self._done(request, act)

    @route("/{number:str}/let-go", methods=("POST",), name="order-let-go")
    async def let_go(self, request: Request) -> Response:
        """Give an order back, or take back that it is taken care of."""

        def act(uow: UnitOfWork, number: str, by: Actor) -> str:
            let_go(uow, number, by=by, now=self.boat.clock.now())
            return f"{number} 已撤销，重新等人跟进。"

        return await self._done(request, act)

    @route("/{number:str}/cancel", methods=("POST",), name="order-cancel")
    async def cancel(self, request: Request) -> Response:
        """Close an order at the customer's wish."""
        reason = await _reason(request)

        def act(uow: UnitOfWork, number: str, by: Actor) -> str:
            row = uow.orders.numbered(number)
            filed = row is not None and row.state == OrderState.BATCHED
            cancel(uow, number, reason=reason, by=by, now=self.boat.clock.now())
            return f"{number} 已取消。" + ("它已在批次文件里，请同时在主系统里拦截。" if filed else "它不会进入批次。")

        return await self._done(request, act, lacking="" if reason else "取消要写明原因。")

    @route("/{number:str}/reject", methods=("POST",), name="order-reject")
    async def reject(self, request: Request) -> Response:
        """Close an order that the main system cannot take."""
        reason = await _reason(request)

        def act(uow: UnitOfWork, number: str, by: Actor) -> str:
            reject(uow, number, reason=reason, by=by, now=self.boat.clock.now())
            return f"{number} 已人工关闭，记入对账。"

        return await self._done(request, act, lacking="" if reason else "人工关闭要写明原因。")

    @route("/{number:str}/correct", methods=("POST",), name="order-correct")
    async def correct(self, request: Request) -> Response:
        """Put an order to the state it really has."""
        form = await request.form()
        reason, main = await _reason(request), str(form.get("main") or "")[:64] or None
        wanted = str(form.get("to") or "")
        if wanted not in {str(one) for one in TARGETS}:
            raise HTTPException(404)

        def act(uow: UnitOfWork, number: str, by: Actor) -> str:
            now = self.boat.clock.now()
            correct(uow, number, to=OrderState(wanted), main=main, reason=reason, by=by, now=now)
            return f"{number} 已更正；改错了可以再更正回来。"

        return await self._done(request, act, lacking="" if reason else "更正要写明原因。")

    async def _done(self, request: Request, act: Deed, *, lacking: str = "") -> Response:
        number = request.path_params["number"][:20].replace("\x00", "")
        back = str((await request.form()).get("back") or "")
        if lacking:
            say(request, lacking, "error")
        else:
            try:
                say(request, await run_in_threadpool(self._in_one, act, number, actor_of(request)))
            except Problem as problem:
                say(request, problem.detail, "error")
        where = "/orders/urgent" if back == "urgent" else f"/orders/{number}"
        return RedirectResponse(f"{BASE}{where}", status_code=303)

    def _in_one(self, act: Deed, number: str, by: Actor) -> str:
        with self.boat.store.writing() as uow:
            return act(uow, number, by)

    def _open(self, before: int | None) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            page = uow.attention.open_page(before=before)
            return {
                "page": page,
                "goods": {line.row.id: line.goods for line in lines_of(uow, self.boat.keyring, page.rows)},
                "clients": uow.access.client_names(),
                "in_hand": uow.attention.of([row.id for row in page.rows]),
            }


async def _reason(request: Request) -> str:
    return str((await request.form()).get("reason") or "").strip()[:_LONGEST_REASON]
