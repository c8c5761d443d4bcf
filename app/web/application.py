"""Puts the web process together: its parts, and FastAPI with every route over them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from app import __version__
from app.bootstrap import Lifeboat
from app.domain.problems import InvalidOrder, NotFound, Problem
from app.web import problems
from app.web.api import (
    alerts,
    batches,
    carrier_push,
    contradictions,
    decisions,
    heartbeats,
    hours,
    json_body,
    ledger,
    lifecycle,
    order_change_desk,
    order_changes,
    orders,
    own_orders,
    promises,
    results,
    roster,
    skus,
    stages,
    systemic,
    triage,
)
from app.web.console.mount import mount_console
from app.web.door.body import ClientGone
from app.web.door.drop_in import drop_ins
from app.web.ops import docs, routes
from app.web.parts import Parts, open_parts
from app.web.request_id import RequestIds
from app.web.runtime import Runtime


class FieldErrorOut(BaseModel):
    """One wrong field."""

    pointer: str
    code: str
    detail: str


class ProblemOut(BaseModel):
    """problem+json (RFC 9457): switch on ``code``, show ``detail``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    errors: list[FieldErrorOut] | None = None


class WebApp:
    """The ASGI application of one web process: drop-in doors at their paths, ``api``, its FastAPI, at all others."""

    def __init__(self, boat: Lifeboat, *, slot: int = 0) -> None:
        self.parts = parts = open_parts(boat, slot=slot)
        self.runtime = Runtime(parts)
        self.api = create_api(parts, self.runtime)
        self._drop_ins = drop_ins(parts.profiles, parts.door)
        self._routes = RequestIds(self.api, parts.door.request_ids)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request, or the lifespan."""
        drop_in = self._drop_ins.get(scope["path"]) if scope["type"] == "http" else None
        await (drop_in or self._routes)(scope, receive, send)


def create_api(parts: Parts, runtime: Runtime) -> FastAPI:
    """Return all routes: orders, batches, results, ledger, health, and the console."""

    @asynccontextmanager
    async def lifespan(_api: FastAPI) -> AsyncIterator[None]:
        async with runtime.running():
            yield

    api = FastAPI(
        title="Lifeboat 订单救生艇",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,  # a redirect names the host of the request, and takes a key wherever that points
        docs_url=None,  # ours needs nothing from another host: see docs.py
        redoc_url=None,
        summary="主系统宕机时的应急接单服务",
    )
    api.state.parts = parts
    # Orders first, then the console: on the way to what comes after a router, FastAPI looks at every route in it.
    api.include_router(orders.router)
    mount_console(api, parts)
    for module in (
        order_changes,
        own_orders,
        order_change_desk,
        decisions,
        batches,
        results,
        contradictions,
        ledger,
        skus,
        alerts,
        lifecycle,
        carrier_push,
        stages,
        triage,
        promises,
        heartbeats,
        hours,
        systemic,
        roster,
        routes,
        docs,
    ):
        api.include_router(module.router)
    api.add_exception_handler(Problem, problems.on_problem)
    api.add_exception_handler(HTTPException, problems.on_http_error)
    api.add_exception_handler(RequestValidationError, problems.on_invalid_request)
    api.add_exception_handler(ClientGone, problems.on_gone)
    api.add_exception_handler(Exception, problems.on_mistake)
    api.openapi = lambda: _document(api)  # type: ignore[method-assign]
    return api


def _document(api: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the models that only the door reads."""
    if api.openapi_schema is None:
        document = get_openapi(title=api.title, version=api.version, summary=api.summary, routes=api.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        read_by_us: dict[str, type[BaseModel]] = {"Problem": ProblemOut, "ResultsIn": results.ResultsIn}
        for name, model in {**read_by_us, **json_body.DOCUMENTED}.items():
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[name] = schema
        document["components"]["securitySchemes"] = {
            "HTTPBearer": {"type": "http", "scheme": "bearer", "bearerFormat": "lbk_<id>_<secret>"}
        }
        _refuse_in_our_shape(document)
        api.openapi_schema = document
    return api.openapi_schema


def _refuse_in_our_shape(document: dict[str, Any]) -> None:
    """Put our refusal of unreadable parameters in place of the framework's own, which we never answer.

    Whatever takes a text from the address also answers what :class:`RequestIds` says of a NUL in it.
    """
    ours = problems.documented(InvalidOrder)[problems.STATUS[InvalidOrder]]
    nowhere = problems.documented(NotFound)[problems.STATUS[NotFound]]
    for path in document["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                operation["responses"]["422"] = ours
            if any(parameter["in"] in {"path", "query"} for parameter in operation.get("parameters", ())):
                operation["responses"].setdefault("404", nowhere)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
