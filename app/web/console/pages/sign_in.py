"""The pages of signing in and out."""

from typing import assert_never

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.access.sign_in import Refused, SignedIn, TooEarly, sign_in
from app.web.console import filters
from app.web.console.auth import address_of
from app.web.console.csrf import from_our_pages
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import route

AT_ONCE = 2
"""Passwords hashed at the same time: each takes 19 MiB and a core, and orders need both."""


class SignInPage(ConsolePage):
    """Signs people in and out; the form is open to everybody, so it stands outside the table of roles."""

    title = "登录"

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._limiter = CapacityLimiter(AT_ONCE)

    def open_routes(self) -> list[Route]:
        """Return the routes for those who have not signed in."""
        return [Route("/login", self.sign_in, methods=["GET", "POST"], name="login")]

    async def sign_in(self, request: Request) -> Response:
        """Show the form; take the form."""
        wanted = inside(request.query_params.get("next"))
        if request.state.person is not None and "again" not in request.query_params:
            return RedirectResponse(wanted, status_code=303)
        if request.method != "POST":
            return self._form(request)
        if not from_our_pages(request.headers):
            raise HTTPException(403)
        form = await request.form()
        name, password = str(form.get("username") or "").strip(), str(form.get("password") or "")
        boat, address, now = self.boat, address_of(request), self.boat.clock.now()
        outcome = await to_thread.run_sync(
            lambda: sign_in(boat.store, name, password, address=address, now=now), limiter=self._limiter
        )
        match outcome:
            case SignedIn(user_id, epoch, must_change):
                inward = RedirectResponse(f"{BASE}/account" if must_change else wanted, status_code=303)
                self.frame.gate.begin_session(inward, user_id=user_id, epoch=epoch)
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

    @route("/logout", name="logout", methods=("POST",))
    async def sign_out(self, _request: Request) -> Response:
        """End the session of this browser."""
        response = RedirectResponse(f"{BASE}/login", status_code=303)
        self.frame.gate.end_session(response)
        return response

    def _form(self, request: Request, *, error: str = "", name: str = "", status: int = 200) -> Response:
        return self.render(request, "login.html", status=status, error=error, name=filters.harmless(name, 64))


def inside(target: str | None) -> str:
    """Return ``target`` if it is a page of the console, else the home page: signing in leads nowhere else."""
    home = f"{BASE}/"
    if target is None or not target.startswith(home) or "\\" in target or not target.isprintable():
        return home
    return target
