"""What a person decides about one order over HTTP: completing one that is held, correcting a final word."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi import Path as PathParameter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Lifeboat
from app.bootstrap.decisions import amender_of, preflight_of
from app.domain import problems as p
from app.domain.actor import Actor
from app.domain.states import HeldKind, OrderState
from app.intake.schemas import field_error
from app.orders.complete import LONGEST_REASON, Completed, complete
from app.orders.correct import correct
from app.web.api.orders import OrderStatus, show_order
from app.web.callers import OpsActor, OpsCaller
from app.web.door.door import ORDERS
from app.web.parts import TheBoat, TheDoor
from app.web.problems import documented

router = APIRouter(tags=["订单"])


class CorrectionIn(BaseModel):
    """What an order's final word really is; ``main`` is left out where its number stays."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    to: Literal["imported", "duplicate", "rejected", "cancelled", "batched"]
    main: str | None = Field(
        default=None,
        max_length=64,
        validation_alias=AliasChoices("main", "main_order_number"),
        description="主系统单号",
    )
    reason: str = Field(min_length=1, max_length=500)


@router.post(
    ORDERS + "/{order_number}/correct",
    summary="更正一笔订单的最终结果（签认之前）",
    responses=documented(p.Malformed, p.Unauthenticated, p.Forbidden, p.NotFound, p.NotInThisState, p.InvalidOrder),
)
def correct_order(
    boat: TheBoat,
    caller: OpsCaller,
    by: OpsActor,
    order_number: Annotated[str, PathParameter(max_length=40)],
    correction: CorrectionIn,
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
    done = await run_in_threadpool(_complete, boat, order_number, wanted, by)
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


EXTRA_MODELS = (CompletionIn,)
"""Models that the document names and FastAPI does not find by itself."""
