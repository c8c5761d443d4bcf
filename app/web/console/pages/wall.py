"""大屏 /wall: figures alone, for a screen nobody has signed in at; lives through every incident until revoked."""

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.access.kiosks import LinkUsed, connect_kiosk, kiosk_of
from app.store.repositories.glance import Glance
from app.store.tables import Kiosk
from app.web.console.auth import address_of
from app.web.console.csrf import from_our_pages
from app.web.console.live_answer import marked
from app.web.console.lookout import Lookout
from app.web.console.middleware import ConsoleMiddleware
from app.web.console.page import Frame
from app.web.console.pages.live import stream

WALL = "/wall"
COOKIE = "lifeboat_wall"
WORTH_PACKING = 1024


def create_wall(frame: Frame, lookout: Lookout) -> Starlette:
    """Return the wall's own application."""
    wall = Wall(frame, lookout)
    return Starlette(
        routes=[
            Route("/", wall.index, name="wall"),
            Route("/figures", wall.figures, name="wall-figures"),
            Route("/live", wall.live, name="wall-live"),
            Route("/connect", wall.connect, methods=["GET", "POST"], name="wall-connect"),
        ],
        middleware=[
            Middleware(ConsoleMiddleware, secure=frame.gate.secure),
            Middleware(GZipMiddleware, minimum_size=WORTH_PACKING),
        ],
        exception_handlers={HTTPException: frame.refused},
    )


class Wall:
    """The screen's page, its one region, its stream, and how it is connected."""

    def __init__(self, frame: Frame, lookout: Lookout) -> None:
        self._frame = frame
        self._boat = frame.boat
        self._lookout = lookout

    async def index(self, request: Request) -> Response:
        """Show the figures, or that this screen is not connected."""
        if await self._kiosk(request) is None:
            return self._frame.render(request, "wall/shut.html", status=401, title="大屏")
        return await self._shown(request, "wall/wall.html")

    async def figures(self, request: Request) -> Response:
        """Return what changes."""
        if await self._kiosk(request) is None:
            return Response(status_code=401)
        return marked(request, await self._shown(request, "wall/figures.html"))

    async def live(self, request: Request) -> Response:
        """Say when the figures have changed, for as long as the screen may show them."""
        kiosk = await self._kiosk(request)
        if kiosk is None:
            return Response(status_code=401)
        kiosk_id = kiosk.id

        def entitled(glance: Glance) -> bool:
            return kiosk_id in glance.kiosks

        return stream(self._lookout, entitled)

    async def connect(self, request: Request) -> Response:
        """Ask whether this is the screen; on its word use the link up.

        A link that is only looked at stays good: chats open links by themselves to show a preview.
        """
        link = request.query_params.get("link", "")[:200]
        if request.method != "POST":
            return self._frame.render(request, "wall/connect.html", link=link, wrong="", title="连接大屏")
        if not from_our_pages(request.headers):
            raise HTTPException(403)
        try:
            kiosk, cookie = await run_in_threadpool(self._connect, link, address_of(request))
        except LinkUsed as error:
            return self._frame.render(
                request, "wall/connect.html", status=410, link="", wrong=str(error), title="连接大屏"
            )
        response = RedirectResponse(f"{WALL}/", status_code=303)
        lasts = int((kiosk.ends_at - self._boat.clock.now()).total_seconds())
        secure = self._frame.gate.secure
        response.set_cookie(COOKIE, cookie, max_age=lasts, path=WALL, httponly=True, samesite="lax", secure=secure)
        return response

    async def _shown(self, request: Request, template: str) -> Response:
        await self._frame.look(request)
        figures = await run_in_threadpool(self._frame.dashboard.figures)
        strip, now = getattr(request.state, "strip", None), self._boat.clock.now()
        red = [one for one in figures.alerts if one.level == "red"]
        return self._frame.render(request, template, f=figures, strip=strip, red=red, now=now, title="大屏")

    async def _kiosk(self, request: Request) -> Kiosk | None:
        cookie = request.cookies.get(COOKIE, "")[:200]
        return await run_in_threadpool(self._known, cookie) if cookie else None

    def _known(self, cookie: str) -> Kiosk | None:
        with self._boat.store.reading() as uow:
            return kiosk_of(uow, cookie, now=self._boat.clock.now())

    def _connect(self, link: str, address: str) -> tuple[Kiosk, str]:
        with self._boat.store.writing() as uow:
            return connect_kiosk(uow, link, address=address, now=self._boat.clock.now())
