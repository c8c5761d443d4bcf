"""The pages of signing in and out."""

from typing import assert_never

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from app.access.sign_in import Refused, SignedIn, TooEarly, sign_in
from app.web.console import filters
from app.web.console.auth import ConsoleAuth, address_of
from app.web.console.filters import BASE

AT_ONCE = 2
"""Passwords hashed at the same time: each takes 19 MiB and a core, and orders need both."""


class Entrance:
    """Signs people in and out."""

    def __init__(self, gate: ConsoleAuth, templates: Jinja2Templates) -> None:
        self._gate = gate
        self._templates = templates
        self._limiter = CapacityLimiter(AT_ONCE)

    async def sign_in(self, request: Request) -> Response:
        """Show the form; take the form."""
        wanted = inside(request.query_params.get("next"))
        if not request.state.is_anonymous:
            return RedirectResponse(wanted, status_code=303)
        if request.method != "POST":
            return self._form(request)
        form = await request.form()
        name, password = str(form.get("username") or "").strip(), str(form.get("password") or "")
        boat, address, now = self._gate.boat, address_of(request), self._gate.boat.clock.now()
        outcome = await to_thread.run_sync(
            lambda: sign_in(boat.store, name, password, address=address, now=now), limiter=self._limiter
        )
        match outcome:
            case SignedIn(user_id, epoch, must_change):
                inward = RedirectResponse(f"{BASE}/account" if must_change else wanted, status_code=303)
                self._gate.begin_session(inward, user_id=user_id, epoch=epoch)
                return inward
            case Refused():
                return self._form(request, error="账号或密码不正确。", name=name, status=401)
            case TooEarly(wait):
                response = self._form(
                    request, error=f"尝试次数过多，请在{filters.span(wait)}后再试。", name=name, status=429
                )
                response.headers["retry-after"] = str(int(wait.total_seconds()) + 1)
                return response
            case _:
                assert_never(outcome)

    async def sign_out(self, _request: Request) -> Response:
        """End the session of this browser."""
        response = RedirectResponse(f"{BASE}/login", status_code=303)
        self._gate.end_session(response)
        return response

    def _form(self, request: Request, *, error: str = "", name: str = "", status: int = 200) -> Response:
        context = {"error": error, "name": filters.harmless(name, 64), "title": "登录"}
        return self._templates.TemplateResponse(request, "console/login.html", context, status_code=status)


def sign_in_routes(gate: ConsoleAuth, templates: Jinja2Templates) -> list[Route]:
    """Return the routes of signing in and out."""
    pages = Entrance(gate, templates)
    return [
        Route("/login", pages.sign_in, methods=["GET", "POST"], name="login"),
        Route("/logout", pages.sign_out, methods=["POST"], name="logout"),
    ]


def inside(target: str | None) -> str:
    """Return ``target`` if it is a page of the console, else the home page: signing in leads nowhere else."""
    home = f"{BASE}/"
    if target is None or not target.startswith(home) or "\\" in target or not target.isprintable():
        return home
    return target
