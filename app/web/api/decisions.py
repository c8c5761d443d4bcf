"""What a person decides about one order over HTTP: completing one that is held, correcting a final word."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from app.bootstrap.decisions import amender_of, preflight_of
from app.domain import problems as p
from app.domain.states import HeldKind, OrderState
from app.orders.complete import LONGEST_REASON, complete
from app.orders.correct import correct
from app.web.api.json_body import REFUSALS, Reason, documents, reads
from app.web.api.orders import OrderStatus, show_order
from app.web.callers import OpsActor, OpsCaller
from app.web.door.door import ORDERS
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["订单"])


class CorrectionIn(BaseModel):
    """What an order's final word really is; ``main`` is left out where its number stays."""

    model_config = ConfigDict(extra="forbid")

    to: Literal["imported", "duplicate", "rejected", "cancelled", "batched"]
    main: str | None = Field(
        default=None,
        max_length=64,
        validation_alias=AliasChoices("main", "main_order_number"),
        description="主系统单号",
    )
    reason: Reason


@router.post(
    ORDERS + "/{order_number}/correct",
    summary="更正一笔订单的最终结果（签认之前）",
    responses=documented(*REFUSALS, p.NotFound, p.NotInThisState),
    openapi_extra=documents(CorrectionIn),
)
def correct_order(
    boat: TheBoat,
    caller: OpsCaller,
    by: OpsActor,
    order_number: Annotated[str, PathParameter(max_length=40)],
    correction: Annotated[CorrectionIn, Depends(reads(CorrectionIn))],
) -> OrderStatus:
    """Correct a final word that was wrong, and tell where the order stands then."""
    with boat.store.writing() as uow:
        correct(
            uow,
            order_number,
            to=OrderState(correction.to),
            main=correction.main,
            reason=correction.reason,
            by=by,
            now=boat.clock.now(),
        )
    return show_order(boat, caller, order_number)


class CompletionIn(BaseModel):
    """What a held order is to say; values by path, empty ones clear."""

    model_config = ConfigDict(extra="forbid")

    changes: dict[str, JsonValue] = Field(
        examples=[{"recipient.name": "张三", "items.0.unit_price": "9.90", "placed_at": None}], min_length=1
    )
    reason: Annotated[Reason, Field(max_length=LONGEST_REASON)]


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
    responses=documented(*REFUSALS, p.NotFound, p.NotInThisState),
    openapi_extra=documents(CompletionIn),
)
def complete_order(
    boat: TheBoat,
    by: OpsActor,
    order_number: Annotated[str, PathParameter(max_length=40)],
    wanted: Annotated[CompletionIn, Depends(reads(CompletionIn))],
) -> CompletionOut:
    """Change fields of a held order, as a person asked; checked and sealed as at the door."""
    amend, preflight, now = amender_of(boat), preflight_of(boat), boat.clock.now()
    with boat.store.writing() as uow:
        changes: dict[str, object] = {**wanted.changes}
        done = complete(
            uow, order_number, changes, reason=wanted.reason, amend=amend, preflight=preflight, by=by, now=now
        )
    missing, reason = list(done.fitness.missing), done.fitness.reason or None
    return CompletionOut(
        order_number=done.number, status=done.state, held_kind=done.kind, missing=missing, reason=reason
    )
