"""One shape for every error: problem+json (RFC 9457), Chinese for people, a stable code for machines."""

import json
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.domain import problems as p
from app.domain.problems import FieldError, Problem

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
REQUEST_ID = "lifeboat.request_id"
"""Where a request's id stands in its scope."""

STATUS: dict[type[Problem], int] = {
    p.Malformed: 400,
    p.BadIdempotencyKey: 400,
    p.Unauthenticated: 401,
    p.Forbidden: 403,
    p.NotFound: 404,
    p.NotAllowed: 405,
    p.TooSlow: 408,
    p.NotInThisState: 409,
    p.ConfirmationRequired: 409,
    p.TooLarge: 413,
    p.UnsupportedMedia: 415,
    p.InvalidOrder: 422,
    p.InvalidResults: 422,
    p.IdempotencyConflict: 422,
    p.ChangeConflict: 422,
    p.TooMany: 429,
    p.QuotaExceeded: 429,
    p.Busy: 503,
    p.IntakeClosed: 503,
    p.StoreAway: 503,
    p.NoRoom: 507,
    p.InternalError: 500,
}
_OF_STATUS: dict[int, type[Problem]] = {
    404: p.NotFound,
    405: p.NotAllowed,
    401: p.Unauthenticated,
    403: p.Forbidden,
    413: p.TooLarge,
}


def status_of(problem: Problem) -> int:
    """Return the HTTP status of a problem."""
    return STATUS.get(type(problem), 500)


def document_of(problem: Problem, *, request_id: str = "") -> dict[str, Any]:
    """Return a problem as RFC 9457 members."""
    document: dict[str, Any] = {
        "type": f"urn:lifeboat:problem:{problem.code}",
        "title": problem.title,
        "status": status_of(problem),
        "detail": problem.detail,
        "code": problem.code,
    }
    if request_id:
        document["instance"] = f"urn:lifeboat:request:{request_id}"
    if isinstance(problem, p.ConfirmationRequired) and problem.would_import is not None:
        document["would_import"] = problem.would_import
    if problem.errors:
        document["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in problem.errors]
    return document


def headers_of(problem: Problem) -> dict[str, str]:
    """Return the header fields a problem brings along."""
    headers = {}
    if problem.retry_after is not None:
        headers["retry-after"] = str(problem.retry_after)
    if isinstance(problem, p.Unauthenticated):
        headers["www-authenticate"] = 'Bearer realm="lifeboat"'
    return headers


def body_of(problem: Problem, *, request_id: str = "") -> bytes:
    """Return a problem as bytes."""
    return json.dumps(document_of(problem, request_id=request_id), ensure_ascii=False).encode()


def answer(problem: Problem, *, request_id: str = "") -> Response:
    """Return a problem as a response."""
    return Response(body_of(problem, request_id=request_id), status_of(problem), headers_of(problem), MEDIA_TYPE)


def documented(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the problems a route may answer."""
    described: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = described.setdefault(
            STATUS[kind],
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        entry["description"] = "；".join(filter(None, [entry["description"], kind.title]))
        entry["content"][MEDIA_TYPE]["examples"][kind.code] = {"value": document_of(kind())}
    return described


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer one of our own problems."""
    assert isinstance(error, Problem)  # noqa: S101 - registered for this type alone
    return answer(error, request_id=request_id_of(request))


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: an unknown address, a wrong method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    kind = _OF_STATUS.get(error.status_code)
    if kind is None:
        problem: Problem = p.Malformed(str(error.detail)) if error.status_code < 500 else p.InternalError()  # noqa: PLR2004 - the client's fault or ours
    else:
        problem = kind()
    response = answer(problem, request_id=request_id_of(request))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Answer parameters that FastAPI could not read."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    errors = [FieldError("/" + "/".join(map(str, one["loc"])), one["type"], "参数有误") for one in error.errors()]
    return answer(
        p.InvalidOrder("请求参数有误，请按 errors 逐项修改。", errors=errors), request_id=request_id_of(request)
    )


async def on_gone(_request: Request, _error: Exception) -> Response:
    """Answer somebody who has hung up: nobody reads it, and nothing is amiss."""
    return Response(status_code=400)


async def on_mistake(request: Request, error: Exception) -> Response:
    """Answer a mistake of ours without a word of how it came about; the log has it, and the traceback follows."""
    log.error("request_broke", request_id=request_id_of(request), reason=type(error).__name__)
    return answer(p.InternalError(), request_id=request_id_of(request))


def request_id_of(request: Request) -> str:
    """Return the id under which this request stands in the log."""
    return str(request.scope.get(REQUEST_ID, ""))
