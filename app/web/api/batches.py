"""Batches over HTTP: list, make now, look at, download, repair."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import AwareDatetime, BaseModel, ValidationError

from app.batch.download import DOWNLOADED, take_file
from app.batch.maker import BatchMaker, Emptied, MakeOutcome, NotBegun, Nothing, Postponed, Published, Underway
from app.bootstrap import Lifeboat, batch_maker, exports_of
from app.domain import problems as p
from app.domain.money import yuan
from app.files.layouts.registry import UnknownLayout
from app.files.manifest import files_in
from app.store.tables import Batch
from app.store.unit_of_work import UnitOfWork
from app.web.callers import OpsActor, OpsCaller
from app.web.parts import TheBoat
from app.web.problems import documented

log = structlog.get_logger()

router = APIRouter(prefix="/v1/batches", tags=["批次"])

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "manifest": "application/json",
}


DOWNLOADS_COUNTED = 200
"""Of a batch, on average over its page."""


class BatchOut(BaseModel):
    """A published batch; ``total`` in yuan."""

    batch: str
    incident: str
    kind: Literal["regular", "repair"]
    window_from: AwareDatetime
    window_to: AwareDatetime
    published_at: AwareDatetime
    orders: int
    rows: int
    total: str
    held: int
    sha256: str
    downloads: int
    results: dict[str, int]


class BatchPage(BaseModel):
    """A page of batches, newest first; pass ``next`` as ``cursor`` for the page after."""

    items: list[BatchOut]
    next: str | None


class FileOut(BaseModel):
    """One file of a batch."""

    name: str
    format: Literal["csv", "xlsx"]
    rows: int
    bytes: int
    sha256: str


class CheckOut(BaseModel):
    """A check a batch has passed, and what it found."""

    name: str
    passed: bool
    detail: str


class PaymentsOut(BaseModel):
    """How many orders of a file are in each state of payment."""

    paid: int
    unpaid: int
    cod: int
    unknown: int


class ManifestOut(BaseModel):
    """What a batch holds; ``total`` in yuan, ``sha256`` that of the CSV."""

    batch: str
    incident: str
    kind: Literal["regular", "repair"]
    window_from: AwareDatetime
    window_to: AwareDatetime
    orders: int
    rows: int
    total: str
    held: int
    payments: PaymentsOut
    sha256: str
    files: list[FileOut]
    checks: list[CheckOut]


class NoBatch(BaseModel):
    """There was nothing to put into a batch."""

    batch: None


_MADE: dict[int | str, dict[str, Any]] = {
    200: {"model": NoBatch, "description": "没有可成批的订单"},
    201: {"model": ManifestOut, "description": "批次清单"},
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA["csv"]: {"schema": {"type": "string"}}, MEDIA["xlsx"]: {}, MEDIA["manifest"]: {}}},
    304: {"description": "内容未变"},
}


@router.get(
    "",
    response_model=BatchPage,
    summary="批次列表（新的在前）",
    responses=documented(p.Unauthenticated, p.Forbidden, p.NotFound),
)
def list_batches(
    boat: TheBoat,
    _caller: OpsCaller,
    incident: str | None = None,
    cursor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """List published batches."""
    with boat.store.reading() as uow:
        chosen = None
        if incident is not None and (chosen := uow.incidents.named(incident)) is None:
            raise p.NotFound("没有这个应急事件。")
        batches = uow.batches.page(incident_id=chosen.id if chosen else None, before_id=cursor, limit=limit + 1)
        items = _shown(uow, batches[:limit])
    return {"items": items, "next": str(batches[limit - 1].id) if len(batches) > limit else None}


@router.post(
    "",
    status_code=201,
    summary="立即生成批次",
    responses={**_MADE, **documented(p.Unauthenticated, p.Forbidden, p.NotInThisState)},
)
def make_batch(boat: TheBoat, by: OpsActor) -> Response:
    """Cut a batch of whatever waits now; answers its manifest."""
    return manifest_answer(_maker_of(boat).run_once(boat.clock.now(), by=by))


@router.get(
    "/{number}",
    response_model=BatchOut,
    summary="一个批次",
    responses=documented(p.Unauthenticated, p.Forbidden, p.NotFound, p.NotInThisState),
)
def show_batch(boat: TheBoat, _caller: OpsCaller, number: str) -> dict[str, Any]:
    """Look at one batch."""
    with boat.store.reading() as uow:
        batch = uow.batches.named(number)
        if batch is None or batch.published_at is None:
            raise p.NotFound(f"没有批次 {number}。")
        shown = _shown(uow, [batch])
        if not shown:
            raise p.NotInThisState(f"批次 {number} 的记录已损坏，无法显示。")
        return shown[0]


@router.get(
    "/{number}/file",
    summary="下载批次文件（记录在案；ETag 为 SHA-256）",
    response_class=FileResponse,
    responses={**_FILE, **documented(p.Unauthenticated, p.Forbidden, p.NotFound, p.NotInThisState)},
)
def download(
    request: Request,
    boat: TheBoat,
    by: OpsActor,
    number: str,
    format: Literal["csv", "xlsx", "manifest"] = "csv",  # noqa: A002 - the query's public name
) -> Response:
    """Download a file; who, when and from where is written down, and a second download is told of the first."""
    with boat.store.reading() as uow:
        batch = uow.batches.named(number)
    known = files_in(batch.manifest if batch else None)
    sha256 = str(known.get(format, {}).get("sha256", ""))
    tag = f'"{sha256}"'
    if sha256 and tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"etag": tag})
    found = take_file(
        boat.store,
        exports_of(boat.settings),
        number,
        format,
        by=by,
        now=boat.clock.now(),
    )
    headers = {"cache-control": "private, no-store", "x-previous-downloads": str(len(found.earlier))}
    if found.sha256:
        headers |= {"etag": tag, "x-sha256": found.sha256}
    return FileResponse(found.path, media_type=MEDIA[format], filename=found.path.name, headers=headers)


@router.post(
    "/{number}/repair",
    status_code=201,
    summary="把导入失败的订单单独做成补录批次",
    responses={**_MADE, **documented(p.Unauthenticated, p.Forbidden, p.NotFound, p.NotInThisState)},
)
def repair(boat: TheBoat, by: OpsActor, number: str) -> Response:
    """Put the failed orders of a batch, and nothing else, into a new one."""
    outcome = _maker_of(boat).repair(number, by=by, now=boat.clock.now())
    return manifest_answer([] if isinstance(outcome, Nothing) else [outcome])


def _maker_of(boat: Lifeboat) -> BatchMaker:
    try:
        return batch_maker(boat)
    except UnknownLayout as error:
        raise p.NotInThisState(f"{error}，请检查 LIFEBOAT_BATCH_COLUMNS。") from None


def manifest_answer(outcomes: list[MakeOutcome]) -> Response:
    """Answer the manifest of the newest batch among ``outcomes``.

    Raises:
        p.NotInThisState: a batch is being made by somebody else, or could not be finished now.
    """
    published = [outcome for outcome in outcomes if isinstance(outcome, Published)]
    if published:
        return JSONResponse(published[-1].manifest, status_code=201)
    for outcome in outcomes:
        match outcome:
            case Underway(name):
                raise p.NotInThisState(f"批次 {name} 正在生成，请稍后查看。")
            case Postponed(name, advice=advice):
                raise p.NotInThisState(f"批次 {name} 暂时无法写出，稍后会自动重试；{advice}。")
            case NotBegun(reason):
                raise p.NotInThisState(f"{reason}。批次未能开始，订单未受影响；改正后自动生成。")
            case Emptied() | Published():
                continue
    return JSONResponse({"batch": None}, status_code=200)


def _shown(uow: UnitOfWork, batches: Sequence[Batch]) -> list[dict[str, Any]]:
    """Return what a page shows of its batches: three questions a page, however many there are."""
    incidents = uow.incidents.names({batch.incident_id for batch in batches})
    names = [batch.name or "" for batch in batches]
    downloads = uow.audit.of_each(names, DOWNLOADED, limit=DOWNLOADS_COUNTED * len(batches))
    results = uow.results.counts_of_each([batch.id or 0 for batch in batches])
    shown = [
        {
            "batch": batch.name,
            "incident": incidents[batch.incident_id],
            "kind": batch.kind,
            "window_from": batch.window_from,
            "window_to": batch.window_to,
            "published_at": batch.published_at,
            "orders": batch.orders,
            "rows": batch.rows,
            "total": yuan(batch.total_fen) if isinstance(batch.total_fen, int) else None,
            "held": batch.held,
            "sha256": batch.sha256,
            "downloads": len(downloads.get(batch.name or "", ())),
            "results": results.get(batch.id or 0, {}),
        }
        for batch in batches
    ]
    return [one for one in shown if _readable(one)]


def _readable(shown: dict[str, Any]) -> bool:
    """Tell whether a row can be shown; a damaged one is named in the log and passed over, and the others are shown."""
    try:
        BatchOut.model_validate(shown)
    except ValidationError as error:
        log.error("batch_unreadable", batch=shown["batch"], reason=str(error.errors()[0]["loc"]))  # noqa: TRY400 - as said
        return False
    return True
