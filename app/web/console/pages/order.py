"""An order's whole way on one page; who it is for only on request, and the request is written down."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import flash, route

from app.bootstrap.decisions import preflight_of
from app.domain.actor import Actor
from app.domain.order import Order
from app.domain.phone import masked
from app.domain.problems import Problem
from app.orders.decide import StillHeld, mark_duplicate, release, unmask
from app.orders.timeline import Event, time_line
from app.store.sealing import CannotUnseal
from app.store.tables import Attempt, Batch, ImportResult, Message, OrderRow
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of, person_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything known of one order."""

    row: OrderRow
    client: str
    incident: str
    order: Order | None
    """What was sealed; None if it cannot be unsealed with our key."""
    events: list[Event]
    messages: list[Message]
    attempts: dict[int, list[Attempt]]
    batches: list[Batch]
    results: list[ImportResult]
    phone: str
    """Masked."""


class OrderDetail(ConsolePage):
    """The page of one order."""

    @route("/{number:str}", name="order")
    async def show(self, request: Request) -> Response:
        """Show an order, its customer masked."""
        whole = await run_in_threadpool(self._whole, request.path_params["number"])
        return self.render(request, "order.html", w=whole, title=whole.row.number, unmasked=False)

    @route("/{number:str}/unmask", methods=["POST"], name="order-unmask")
    async def unmask(self, request: Request) -> Response:
        """Show an order with its customer, once, and write down who looked."""
        person = person_of(request)
        if not person.sees_personal_data:
            raise HTTPException(403)
        number = request.path_params["number"]
        await run_in_threadpool(self._unmask, number, actor_of(request))
        whole = await run_in_threadpool(self._whole, number)
        return self.render(request, "order.html", w=whole, title=whole.row.number, unmasked=True)

    @route("/{number:str}/decide", methods=["POST"], name="order-decide")
    async def decide(self, request: Request) -> Response:
        """Release a held order or close it as a duplicate."""
        person = person_of(request)
        if not person.sees_personal_data:
            raise HTTPException(403)
        form = await request.form()
        choices = {"release": self._release, "duplicate": self._mark_duplicate}
        verb = choices.get(str(form.get("decision")))
        if verb is None:
            raise HTTPException(404)
        reason = str(form.get("reason") or "")[:_LONGEST_REASON]
        try:
            sentence = await run_in_threadpool(verb, request.path_params["number"], reason, actor_of(request))
        except Problem as problem:
            flash(request, problem.detail, "error")
        else:
            flash(request, sentence, "success")
        return RedirectResponse(f"{BASE}/held", status_code=303)

    def _release(self, number: str, reason: str, by: Actor) -> str:
        preflight = preflight_of(self.boat)
        with self.boat.store.writing() as uow:
            answer = release(uow, number, preflight=preflight, reason=reason, by=by, now=self.boat.clock.now())
        if isinstance(answer, StillHeld):
            return f"{answer.number} 已记录，但{answer.reason}，仍待人工确认。"
        return f"{answer.number} 已放行，将进入下一批次。"

    def _mark_duplicate(self, number: str, _reason: str, by: Actor) -> str:
        with self.boat.store.writing() as uow:
            mark_duplicate(uow, number, by=by, now=self.boat.clock.now())
        return f"{number} 已标记为重复单，不再进入批次。"

    def _unmask(self, number: str, by: Actor) -> None:
        with self.boat.store.writing() as uow:
            unmask(uow, _existing(uow, number).number, by=by, now=self.boat.clock.now())

    def _whole(self, number: str) -> Whole:
        with self.boat.store.reading() as uow:
            row = _existing(uow, number)
            order_id = row.id or 0
            messages = uow.messages.of_order(order_id)
            attempts: dict[int, list[Attempt]] = {}
            for attempt in uow.attempts.of_messages([m.id or 0 for m in messages]):
                attempts.setdefault(attempt.message_id, []).append(attempt)
            order = self._opened(row)
            return Whole(
                row=row,
                client=uow.access.client_names().get(row.client_id, row.client_id),
                incident=uow.incidents.get(row.incident_id).name,
                order=order,
                events=time_line(uow, row),
                messages=messages,
                attempts=attempts,
                batches=uow.batches.of_order(order_id),
                results=uow.results.of_order(order_id),
                phone=masked(order.phone) if order else f"*******{row.phone_last4}",
            )

    def _opened(self, row: OrderRow) -> Order | None:
        try:
            return self.boat.keyring.open_order(row.sealed, row.number)
        except CannotUnseal:
            return None


def _existing(uow: UnitOfWork, number: str) -> OrderRow:
    row = uow.orders.numbered(number[:20].replace("\x00", ""))
    if row is None:
        raise HTTPException(404)
    return row
