"""What all pages share: a template, the person, and reads that happen on threads."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from app import words
from app.bootstrap import Lifeboat
from app.web.console.auth import ConsoleAuth, Person, person_of
from app.web.console.csrf import FIELD
from app.web.console.dashboard_figures import DashboardFigures
from app.web.console.navigation import ENTRIES, Entry
from app.web.console.roles import may
from app.web.console.said import Said
from app.web.console.strip import strip_of
from app.web.ops.health import Health

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page is made with."""

    boat: Lifeboat
    gate: ConsoleAuth
    templates: Jinja2Templates
    said: Said
    dashboard: DashboardFigures
    health: Health

    async def look(self, request: Request) -> None:
        """Find out how things stand, for the strip above the page; a page is shown also where that fails."""
        try:
            figures = await run_in_threadpool(self.dashboard.figures)
            request.state.strip = strip_of(figures, await self.health.document())
        except Exception as error:  # noqa: BLE001 - the page itself says what is wrong, if anything is
            log.warning("no_strip", reason=type(error).__name__)

    def render(self, request: Request, template: str, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - what the template shows
        """Return a page for whoever is signed in; ``entry`` marks where in the menu it stands."""
        person: Person | None = getattr(request.state, "person", None)
        shown = {"person": person, "may": _may(person), "entries": _entries(person), **context}
        if person is not None:
            shown["said"] = self.said.waiting(request)
            request.state.said_shown = bool(shown["said"])
            shown["csrf_input"] = self._csrf_input(request)
            shown["strip"] = getattr(request.state, "strip", None)
            shown["now"] = self.boat.clock.now()
            shown["ends_at"], shown["longest_at"] = self._ends(request)
        return self.templates.TemplateResponse(request, template, shown, status_code=status)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Return the page of a status that is no page's."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        ours = getattr(error, "detail", "") == words.PAGE_EXPIRED
        sentence = words.PAGE_EXPIRED if ours else words.STATUS_SENTENCES.get(status, words.NOT_DONE)
        return self.render(request, "error.html", status=status, code=status, sentence=sentence, title="无法打开")

    def _ends(self, request: Request) -> tuple[datetime | None, datetime | None]:
        """Return when the session is over if nobody clicks again, and when it is over whatever is clicked."""
        session, sessions = self.gate.session_of(request), self.gate.sessions
        if session is None:
            return None, None
        return sessions.ends_at(replace(session, used_at=self.boat.clock.now())), sessions.longest_of(session)

    def _csrf_input(self, request: Request) -> Markup:
        session = self.gate.session_of(request)
        token = self.gate.forms.token(session) if session else ""
        return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


class ConsolePage:
    """A part of the console: its routes are its methods marked by :func:`app.web.console.routing.route`."""

    path = ""
    """Below ``/console``."""
    entry = ""
    """The menu entry that is marked while it is shown."""
    title = ""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.boat = frame.boat

    def render(self, request: Request, template: str, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - what the template shows
        """Return a page made from one of our templates."""
        known = {"title": self.title, "entry": self.entry}
        return self.frame.render(request, f"console/{template}", status=status, **{**known, **context})


def may_of(request: Request, route: str) -> bool:
    """Tell whether whoever sends this request may use a route."""
    return may(person_of(request).role, route)


def cursor_of(request: Request) -> int | None:
    """Return the row id to go on before, None where the address holds none or nonsense."""
    text = request.query_params.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 - fits 64 bits


def with_query(request: Request, **changes: str | int | None) -> str:
    """Return this page's address with some of its parameters changed, for the links of a list."""
    kept = {name: value for name, value in request.query_params.items() if name not in changes}
    kept |= {name: str(value) for name, value in changes.items() if value is not None}
    return "?" + urlencode(kept)


def _may(person: Person | None) -> Any:  # noqa: ANN401 - a function of the templates
    return lambda route: person is not None and may(person.role, route)


def _entries(person: Person | None) -> list[Entry]:
    return [entry for entry in ENTRIES if person is not None and may(person.role, entry.route)]
