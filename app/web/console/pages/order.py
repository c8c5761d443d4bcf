"""An order's whole way on one page; who it is for only on request, and the request is written down."""

from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.bootstrap.decisions import amender_of, preflight_of
from app.domain.actor import Actor
from app.domain.fitness import Fitness
from app.domain.order import Order
from app.domain.order_change import Wish
from app.domain.phone import masked
from app.domain.problems import Problem
from app.domain.states import MessageState, OrderState
from app.orders.complete import COMPLETABLE, Completed, complete
from app.orders.decide import StillHeld, mark_duplicate, release, unmask
from app.orders.scripts import Reply, answers
from app.orders.settle import found_in_main, not_in_main
from app.orders.timeline import Event, whole_time_line
from app.store.sealed_wish import open_wish
from app.store.tables import Attempt, Attention, Batch, ImportResult, Message, OrderChange, OrderRow
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of
from app.web.console.filters import BASE, harmless, yuan
from app.web.console.goods import opened
from app.web.console.page import ConsolePage
from app.web.console.pages.completion_form import CLEARABLE, FormField, changes_in, fields_of
from app.web.console.routing import route
from app.web.console.said import say
from app.web.console.todo import way_back

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
    fitness: Fitness | None
    """What pre-flight says; None of an order that is not held."""
    form: list[FormField]
    """What may be completed; empty where nothing may."""
    attention: Attention | None
    """Who has it in hand."""
    changes: list[tuple[OrderChange, Wish]]
    """What its storefront has asked to be changed."""
    change_batches: dict[int | None, str]
    """The names of the batches whose files of changes tell so."""
    scripts: list[Reply]
    """What to say about it, the answer first."""


class OrderDetail(ConsolePage):
    """The page of one order."""

    @route("/{number:str}", name="order")
    async def show(self, request: Request) -> Response:
        """Show an order, its customer masked."""
        whole = await run_in_threadpool(self._whole, request.path_params["number"])
        return self._shown(request, whole)

    @route("/{number:str}/unmask", methods=("POST",), name="order-unmask")
    async def unmask(self, request: Request) -> Response:
        """Show an order with its customer, once, and write down who looked."""
        number = request.path_params["number"]
        await run_in_threadpool(self._unmask, number, actor_of(request))
        whole = await run_in_threadpool(self._whole, number)
        return self._shown(request, whole, unmasked=True)

    @route("/{number:str}/decide", methods=("POST",), name="order-decide")
    async def decide(self, request: Request) -> Response:
        """Release a held order, close it as a duplicate, or settle whether the main system has it."""
        form = await request.form()
        choices = {
            "release": self._release,
            "duplicate": self._mark_duplicate,
            "in-main": self._found_in_main,
            "not-in-main": self._not_in_main,
        }
        chosen = str(form.get("decision"))
        verb = choices.get(chosen)
        if verb is None:
            raise HTTPException(404)
        why = "main_number" if chosen == "in-main" else "reason"
        reason, decided = str(form.get(why) or "")[:_LONGEST_REASON], ""
        try:
            sentence = await run_in_threadpool(verb, request.path_params["number"], reason, actor_of(request))
        except Problem as problem:
            say(request, problem.detail, "error")
        else:
            say(request, sentence)
            decided = request.path_params["number"]
        return RedirectResponse(way_back(form, decided=decided), status_code=303)

    @route("/{number:str}/complete", methods=("POST",), name="order-complete")
    async def complete(self, request: Request) -> Response:
        """Complete a held order; what is wrong with the form is shown beside what was filled in."""
        number, form = request.path_params["number"], await request.form()
        changes, reason = changes_in(form), str(form.get("reason") or "")
        try:
            done = await run_in_threadpool(self._complete, number, changes, reason, actor_of(request))
        except Problem as problem:
            filled = {**{path: value for path, value in changes.items() if value}, "reason": reason}
            whole = await run_in_threadpool(self._whole, number)
            return self._shown(request, whole, status=422, refused=problem, filled=filled)
        if done.state == OrderState.ACCEPTED:
            say(request, f"{done.number} 已补全，将进入下一批次。")
            return RedirectResponse(way_back(form), status_code=303)
        say(request, f"{done.number} 已保存，但仍待人工确认：{done.fitness.reason}。", "warning")
        return RedirectResponse(f"{BASE}/orders/{done.number}#complete", status_code=303)

    def _complete(self, number: str, changes: dict[str, object], reason: str, by: Actor) -> Completed:
        how: dict[str, Any] = {"amend": amender_of(self.boat), "preflight": preflight_of(self.boat)}
        with self.boat.store.writing() as uow:
            return complete(uow, number, changes, reason=reason, by=by, now=self.boat.clock.now(), **how)

    def _shown(self, request: Request, whole: Whole, *, unmasked: bool = False, **more: Any) -> Response:  # noqa: ANN401 - what the template shows
        context = {"filled": {}, "refused": None, "clearable": CLEARABLE, **more}
        return self.render(request, "order.html", w=whole, title=whole.row.number, unmasked=unmasked, **context)

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

    def _found_in_main(self, number: str, main_number: str, by: Actor) -> str:
        with self.boat.store.writing() as uow:
            theirs = found_in_main(uow, number, main_number=main_number, by=by, now=self.boat.clock.now())
        return f"{number} 已关闭：主系统已有，单号 {harmless(theirs, 64)}。"

    def _not_in_main(self, number: str, _reason: str, by: Actor) -> str:
        with self.boat.store.writing() as uow:
            not_in_main(uow, number, by=by, now=self.boat.clock.now())
        return f"{number} 已记录：主系统没有另一笔此单。"

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
            order = opened(self.boat.keyring, row)
            phone = masked(order.phone) if order else f"*******{row.phone_last4}"
            held = row.state == OrderState.HELD
            fitness = preflight_of(self.boat)(row) if held else None
            changes = uow.changes.of_order(order_id)
            return Whole(
                row=row,
                client=uow.access.client_name(row.client_id) or row.client_id,
                incident=uow.incidents.get(row.incident_id).name,
                order=order,
                events=whole_time_line(uow, row),
                messages=messages,
                attempts=attempts,
                batches=uow.batches.of_order(order_id),
                results=uow.results.of_order(order_id),
                phone=phone,
                fitness=fitness,
                form=fields_of(order, phone) if held and row.held_kind in COMPLETABLE else [],
                attention=uow.attention.of([order_id]).get(order_id),
                changes=[(one, open_wish(self.boat.keyring, one, row.number)) for one in changes],
                change_batches={id_: uow.batches.get(id_).name or "" for one in changes if (id_ := one.batch_id)},
                scripts=_scripts(row, order, fitness, coupon=any(map(_brings_coupon, messages))),
            )


def _scripts(row: OrderRow, order: Order | None, fitness: Fitness | None, *, coupon: bool) -> list[Reply]:
    missing = f"（{'、'.join(fitness.missing)}）" if fitness and fitness.missing else ""
    paid = order.payment.status if order and order.payment else None
    groups = " ".join(row.number[at : at + 4] for at in range(0, len(row.number), 4))
    main = harmless(row.main_order_number, 64) if row.main_order_number else "（暂无）"
    places = {"number": groups, "amount": yuan(row.total_fen), "main": main, "missing": missing}
    return answers(row.state, row.held_kind, paid, places, coupon=coupon)


def _brings_coupon(message: Message) -> bool:
    """Tell whether a text message has brought a code, or has one drawn for it."""
    content = message.content if isinstance(message.content, dict) else {}
    return bool(content.get("coupon")) and message.state not in {MessageState.DEAD, MessageState.CANCELLED}


def _existing(uow: UnitOfWork, number: str) -> OrderRow:
    row = uow.orders.numbered(number[:20].replace("\x00", ""))
    if row is None:
        raise HTTPException(404)
    return row
