"""Contradictions over HTTP: what the main system said that does not fit, and a person's decision about it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter
from pydantic import AwareDatetime, BaseModel, ConfigDict

from app.bootstrap import Lifeboat
from app.domain import problems as p
from app.orders.contradictions import settle_contradiction
from app.store.repositories.contradictions import ContradictionRow
from app.web.api.json_body import REFUSALS, Reason, documents, reads
from app.web.callers import OpsActor, OpsCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(prefix="/v1/contradictions", tags=["导入结果"])


class WordOnOrder(BaseModel):
    """What is known, or was said, of an order."""

    result: str
    main_order_number: str | None


class ContradictionOut(BaseModel):
    """A word that does not fit; ``settlement`` is null while it waits for a person."""

    id: int
    order_number: str
    batch: str | None
    known: WordOnOrder
    said: WordOnOrder
    reason: str | None
    reported_by: str
    reported_at: AwareDatetime
    settlement: Literal["kept", "corrected"] | None
    settled_by: str | None
    settled_at: AwareDatetime | None


class ContradictionPage(BaseModel):
    """A page of contradictions, oldest first; pass ``next`` as ``cursor`` for the page after."""

    items: list[ContradictionOut]
    next: str | None


class SettlementIn(BaseModel):
    """A person's decision: the order stays as it is, or what was said is taken."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["keep", "take"]
    reason: Reason


@router.get("", summary="与已知结果矛盾、等人裁定的结果", responses=documented(p.Unauthenticated, p.Forbidden))
def list_contradictions(
    boat: TheBoat,
    _caller: OpsCaller,
    state: Annotated[Literal["open", "all"], Query(description="open 待裁定，all 全部")] = "open",
    cursor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ContradictionPage:
    """List contradictions."""
    return contradiction_page(boat, everything=state == "all", after=cursor, limit=limit)


@router.post(
    "/{contradiction_id}/settle",
    summary="裁定一条矛盾：keep 维持原状，take 采纳新结果",
    responses=documented(*REFUSALS, p.NotFound, p.NotInThisState),
    openapi_extra=documents(SettlementIn),
)
def settle(
    boat: TheBoat,
    by: OpsActor,
    contradiction_id: Annotated[int, PathParameter(ge=1, le=2**62)],
    settlement: Annotated[SettlementIn, Depends(reads(SettlementIn))],
) -> ContradictionOut:
    """Settle a contradiction; it is settled once."""
    with boat.store.writing() as uow:
        found = settle_contradiction(
            uow, contradiction_id, settlement.decision, reason=settlement.reason, by=by, now=boat.clock.now()
        )
        return _shown(boat, found)


def contradiction_page(boat: Lifeboat, *, everything: bool, after: int | None, limit: int) -> ContradictionPage:
    """Return a page of contradictions, times on the merchant's wall clock."""
    with boat.store.reading() as uow:
        found = uow.contradictions.page(everything=everything, after=after, limit=limit + 1)
        more = str(found[limit - 1].row.id) if len(found) > limit else None
        return ContradictionPage(items=[_shown(boat, one) for one in found[:limit]], next=more)


def _shown(boat: Lifeboat, found: ContradictionRow) -> ContradictionOut:
    row, zone = found.row, boat.settings.zone
    return ContradictionOut.model_validate(
        {
            "id": row.id,
            "order_number": found.order_number,
            "batch": found.batch,
            "known": {"result": row.known, "main_order_number": row.known_main or None},
            "said": {"result": row.said, "main_order_number": row.said_main or None},
            "reason": row.reason,
            "reported_by": row.reported_by,
            "reported_at": row.reported_at.astimezone(zone),
            "settlement": row.settlement,
            "settled_by": row.settled_by,
            "settled_at": row.settled_at.astimezone(zone) if row.settled_at else None,
        }
    )
