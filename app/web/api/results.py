"""Import results over HTTP: CSV, XLSX or JSON in, what it changed out."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import exports_of, headings_of, layouts_of, result_words_of
from app.domain import problems as p
from app.handback.import_results import How
from app.handback.upload import Upload, take_results
from app.web.callers import OpsActor
from app.web.parts import TheParts
from app.web.problems import documented

router = APIRouter(prefix="/v1/batches", tags=["导入结果"])


class _Shown(BaseModel):
    """Shows what the stage reports, field by field of the same name."""

    model_config = ConfigDict(from_attributes=True)


class UnmatchedOut(_Shown):
    """A line that belongs to no order of this batch, or cannot be read."""

    sheet: str
    row: int
    order_number: str
    code: str
    reason: str


class WordOut(_Shown):
    """What is, or was, said of an order."""

    result: str
    main_order_number: str | None
    reason: str | None


class ConflictOut(_Shown):
    """A word that contradicts what is known; it changed nothing."""

    sheet: str
    row: int
    order_number: str
    known: WordOut
    said: WordOut


class WarningOut(_Shown):
    """Something about what was taken that a person should see; ``order_number`` is empty if it is of the upload."""

    row: int
    order_number: str
    code: str
    reason: str


class IgnoredOut(_Shown):
    """A line that was understood and says nothing of an order's result: a title, a warning, a count."""

    row: int
    text: str


class ReportOut(_Shown):
    """What an upload did, counted in orders; after a dry run, what it would do."""

    applied: int
    unchanged: int
    unmatched: list[UnmatchedOut]
    conflicts: list[ConflictOut]
    warnings: list[WarningOut]
    ignored: list[IgnoredOut]
    unread: list[str]
    unused_columns: list[str]
    dry_run: bool
    would_import: int | None


class ResultIn(BaseModel):
    """What the main system said of one order."""

    order_number: str
    result: Literal["imported", "duplicate", "failed"]
    main_order_number: str | None = None
    reason: str | None = None
    change: Literal["cancel", "paid"] | None = Field(default=None, description="订单变更的结果：是哪一项变更")


class ResultsIn(BaseModel):
    """The JSON form of an upload."""

    results: list[ResultIn]


@router.post(
    "/{number}/import-results",
    summary="上传导入结果（可重复、可部分、可乱序）",
    responses=documented(
        p.Malformed,
        p.Unauthenticated,
        p.Forbidden,
        p.NotFound,
        p.NotInThisState,
        p.ConfirmationRequired,
        p.TooLarge,
        p.TooSlow,
        p.InvalidResults,
        p.NoRoom,
        p.Busy,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/ResultsIn"}},
                "text/csv": {
                    "schema": {"type": "string"},
                    "example": "应急单号,结果,主系统单号,原因\nLBT2KY1GP7741K6,成功,SO-1,\n",
                },
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                    "schema": {"type": "string", "format": "binary"}
                },
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"file": {"type": "string", "format": "binary"}},
                        "required": ["file"],
                    }
                },
            },
        }
    },
)
async def upload(
    request: Request,
    parts: TheParts,
    by: OpsActor,
    number: str,
    rest: Annotated[Literal["untouched", "imported"], Query(description="没有提到的订单如何处理")] = "untouched",
    confirm: Annotated[int | None, Query(ge=0, description="确认其余多少笔已导入")] = None,
    dry_run: Annotated[bool, Query(description="只说明会怎样，什么都不改")] = False,  # noqa: FBT002 - a query parameter
) -> ReportOut:
    """Take what the main system said of a batch's orders."""
    boat = parts.boat
    async with parts.uploads.one():
        data, content_type = await parts.uploads.file(request)
        take = partial(
            take_results,
            boat.store,
            exports_of(boat.settings),
            layouts_of(boat.settings),
            number,
            Upload(data, content_type, rest, How(confirm, dry_run), result_words_of(boat.settings)),
            headings=headings_of(boat.settings),
            by=by,
            now=boat.clock.now(),
        )
        return ReportOut.model_validate(await parts.uploads.reading(take))
