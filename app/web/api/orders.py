"""An order's two routes: taking it, and telling what became of it.

Most orders never come to the first one: the fast path takes whatever is usual off the wire and says the same.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.bootstrap import Lifeboat
from app.bootstrap.decisions import amender_of, preflight_of
from app.domain import problems as p
from app.domain.actor import Actor
from app.domain.money import yuan
from app.domain.order import Priority
from app.domain.order_number import is_number
from app.domain.states import HeldKind, OrderState
from app.intake.schemas import OrderIn, field_error, read_order
from app.orders.complete import LONGEST_REASON, Completed, complete
from app.orders.discretion import without_foreign_numbers
from app.orders.timeline import time_line
from app.web.callers import AnyCaller, OpsActor
from app.web.door.admission import admit, caller_of
from app.web.door.door import ORDERS, Door, answered
from app.web.door.receipt import Answer, AnswerResponse
from app.web.parts import TheBoat, TheDoor
from app.web.problems import documented, request_id_of

router = APIRouter(tags=["订单"])


class Receipt(BaseModel):
    """What the client is told of an accepted order."""

    order_number: str = Field(examples=["LBT2KY1GP7741K6"])
    status: str = Field(examples=["accepted"])
    priority: Priority = Field(examples=["high"])
    received_at: AwareDatetime
    message: str = Field(examples=["订单已受理，单号 LBT2KY1GP7741K6，我们会尽快为您处理，请勿重复下单。"])


class TimeLineEvent(BaseModel):
    """One thing that happened to an order."""

    at: AwareDatetime
    event: str = Field(examples=["accepted"])
    detail: str


class OrderStatus(BaseModel):
    """Where an order stands."""

    order_number: str
    client_order_id: str | None
    status: OrderState
    priority: Priority
    total: str | None = Field(description="元", examples=["599.00"])
    received_at: AwareDatetime
    batch: str | None
    main_order_number: str | None
    held_kind: HeldKind | None = Field(description="待人工确认时的原因类别", examples=["look_alike"])
    reason: str | None = Field(description="待人工确认或被关闭的原因")
    timeline: list[TimeLineEvent]


_TELLS_WHY = {OrderState.HELD, OrderState.CANCELLED, OrderState.REJECTED}

_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "幂等键，可带一对双引号；缺省用 client_order_id。同键同内容重发，返回同一单号（200）。",
    "schema": {"type": "string", "pattern": r'^([A-Za-z0-9_.:\-]{1,128}|"[A-Za-z0-9_.:\-]{1,128}")$'},
}


@router.post(
    ORDERS,
    status_code=201,
    response_model=Receipt,
    summary="受理一笔订单；返回时订单已落盘",
    responses={
        200: {
            "model": Receipt,
            "description": "同一幂等键的重复请求：返回首次结果",
            "headers": {"Idempotent-Replayed": {"schema": {"type": "string", "enum": ["true"]}}},
        },
        **documented(
            p.Malformed,
            p.BadIdempotencyKey,
            p.Unauthenticated,
            p.Forbidden,
            p.TooSlow,
            p.TooLarge,
            p.UnsupportedMedia,
            p.InvalidOrder,
            p.IdempotencyConflict,
            p.Busy,
            p.IntakeClosed,
        ),
    },
    openapi_extra={
        "security": [{"HTTPBearer": []}],
        "parameters": [_KEY_PARAMETER],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderIn"}}},
        },
    },
)
async def accept_order(request: Request, door: TheDoor) -> Response:
    """Accept an order; the answer leaves only once the order is safely on disk."""
    request_id = request_id_of(request)
    return AnswerResponse(await answered(_take(request, door), refusal=door.answers.refusal, request_id=request_id))


async def _take(request: Request, door: Door) -> Answer:
    # The body is read here and not by FastAPI: counted, with a limit in time, and only once the head has been admitted.
    fields = dict(request.scope["headers"])
    caller = await caller_of(fields, door.access)
    idempotency_key = admit(fields, caller)
    order = read_order(await door.bodies.read(fields, request.receive))
    return door.answers.receipt(await door.intake.accept(order, caller, idempotency_key=idempotency_key))


@router.get(
    ORDERS + "/{order_number}",
    summary="查询一笔订单的状态与经过",
    responses=documented(p.Unauthenticated, p.NotFound),
)
def show_order(
    boat: TheBoat, caller: AnyCaller, order_number: Annotated[str, PathParameter(max_length=40)]
) -> OrderStatus:
    """Tell where an order of this client stands; another client's order does not exist for it."""
    if not is_number(order_number):
        raise p.NotFound("单号格式或校验位不对，请核对后再查。")
    told_to = None if caller.scope == "ops" else caller.client_id
    with boat.store.reading() as uow:
        row = uow.orders.numbered(order_number, client_id=told_to)
        if row is None:
            raise p.NotFound("没有找到该订单。")
        batch = uow.batches.get(row.batch_id).name if row.batch_id else None
        events = [TimeLineEvent(at=e.at, event=e.event, detail=e.detail) for e in time_line(uow, row, told_to=told_to)]
        reason = row.state_reason if row.state in _TELLS_WHY else None
        if reason and told_to is not None:
            reason = without_foreign_numbers(uow, reason, client_id=told_to)
        return OrderStatus(
            order_number=row.number,
            client_order_id=row.client_order_id,
            status=OrderState(row.state),
            priority="high" if row.priority == "high" else "normal",
            total=None if row.total_fen is None else yuan(row.total_fen),
            received_at=row.received_at,
            batch=batch,
            main_order_number=row.main_order_number,
            held_kind=HeldKind(row.held_kind) if row.state == OrderState.HELD and row.held_kind else None,
            reason=reason,
            timeline=events,
        )


class CompletionIn(BaseModel):
    """What a held order is to say; values by path, empty ones clear."""

    model_config = ConfigDict(extra="forbid")

    changes: dict[str, JsonValue] = Field(
        examples=[{"recipient.name": "张三", "items.0.unit_price": "9.90", "placed_at": None}], min_length=1
    )
    reason: str = Field(min_length=1, max_length=LONGEST_REASON, examples=["电话核实"])


class CompletionOut(BaseModel):
    """What became of it: ``accepted`` goes out with the next batch; ``held`` lacks what ``reason`` tells."""

    order_number: str
    status: OrderState
    held_kind: HeldKind | None
    missing: list[str] = Field(description="目标系统仍会因缺少这些而拒收")
    reason: str | None


@router.post(
    ORDERS + "/{order_number}/complete",
    summary="补全一笔待人工确认的订单",
    responses=documented(
        p.Malformed, p.Unauthenticated, p.Forbidden, p.NotFound, p.NotInThisState, p.TooSlow, p.TooLarge, p.InvalidOrder
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CompletionIn"}}},
        }
    },
)
async def complete_order(
    request: Request, boat: TheBoat, door: TheDoor, by: OpsActor, order_number: str
) -> CompletionOut:
    """Change fields of a held order, as a person asked; checked and sealed as at the door."""
    wanted = _completion(await door.bodies.read(dict(request.scope["headers"]), request.receive))
    done = await asyncio.to_thread(_complete, boat, order_number, wanted, by)
    missing, reason = list(done.fitness.missing), done.fitness.reason or None
    return CompletionOut(
        order_number=done.number, status=done.state, held_kind=done.kind, missing=missing, reason=reason
    )


def _completion(body: bytes) -> CompletionIn:
    try:
        return CompletionIn.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        if details[0]["type"] == "json_invalid":
            raise p.Malformed from None
        raise p.InvalidOrder(
            "请给出 changes（字段与值）和 reason（原因）。", errors=[field_error(one) for one in details]
        ) from None


def _complete(boat: Lifeboat, number: str, wanted: CompletionIn, by: Actor) -> Completed:
    amend, preflight, now = amender_of(boat), preflight_of(boat), boat.clock.now()
    with boat.store.writing() as uow:
        changes: dict[str, object] = {**wanted.changes}
        return complete(uow, number, changes, reason=wanted.reason, amend=amend, preflight=preflight, by=by, now=now)


EXTRA_MODELS = (OrderIn, CompletionIn)
"""Models that the document names and FastAPI does not find by itself."""
