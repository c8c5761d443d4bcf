"""Puts pages under their routes, each behind its row in the table of roles, and forms behind their token too."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import words
from app.web.console.auth import ConsoleAuth, person_of
from app.web.console.csrf import carries_token
from app.web.console.live_answer import asks_for_region, marked
from app.web.console.roles import ALLOWED, may
from app.web.console.said import Said
from app.web.uploads import FORM, UploadForm, Uploads

Endpoint = Callable[[Request], Awaitable[Response]]
_MARK = "console_route"


_WITHOUT_STRIP = frozenset(
    {"live", "stay", "batch-file", "audit-export", "orders-fresh", "orders-export", "orders-import-template"}
    | {"events-import-template", "events-import-errors"}
)
"""Routes that show no page, and need not look at how things stand."""


class PageExpired(HTTPException):
    """A form whose token is not its session's; loading its page again mends it."""

    def __init__(self) -> None:
        super().__init__(403, words.PAGE_EXPIRED)


class NotInTheTable(Exception):
    """A route has no row in the table of roles."""


def route(path: str, *, name: str, methods: tuple[str, ...] = ("GET",)) -> Callable[[Any], Any]:
    """Mark a method of a page as what answers ``path`` below the page's own."""

    def mark(method: Any) -> Any:  # noqa: ANN401 - a method
        setattr(method, _MARK, (path, name, methods))
        return method

    return mark


def routes_of(page: object, *, below: str, gate: ConsoleAuth, said: Said) -> Iterator[Route]:
    """Yield the routes of a page, guarded.

    Raises:
        NotInTheTable: one of them is not in the table of roles.
    """
    for attribute in dir(type(page)):
        marked = getattr(getattr(type(page), attribute), _MARK, None)
        if marked is not None:
            path, name, methods = marked
            if name not in ALLOWED:
                raise NotInTheTable(name)
            endpoint = _guarded(getattr(page, attribute), name, page=page, gate=gate, said=said)
            yield Route(f"{below}{path}" or "/", endpoint, methods=list(methods), name=name)


async def _long_form(endpoint: Endpoint, request: Request) -> UploadForm:
    """Read a form that brings a file.

    Raises:
        HTTPException: this page takes none.
        TooLarge, TooSlow: the form is longer, or comes more slowly, than an upload may.
    """
    uploads: Uploads | None = getattr(getattr(endpoint, "__self__", None), "uploads", None)
    if uploads is None:
        raise HTTPException(413)
    return await uploads.form(request)


def form_of(request: Request) -> UploadForm:
    """Return the form that the guard has read."""
    form: UploadForm = request.state.form
    return form


def _guarded(endpoint: Endpoint, name: str, *, page: Any, gate: ConsoleAuth, said: Said) -> Endpoint:  # noqa: ANN401 - any page
    async def answer(request: Request) -> Response:
        if not may(person_of(request).role, name):
            raise HTTPException(403)
        if request.method == "POST":
            if request.headers.get("content-type", "").startswith(FORM):
                request.state.form = await _long_form(endpoint, request)
            session = gate.session_of(request)
            if session is None or not await carries_token(request, gate.forms, session):
                raise PageExpired
        if name not in _WITHOUT_STRIP:
            await page.frame.look(request)
        response = await endpoint(request)
        if request.method == "POST":
            page.frame.dashboard.forget()  # whatever it did, the page that follows counts anew
        if request.method == "GET" and asks_for_region(request):
            response = marked(request, response)
        said.carry(request, response, secure=gate.secure)
        return response

    return answer
