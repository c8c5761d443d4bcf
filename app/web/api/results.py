"""Import results over HTTP: CSV, XLSX or JSON in, what it changed out."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from app.bootstrap import exports_of, headings_of, layouts_of
from app.domain import problems as p
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

    row: int
    order_number: str
    known: WordOut
    said: WordOut


class ReportOut(_Shown):
    """What an upload did, counted in orders."""

    applied: int
    unchanged: int
    unmatched: list[UnmatchedOut]
    conflicts: list[ConflictOut]


class ResultIn(BaseModel):
    """What the main system said of one order."""

    order_number: str
    result: Literal["imported", "duplicate", "failed"]
    main_order_number: str | None = None
    reason: str | None = None


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
        p.TooLarge,
        p.TooSlow,
        p.InvalidResults,
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
    rest: Annotated[Literal["untouched", "imported"], Query(description="错误清单未提到的行如何处理")] = "untouched",
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
            Upload(data, content_type, rest),
            headings=headings_of(boat.settings),
            by=by,
            now=boat.clock.now(),
        )
        return ReportOut.model_validate(await parts.uploads.reading(take))
