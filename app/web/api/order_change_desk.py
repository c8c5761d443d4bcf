"""Noted changes over HTTP, for ops: what waits, the file of a batch, and settling one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.bootstrap import change_publisher
from app.domain import problems as p
from app.domain.money import yuan
from app.domain.order_change import ChangeKind, ChangeState
from app.orders.change import LONGEST_SETTLEMENT, settle_change
from app.store.repositories.changes import ChangeRow
from app.store.sealed_wish import open_wish
from app.store.sealing import Keyring
from app.web.api.json_body import REFUSALS, documents, reads
from app.web.callers import OpsActor, OpsCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(prefix="/v1", tags=["订单变更"])

_FILE: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/csv; charset=utf-8": {"schema": {"type": "string"}}}},
    304: {"description": "内容未变"},
}


class NotedChangeOut(BaseModel):
    """A change that a storefront has asked for, and where it stands."""

    id: int
    order_number: str
    main_order_number: str | None
    order_status: str
    batch: str | None
    change: ChangeKind
    state: ChangeState
    reason: str | None
    amount: str | None = Field(description="元")
    transaction_id: str | None
    paid_at: AwareDatetime | None
    asked_by: str
    asked_at: AwareDatetime
    settled_by: str | None
    settled_at: AwareDatetime | None
    settlement: str | None

    @classmethod
    def of(cls, found: ChangeRow, keyring: Keyring) -> "NotedChangeOut":
        """Return a row as it is told."""
        row, wish = found.row, open_wish(keyring, found.row, found.order_number)
        return cls(
            id=row.id or 0,
            order_number=found.order_number,
            main_order_number=found.main_order_number,
            order_status=found.order_state,
            batch=found.batch,
            change=ChangeKind(row.kind),
            state=ChangeState(row.state),
            reason=wish.reason,
            amount=None if row.amount_fen is None else yuan(row.amount_fen),
            transaction_id=wish.transaction_id,
            paid_at=row.paid_at,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            settled_by=row.settled_by,
            settled_at=row.settled_at,
            settlement=row.settlement,
        )


class NotedChangePage(BaseModel):
    """A page of changes that wait, oldest first; pass ``next`` as ``cursor`` for the page after."""

    items: list[NotedChangeOut]
    next: str | None


class ChangeOutcomeIn(BaseModel):
    """What has become of a change; a refusal needs its reason."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["done", "refused"]
    reason: Annotated[str, Field(max_length=LONGEST_SETTLEMENT)] = ""


@router.get(
    "/order-changes",
    summary="已出批订单的待处理变更（旧的在前）",
    responses=documented(p.Unauthenticated, p.Forbidden),
)
def list_changes(
    boat: TheBoat,
    _caller: OpsCaller,
    cursor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> NotedChangePage:
    """List the changes that wait for somebody to follow."""
    with boat.store.reading() as uow:
        found = uow.changes.page(after=cursor, limit=limit + 1)
    items = [NotedChangeOut.of(one, boat.keyring) for one in found[:limit]]
    return NotedChangePage(items=items, next=str(items[-1].id) if len(found) > limit else None)


@router.post(
    "/order-changes/{change_id}/settle",
    summary="处理一项变更",
    responses=documented(*REFUSALS, p.NotFound, p.NotInThisState),
    openapi_extra=documents(ChangeOutcomeIn),
)
def settle(
    boat: TheBoat,
    by: OpsActor,
    change_id: int,
    said: Annotated[ChangeOutcomeIn, Depends(reads(ChangeOutcomeIn))],
) -> NotedChangeOut:
    """Settle a noted change."""
    with boat.store.writing() as uow:
        settle_change(uow, change_id, done=said.outcome == "done", reason=said.reason, by=by, now=boat.clock.now())
        found = uow.changes.get(change_id)
    if found is None:
        raise p.NotFound
    return NotedChangeOut.of(found, boat.keyring)


@router.get(
    "/batches/{number}/changes/file",
    summary="下载一个批次的变更清单（记录在案；ETag 为 SHA-256）",
    response_class=FileResponse,
    responses={**_FILE, **documented(p.Unauthenticated, p.Forbidden, p.NotFound, p.NotInThisState)},
)
def download_changes(request: Request, boat: TheBoat, by: OpsActor, number: str) -> Response:
    """Download the newest file of changes of a batch."""
    found = change_publisher(boat).take(number, by=by, now=boat.clock.now())
    headers = {"cache-control": "private, no-store", "etag": f'"{found.sha256}"', "x-sha256": found.sha256}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"etag": headers["etag"]})
    return FileResponse(found.path, media_type="text/csv; charset=utf-8", filename=found.path.name, headers=headers)
