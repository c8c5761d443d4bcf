"""Puts the web process together: the door in front, FastAPI behind it."""

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
from app.intake.profile.profile import Profile, load_profiles
from app.web import problems
from app.web.api import alerts, batches, ledger, orders, results
from app.web.console.mount import mount_console
from app.web.door.door import Door
from app.web.door.drop_in import drop_in_doors
from app.web.ops import docs, health, metrics
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
    """The ASGI application of one web process; ``api`` is the FastAPI behind the door."""

    def __init__(self, boat: Lifeboat, *, slot: int = 0) -> None:
        settings = boat.settings
        self.runtime = runtime = Runtime(boat, slot=slot)
        profiles: tuple[Profile, ...] = load_profiles(settings.profiles_dir) if settings.profiles_dir else ()
        parts = {"intake": runtime.intake, "access": runtime.access, "metrics": boat.metrics, "bodies": runtime.bodies}
        self.api = create_api(runtime)
        self.door = Door(RequestIds(self.api), zone=settings.zone, drop_in=drop_in_doors(profiles, **parts), **parts)  # type: ignore[arg-type]
        self.api.state.door = self.door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request, or the lifespan."""
        await self.door(scope, receive, send)


def create_api(runtime: Runtime) -> FastAPI:
    """Return everything but the door: look-ups, batches, results, health, the console."""

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
    api.state.boat = runtime.boat
    api.state.store = runtime.boat.store
    api.state.access = runtime.access
    api.state.runtime = runtime
    api.state.health = health.Health(runtime.boat, runtime.state)
    api.state.figures = metrics.StoreMetrics(runtime.boat, runtime.state)
    for module in (orders, batches, results, ledger, alerts, health, metrics, docs):
        api.include_router(module.router)
    api.add_exception_handler(Problem, problems.on_problem)
    api.add_exception_handler(HTTPException, problems.on_http_error)
    api.add_exception_handler(RequestValidationError, problems.on_invalid_request)
    api.add_exception_handler(Exception, problems.on_mistake)
    api.openapi = lambda: _document(api)  # type: ignore[method-assign]
    mount_console(api, runtime.boat)
    return api


def _document(api: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the models that only the door reads."""
    if api.openapi_schema is None:
        document = get_openapi(title=api.title, version=api.version, summary=api.summary, routes=api.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name, model in {
            "Problem": ProblemOut,
            **{m.__name__: m for m in (*orders.EXTRA_MODELS, results.ResultsIn)},
        }.items():
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
