"""The ledger over HTTP."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.domain import problems as p
from app.domain.ledger import Ledger
from app.store.ledger import NoSuchIncident, ledger_of
from app.web.callers import OpsCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["对账"])


class LedgerOut(BaseModel):
    """Where every accepted order of an incident is; ``accepted`` equals the sum of all others if ``balanced``."""

    incident: str | None
    accepted: int
    imported: int
    duplicate: int
    rejected: int
    cancelled: int
    batched: int
    waiting: int
    held: int
    spooled: int
    balanced: bool
    held_by: dict[str, int] = Field(
        description="待人工确认的按原因分：look_alike、incomplete、broken、unpaid、main_may_have"
    )


def as_document(ledger: Ledger) -> dict[str, Any]:
    """Return a ledger as its public document."""
    return LedgerOut.model_validate(ledger, from_attributes=True).model_dump()


@router.get(
    "/v1/ledger",
    response_model=LedgerOut,
    summary="对账台账",
    responses=documented(p.Unauthenticated, p.Forbidden, p.NotFound),
)
def show_ledger(boat: TheBoat, _caller: OpsCaller, incident: str | None = None) -> dict[str, Any]:
    """Tell where every accepted order of an incident is."""
    try:
        return as_document(ledger_of(boat.store, spool_dir=boat.settings.spool_dir, incident=incident))
    except NoSuchIncident:
        raise p.NotFound("没有这个应急事件。") from None
