"""An order's two routes: taking it, and telling what became of it.

Most orders never come to the first one: the fast path takes whatever is usual off the wire and says the same.
"""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from pydantic import AwareDatetime, BaseModel, Field

from app.bootstrap import Lifeboat
from app.domain import problems as p
from app.domain.money import yuan
from app.domain.order import Priority
from app.domain.order_change import ChangeKind, ChangeState
from app.domain.order_number import is_number
from app.domain.states import HeldKind, OrderState
from app.intake.schemas import OrderIn, read_order
from app.orders.discretion import without_foreign_numbers
from app.orders.timeline import main_numbers_of, time_line
from app.store.tables import OrderChange
from app.web.api.at_hand import NOT_FOUND, require_known, store_at_hand
from app.web.api.json_body import documents
from app.web.callers import AnyCaller
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


class OrderChangeOut(BaseModel):
    """What the storefront asked to be changed, and what has become of it."""

    change: ChangeKind
    state: ChangeState = Field(
        description="applied 已生效；noted 已记下，等主系统一侧处理；done 已处理；refused 未能处理"
    )
    asked_at: AwareDatetime
    settled_at: AwareDatetime | None
    reason: str | None = Field(description="未能处理的原因，或处理说明")

    @classmethod
    def of(cls, row: OrderChange) -> "OrderChangeOut":
        """Return a row as it is told."""
        return cls(
            change=ChangeKind(row.kind),
            state=ChangeState(row.state),
            asked_at=row.asked_at,
            settled_at=row.settled_at,
            reason=row.settlement,
        )


class OrderStatus(BaseModel):
    """Where an order stands."""

    order_number: str
    client_order_id: str | None
    status: OrderState | str = Field(description="程序不认识的状态原样给出", examples=["batched"])
    priority: Priority
    total: str | None = Field(description="元", examples=["599.00"])
    received_at: AwareDatetime
    batch: str | None
    main_order_number: str | None
    main_order_numbers: list[str] = Field(description="主系统拆单时有多个，第一个即 main_order_number")
    held_kind: HeldKind | str | None = Field(description="待人工确认时的原因类别", examples=["look_alike"])
    reason: str | None = Field(description="待人工确认或被关闭的原因")
    changes: list[OrderChangeOut] = Field(description="渠道对这笔订单请求过的变更：取消、已付款")
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
            p.QuotaExceeded,
            p.Busy,
            p.IntakeClosed,
        ),
    },
    openapi_extra={
        "security": [{"HTTPBearer": []}],
        "parameters": [_KEY_PARAMETER],
        **documents(OrderIn),
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
    said = door.proxies.said_in(request.scope)
    accepted = await door.intake.accept(order, caller, idempotency_key=idempotency_key, passed_on=said)
    return door.answers.receipt(accepted)


@router.get(
    ORDERS + "/{order_number}",
    summary="查询一笔订单的状态与经过",
    responses=documented(p.Unauthenticated, p.NotFound, p.StoreAway),
)
def show_order(
    boat: TheBoat, caller: AnyCaller, order_number: Annotated[str, PathParameter(max_length=40)]
) -> OrderStatus:
    """Tell where an order of this client stands; another client's order does not exist for it."""
    if not is_number(order_number):
        raise p.NotFound("单号格式或校验位不对，请核对后再查。")
    told_to = None if caller.scope == "ops" else caller.client_id
    with store_at_hand():
        found = _status_of(boat, order_number, told_to)
        if found is None:
            require_known(boat, caller, order_number)
            found = _status_of(boat, order_number, told_to)
    if found is None:
        raise p.NotFound(NOT_FOUND)
    return found


def _status_of(boat: Lifeboat, order_number: str, told_to: str | None) -> OrderStatus | None:
    with boat.store.reading() as uow:
        row = uow.orders.numbered(order_number, client_id=told_to)
        if row is None:
            return None
        batch = uow.batches.get(row.batch_id).name if row.batch_id else None
        events = [TimeLineEvent(at=e.at, event=e.event, detail=e.detail) for e in time_line(uow, row, told_to=told_to)]
        reason = row.state_reason if row.state in _TELLS_WHY else None
        if reason and told_to is not None:
            reason = without_foreign_numbers(uow, reason, client_id=told_to)
        return OrderStatus(
            order_number=row.number,
            client_order_id=row.client_order_id,
            status=row.state,
            priority="high" if row.priority == "high" else "normal",
            total=yuan(row.total_fen) if isinstance(row.total_fen, int) else None,
            received_at=row.received_at,
            batch=batch,
            main_order_number=row.main_order_number,
            main_order_numbers=main_numbers_of(uow, row),
            held_kind=row.held_kind if row.state == OrderState.HELD else None,
            reason=reason,
            changes=[OrderChangeOut.of(change) for change in uow.changes.of_order(row.id or 0)],
            timeline=events,
        )
