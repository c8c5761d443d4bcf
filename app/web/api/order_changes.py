"""A storefront changes an order of its own over HTTP: it is cancelled, or has been paid for."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from fastapi import Path as PathParameter
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from app.bootstrap import Lifeboat
from app.bootstrap.decisions import preflight_of
from app.domain import problems as p
from app.domain.actor import Actor
from app.domain.caller import Caller
from app.domain.csv_cell import on_one_line
from app.domain.order_change import ChangeKind, ChangeState, Wish
from app.domain.order_number import is_number
from app.domain.times import is_a_time
from app.intake.content import NO_TIME
from app.intake.schemas import Moment, Short, ShortText, Yuan
from app.orders.change import AnsweredChange, ask
from app.orders.decide import clean_number
from app.web.api.at_hand import require_known, store_at_hand
from app.web.api.json_body import REFUSALS, documents, reads
from app.web.callers import IntakeCaller, StorefrontActor
from app.web.door.door import ORDERS
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["订单"])

_SAID = {
    (ChangeKind.CANCEL, ChangeState.APPLIED): "订单已取消，不会进入批次文件。",
    (ChangeKind.CANCEL, ChangeState.NOTED): "订单已进入批次文件；取消已记下，由商家在主系统中处理。",
    (ChangeKind.PAID, ChangeState.APPLIED): "已按已付款记录。",
    (ChangeKind.PAID, ChangeState.NOTED): "订单已进入批次文件；付款已记下，由商家在主系统中处理。",
}


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


class CancelIn(BaseModel):
    """Why an order is cancelled; nothing need be said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "顾客不要了"}]})

    reason: Annotated[ShortText | None, BeforeValidator(_blank_is_none)] = None


class PaidIn(BaseModel):
    """What is known of the payment, as an order says it; ``amount`` is yuan, and what the order costs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"amount": "599.00", "transaction_id": "4200001234", "paid_at": "2026-11-22T10:05:00+08:00"}]
        },
    )

    status: Literal["paid"] = "paid"
    amount: Yuan | None = None
    transaction_id: Annotated[Short | None, BeforeValidator(_blank_is_none)] = None
    paid_at: Moment | None = None


class ChangeReceipt(BaseModel):
    """What the storefront is told, at a retry as well."""

    order_number: str = Field(examples=["LBT2KY1GP7741K6"])
    change: ChangeKind
    effect: ChangeState = Field(description="applied：已生效；noted：订单已在批次文件中，变更已记下，等主系统一侧处理")
    asked_at: AwareDatetime
    message: str


_REPLAY: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ChangeReceipt,
        "description": "已受理；同一请求重发，回答相同",
        "headers": {"Idempotent-Replayed": {"schema": {"type": "string", "enum": ["true"]}}},
    }
}
_PROBLEMS = documented(*REFUSALS, p.NotFound, p.NotInThisState, p.ChangeConflict, p.StoreAway)
Number = Annotated[str, PathParameter(max_length=40)]


@router.post(
    ORDERS + "/{order_number}/cancel",
    summary="取消一笔自己的订单：进批次前立即生效，之后记入待办与变更清单",
    responses={**_REPLAY, **_PROBLEMS},
    openapi_extra=documents(CancelIn, required=False),
)
def cancel_order(
    boat: TheBoat,
    caller: IntakeCaller,
    by: StorefrontActor,
    answer: Response,
    order_number: Number,
    said: Annotated[CancelIn, Depends(reads(CancelIn, scope="intake", strict=False))],
) -> ChangeReceipt:
    """Cancel an order of this client."""
    wish = Wish(kind=ChangeKind.CANCEL, reason=(on_one_line(said.reason).strip() or None) if said.reason else None)
    return _told(_asked(boat, caller, by, order_number, wish), answer)


@router.post(
    ORDERS + "/{order_number}/payment",
    summary="一笔自己的订单已付款：进批次前立即生效，之后记入待办与变更清单",
    responses={**_REPLAY, **_PROBLEMS},
    openapi_extra=documents(PaidIn, required=False),
)
def pay_order(
    boat: TheBoat,
    caller: IntakeCaller,
    by: StorefrontActor,
    answer: Response,
    order_number: Number,
    said: Annotated[PaidIn, Depends(reads(PaidIn, scope="intake", strict=False))],
) -> ChangeReceipt:
    """Take that an order of this client has been paid for."""
    if said.paid_at is not None and not is_a_time(said.paid_at, now=boat.clock.now()):
        raise p.InvalidOrder("付款时间有误。", errors=[p.FieldError("/paid_at", "datetime_range", NO_TIME)])
    wish = Wish(kind=ChangeKind.PAID, amount_fen=said.amount, transaction_id=said.transaction_id, paid_at=said.paid_at)
    return _told(_asked(boat, caller, by, order_number, wish), answer)


def _asked(boat: Lifeboat, caller: Caller, by: Actor, number: str, wish: Wish) -> AnsweredChange:
    number = clean_number(number)
    if not is_number(number):
        raise p.NotFound("单号格式或校验位不对，请核对后再试。")
    with store_at_hand():
        try:
            return _ask(boat, caller, by, number, wish)
        except p.NotFound:
            require_known(boat, caller, number)
        return _ask(boat, caller, by, number, wish)


def _ask(boat: Lifeboat, caller: Caller, by: Actor, number: str, wish: Wish) -> AnsweredChange:
    preflight = preflight_of(boat)
    with boat.store.writing() as uow:
        return ask(
            uow,
            boat.keyring,
            number,
            wish,
            client_id=caller.client_id,
            preflight=preflight,
            by=by,
            now=boat.clock.now(),
        )


def _told(asked: AnsweredChange, answer: Response) -> ChangeReceipt:
    if asked.replayed:
        answer.headers["idempotent-replayed"] = "true"
    change = asked.change
    kind, effect = ChangeKind(change.kind), ChangeState(change.effect)
    return ChangeReceipt(
        order_number=asked.number, change=kind, effect=effect, asked_at=change.asked_at, message=_SAID[kind, effect]
    )
