"""The console's sessions: read at each request, and good only while the account's row says so."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.bootstrap import Lifeboat
from app.domain.actor import Actor, Way
from app.domain.role import Role
from app.web.console.csrf import FormTokens
from app.web.console.filters import BASE
from app.web.console.live_answer import asks_for_region
from app.web.console.middleware import bare_page
from app.web.console.session import COOKIE, Session, Sessions

log = structlog.get_logger()

POLLS = frozenset({f"{BASE}/figures", f"{BASE}/strip", f"{BASE}/live", f"{BASE}/alerts/bell", f"{BASE}/held/count"})
"""What pages ask by themselves, beside their own regions: it keeps a session alive only while an incident is open."""

ENDS = "x-session-ends"
"""The header that tells a page when its session will be over, so that it can warn in time."""

SIGN_IN = f"{BASE}/login"
_WITH_FIRST_PASSWORD = frozenset({f"{BASE}/account", f"{BASE}/logout"})


@dataclass(frozen=True, slots=True)
class Person:
    """The person at the console, made for each request from the account's row."""

    username: str
    user_id: int
    role: Role
    must_change: bool = False


class ConsoleAuth:
    """Knows who sends a request, by our sessions and accounts."""

    def __init__(self, boat: Lifeboat) -> None:
        self.boat = boat
        self.secure = boat.settings.public_base.startswith("https://")
        self.sessions = Sessions(boat.keyring.session, longest=timedelta(hours=boat.settings.session_hours))
        self.forms = FormTokens(boat.keyring.session)
        self.taking_orders: Callable[[], bool] = lambda: False
        """Whether an incident is open, as far as this process knows."""

    async def authenticate(self, request: Request) -> Person | None:
        """Return who sends this request."""
        session = self.session_of(request)
        return None if session is None else await run_in_threadpool(self._person, session)

    def session_of(self, request: Request) -> Session | None:
        """Return the session this request belongs to, by its cookie alone."""
        cookie = request.cookies.get(COOKIE)
        return self.sessions.read(cookie, now=self.boat.clock.now()) if cookie else None

    def begin_session(self, response: Response, *, user_id: int, epoch: int) -> None:
        """Give the browser a new session."""
        self._set(response, self.sessions.begin(user_id, epoch, now=self.boat.clock.now()))

    def end_session(self, response: Response) -> None:
        """Take the session from the browser."""
        response.delete_cookie(COOKIE, path=BASE, httponly=True, samesite="lax", secure=self.secure)

    def renew(self, headers: MutableHeaders, session: Session, *, click: bool) -> None:
        """Note a click in the browser's session, and tell when the session ends."""
        now = self.boat.clock.now()
        cookie = self.sessions.renewed(session, now=now) if click else None
        if cookie is not None and f"{COOKIE}=" not in " ".join(headers.getlist("set-cookie")):
            response = Response()
            self._set(response, cookie)
            headers.append("set-cookie", response.headers["set-cookie"])
            session = replace(session, used_at=now)
        headers[ENDS] = self.sessions.ends_at(session).isoformat()

    def _set(self, response: Response, cookie: str) -> None:
        hours = self.boat.settings.session_hours
        response.set_cookie(
            COOKIE, cookie, max_age=hours * 3600, path=BASE, httponly=True, samesite="lax", secure=self.secure
        )

    def _person(self, session: Session) -> Person | None:
        with self.boat.store.reading() as uow:
            user = uow.access.user(session.user_id)
        if user is None or user.disabled_at is not None or user.session_epoch != session.epoch:
            return None
        return Person(username=user.name, user_id=session.user_id, role=Role(user.role), must_change=user.must_change)


class SignedInOnly:
    """ASGI middleware: lets in who is known, and sends everybody else to the sign-in."""

    def __init__(self, app: ASGIApp, *, gate: ConsoleAuth) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http" or scope["path"].startswith(f"{BASE}/static/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            person = await self._gate.authenticate(request)
        except Exception as error:  # noqa: BLE001 - all it does is read one row: the database is away
            log.warning("console_without_store", reason=type(error).__name__)
            page = bare_page(
                "数据库没有应答", "控制台暂时打不开。接单不受影响：订单会写入本机暂存，数据库恢复后自动补入。"
            )
            await HTMLResponse(page, status_code=503)(scope, receive, send)
            return
        request.state.person = person
        if person is None:
            inner = self._app if scope["path"] == SIGN_IN else _to_sign_in(request)
            await inner(scope, receive, send)
            return
        if person.must_change and scope["path"] not in _WITH_FIRST_PASSWORD:
            if _asked_by_a_page(request):  # of an older tab: a stream can follow no redirect to a page
                await Response(status_code=401)(scope, receive, send)
                return
            await RedirectResponse(f"{BASE}/account", status_code=303)(scope, receive, send)
            return
        session = self._gate.session_of(request)

        async def renewing(message: Message) -> None:
            if message["type"] == "http.response.start" and session is not None:
                click = not _asked_by_a_page(request) or self._gate.taking_orders()
                self._gate.renew(MutableHeaders(scope=message), session, click=click)
            await send(message)

        await self._app(scope, receive, renewing)


def person_of(request: Request) -> Person:
    """Return who sends a request that has passed the doorkeeper."""
    person: Person = request.state.person
    return person


def address_of(request: Request) -> str:
    """Return where a request comes from, as far as uvicorn trusts its proxies."""
    return request.client.host if request.client else ""


def actor_of(request: Request) -> Actor:
    """Return who acts by a request, for the audit."""
    return Actor(person_of(request).username, Way.CONSOLE, address_of(request))


def _asked_by_a_page(request: Request) -> bool:
    return request.scope["path"] in POLLS or asks_for_region(request)


def _to_sign_in(request: Request) -> Response:
    if _asked_by_a_page(request):
        return Response(status_code=401)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wanted = f"?next={quote(target, safe='')}" if request.method == "GET" and target.rstrip("/") != BASE else ""
    return RedirectResponse(f"{SIGN_IN}{wanted}", status_code=303)
